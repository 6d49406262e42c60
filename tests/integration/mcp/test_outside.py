"""A tenant's own MCP server: registered, its tools called by an agent's scope, never inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alquimista.assistant.account_tools import AccountTools
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.settings import Settings
from alquimista.tools.catalogue import build_registry
from alquimista.tools.registry import ToolUnavailable
from alquimista_integrations.egress.addresses import Policy
from alquimista_integrations.mcp.client import OutsideServer, ServidorIndisponivel, ServidorRecusou
from alquimista_sdk.errors import InvalidPayload, PermanentError, ScopeDenied
from tests.database import Server, Urls
from tests.integration.api.world import another_tenant, assert_error, audited
from tests.integration.conftest import Way, local_way, settings_of
from tests.integration.mcp.crm import BUSCAR, GRAVAR, TOKEN, Crm, serving
from tests.integration.runtime.brinquedo import Brinquedo
from tests.integration.runtime.conftest import Abrir, abrir

__all__ = ["abrir"]


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """A system that lets outside servers be on this machine."""
    with local_way(postgres, template_database, tmp_path_factory.mktemp("fora")) as way:
        yield way


@pytest.fixture(autouse=True)
def emptied(mundo: Way) -> Iterator[None]:
    """An account has room for ten servers, and there are more tests than that."""
    yield
    for made in mundo.call("GET", "/api/servidores-mcp")["itens"]:
        mundo.response("DELETE", f"/api/servidores-mcp/{made['id']}")


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    """Settings of a system whose outside servers may be on this machine."""
    return replace(settings_of(fresh_database, tmp_path), webhooks_locais=("127.0.0.1",))


@pytest.fixture
def crm() -> Iterator[tuple[str, Crm]]:
    """The server's address and the server."""
    found = Crm()
    with serving(found) as url:
        yield url, found


def register(way: Way, url: str, **more: Any) -> dict[str, Any]:
    """Register a server under a new name."""
    body = {"nome": f"crm_{uuid4().hex[:8]}", "url": url, "token": TOKEN, **more}
    found: dict[str, Any] = way.call("POST", "/api/servidores-mcp", body, status=201)
    return found


def registry(way: Way) -> Any:
    """The account's tools as an agent's run gets them; no waiting between attempts."""
    system = way.system
    with way.uow() as uow:
        tenant = system.services.tenants.facts(uow)
    registered = system.services.servidores.registered(tenant.id)
    return build_registry(
        tenant, system.database, system.settings, None, registered, sleep=lambda _: None
    )


def test_a_registered_servers_tools_appear_under_scopes_and_answer(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    url, server = crm
    made = register(mundo, url)
    scopes = {tool["nome"]: tool["escopo"] for tool in made["ferramentas"]}
    assert scopes == {
        "buscar": f"tools:mcp:{made['nome']}.buscar",
        "gravar": f"tools:mcp:{made['nome']}.gravar",
        "espiar": None,
    }
    name = f"mcp:{made['nome']}.buscar"
    assert registry(mundo).call(name, {"nome": "Rita"}) == {"clientes": 3}
    assert server.asked == [("buscar", {"nome": "Rita"})]
    with pytest.raises(ToolUnavailable):
        registry(mundo).call(f"mcp:{made['nome']}.espiar", {})


def test_the_token_is_stored_wrapped_and_never_shown(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    assert made["com_token"] is True
    shown = mundo.response("GET", f"/api/servidores-mcp/{made['id']}").get_data(as_text=True)
    stored = mundo.rows("SELECT segredo FROM alquimista_platform.servidores_mcp")
    assert TOKEN not in shown + str(audited(mundo, "servidor_mcp.criado"))
    assert all(TOKEN.encode() not in bytes(row.segredo) for row in stored)


def test_input_and_output_are_checked_and_a_strangers_expression_is_not_run(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    url, server = crm
    name = f"mcp:{register(mundo, url)['nome']}.buscar"
    with pytest.raises(InvalidPayload, match="entrada"):
        registry(mundo).call(name, {})
    assert server.asked == []
    registry(mundo).call(name, {"nome": "a" * 60 + "!"})
    server.answer = {"clientes": "três"}
    with pytest.raises(InvalidPayload, match="saída"):
        registry(mundo).call(name, {"nome": "Rita"})


def test_a_refusal_is_permanent_and_repeats_nothing_that_the_server_said(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    name = f"mcp:{register(mundo, crm[0])['nome']}.buscar"
    with pytest.raises(ServidorRecusou) as refused:
        registry(mundo).call(name, {"nome": "proibido"})
    assert "fulano" not in str(refused.value)
    assert len(crm[1].asked) == 1


def test_what_may_not_be_repeated_is_called_once_where_no_answer_comes(mundo: Way) -> None:
    server = Crm()
    with serving(server) as url:
        nome = register(mundo, url)["nome"]
    with pytest.raises(PermanentError, match="repetida"):
        registry(mundo).call(f"mcp:{nome}.gravar", {})
    with pytest.raises(ServidorIndisponivel):
        registry(mundo).call(f"mcp:{nome}.buscar", {"nome": "Rita"})


def test_a_replay_without_effects_calls_no_outside_tool(mundo: Way, crm: tuple[str, Crm]) -> None:
    url, server = crm
    name = f"mcp:{register(mundo, url)['nome']}.buscar"
    assert registry(mundo).without_effects(name, {"nome": "Rita"}) is not None
    assert server.asked == []


def test_asking_again_takes_what_is_listed_now_and_removing_ends_it(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    url, server = crm
    made = register(mundo, url)
    path = f"/api/servidores-mcp/{made['id']}"
    server.listed = [GRAVAR]
    renewed = mundo.call("POST", f"{path}/atualizar")
    assert [tool["nome"] for tool in renewed["ferramentas"]] == ["gravar"]
    assert f"mcp:{made['nome']}.buscar" not in registry(mundo).names
    assert mundo.response("DELETE", path).status_code == 204
    assert f"mcp:{made['nome']}.gravar" not in registry(mundo).names
    assert_error(mundo.response("GET", path), 404)


def test_a_change_needs_the_etag_of_what_was_read_and_is_audited(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    made = register(mundo, crm[0])
    path = f"/api/servidores-mcp/{made['id']}"
    seen = {"If-Match": mundo.response("GET", path).headers["ETag"]}
    nome = f"novo_{uuid4().hex[:8]}"
    changed = mundo.response("PATCH", path, {"nome": nome, "ativo": False}, headers=seen)
    assert changed.get_json()["ativo"] is False
    assert changed.headers["ETag"] != seen["If-Match"]
    assert_error(mundo.response("PATCH", path, {"ativo": True}, headers=seen), 412)
    assert not [name for name in registry(mundo).names if nome in name]
    mundo.call("PATCH", path, {"ativo": True})
    assert f"mcp:{nome}.buscar" in registry(mundo).names
    entry = audited(mundo, "servidor_mcp.alterado")[-1]
    assert str(entry.alvo_id) == made["id"]


def test_only_the_tools_that_the_account_lets_exist_under_scopes(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    made = register(mundo, crm[0])
    path = f"/api/servidores-mcp/{made['id']}"
    changed = mundo.call("PATCH", path, {"permitidas": ["buscar"]})
    scopes = {tool["nome"]: tool["escopo"] for tool in changed["ferramentas"]}
    assert scopes["buscar"] and scopes["gravar"] is None
    assert f"mcp:{made['nome']}.gravar" not in registry(mundo).names
    mundo.call("PATCH", path, {"permitidas": None})
    assert f"mcp:{made['nome']}.gravar" in registry(mundo).names


def test_an_old_token_never_goes_to_another_server(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    path = f"/api/servidores-mcp/{made['id']}"
    other = Crm(listed=[GRAVAR])
    with serving(other) as url:
        told = assert_error(mundo.response("PATCH", path, {"url": url}), 422)
        assert told["status"] == "token_de_outro_servidor"
        assert other.heard == []
        changed = mundo.call("PATCH", path, {"url": url, "token": TOKEN})
    assert [tool["nome"] for tool in changed["ferramentas"]] == ["gravar"]
    assert set(other.heard) == {TOKEN}


def test_a_change_that_the_server_does_not_bear_out_changes_nothing(
    mundo: Way, crm: tuple[str, Crm]
) -> None:
    made = register(mundo, crm[0])
    path = f"/api/servidores-mcp/{made['id']}"
    for body in (
        {"token": "errado"},
        {"token": None},
        {"url": "https://10.0.0.1/mcp", "token": TOKEN},
        {"url": "http://169.254.169.254/mcp", "token": TOKEN},
    ):
        assert_error(mundo.response("PATCH", path, body), 422)
    taken = register(mundo, crm[0])["nome"]
    assert_error(mundo.response("PATCH", path, {"nome": taken}), 409)
    assert mundo.call("GET", path) == made
    assert registry(mundo).call(f"mcp:{made['nome']}.buscar", {"nome": "Rita"}) == {"clientes": 3}


def test_a_test_lists_the_tools_or_says_in_words_what_is_wrong(mundo: Way) -> None:
    server = Crm()
    with serving(server) as url:
        made = register(mundo, url)
        path = f"/api/servidores-mcp/{made['id']}"
        found = mundo.call("POST", f"{path}/testar")
        assert found["ok"] and "3 ferramentas" in found["mensagem"]
        assert [tool["nome"] for tool in found["ferramentas"]] == ["buscar", "gravar", "espiar"]
        server.token = "outro"
        refused = mundo.call("POST", f"{path}/testar")
        assert not refused["ok"] and "token" in refused["mensagem"]
    gone = mundo.call("POST", f"{path}/testar")
    assert not gone["ok"] and gone["ferramentas"] == [] and "não respondeu" in gone["mensagem"]
    assert mundo.call("GET", path) == made
    results = [row.resultado for row in audited(mundo, "servidor_mcp.testado")]
    assert results[-3:] == ["ok", "falhou", "falhou"]


def test_another_account_has_none_of_it(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    other = another_tenant(mundo.system, "Sem servidores")
    assert other.call("GET", "/api/servidores-mcp")["itens"] == []
    for method, end in (
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("POST", "/atualizar"),
        ("POST", "/testar"),
    ):
        path = f"/api/servidores-mcp/{made['id']}{end}"
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        assert_error(other.response(method, path, body), 404)
    assert not [name for name in registry(other).names if name.startswith("mcp:")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "https://10.0.0.1/mcp"}, 422),
        ({"url": "https://metadata.internal/mcp"}, 422),
        ({"url": "http://crm.example.com/mcp"}, 422),
        ({"url": "https://u:p@crm.example.com/mcp"}, 422),
        ({"nome": "Crm"}, 422),
        ({"nome": "a.b"}, 422),
        ({"token": "a\nb"}, 422),
        ({"token": "errado"}, 422),
        ({"url": "http://127.0.0.1:1/mcp"}, 422),
    ],
    ids=["inside", "name", "clear", "user", "upper", "dot", "token", "refused", "closed"],
)
def test_what_may_not_be_registered_is_refused(
    mundo: Way, crm: tuple[str, Crm], body: dict[str, Any], status: int
) -> None:
    before = mundo.rows("SELECT 1 FROM alquimista_platform.servidores_mcp")
    given = {"nome": "novo", "url": crm[0], "token": TOKEN, **body}
    assert_error(mundo.response("POST", "/api/servidores-mcp", given), status)
    assert mundo.rows("SELECT 1 FROM alquimista_platform.servidores_mcp") == before


def test_a_name_is_taken_once(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    given = {"nome": made["nome"], "url": crm[0], "token": TOKEN}
    assert_error(mundo.response("POST", "/api/servidores-mcp", given), 409)


def test_the_name_is_looked_up_once_and_never_leads_inside() -> None:
    answers = [["127.0.0.1"]]
    server = OutsideServer("https://crm.example.com/mcp", resolver=lambda *_: answers.pop())
    with pytest.raises(PermanentError, match="rede interna"):
        server.tools()
    assert answers == []


def test_a_server_that_drips_is_cut_off(crm: tuple[str, Crm]) -> None:
    url, found = crm
    found.nap = 2.0
    server = OutsideServer(url, TOKEN, Policy(frozenset({"127.0.0.1"})), deadline=0.5)
    with pytest.raises(ServidorIndisponivel):
        server.call("buscar", {"nome": "Rita"})


def test_an_outside_tool_is_offered_on_with_ours(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    with mundo.uow() as uow:
        identity = mundo.system.services.identity
        chave = identity.create_key(uow, "x", ["tools:call"], SISTEMA).chave
    tools = AccountTools(mundo.system, identity.authenticate_key(chave))
    (found,) = (t for t in tools.tools() if t.name == f"mcp:{made['nome']}.buscar")
    assert (found.titulo, found.descricao) == (BUSCAR.titulo, BUSCAR.descricao)
    assert tools.call(found.name, {"nome": "Rita"}) == {"clientes": 3}


def test_an_agent_calls_an_outside_tool_only_under_its_scope(
    abrir: Abrir, crm: tuple[str, Crm]
) -> None:
    url, server = crm
    answers: list[Any] = []
    toy = Brinquedo(extra_scopes=("tools:mcp:crm.buscar",))

    def handle(event: Any, context: Any) -> None:
        answers.append(context.tools.call("mcp:crm.buscar", {"nome": "Rita"}))
        try:
            context.tools.call("mcp:crm.gravar", {})
        except ScopeDenied as denied:
            answers.append(str(denied))

    toy.handle = handle
    oficina = abrir(toy)
    servidores = oficina.system.services.servidores
    tools = servidores.discover(url, TOKEN)
    with oficina.uow() as uow:
        servidores.create(uow, "crm", url, TOKEN, tools, SISTEMA)
    oficina.pede(toy, None)
    oficina.roda()
    assert answers[0] == {"clientes": 3}
    assert "tools:mcp:crm.gravar" in answers[1]
    assert [name for name, _ in server.asked] == ["buscar"]
