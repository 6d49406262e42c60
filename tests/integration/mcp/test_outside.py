"""A tenant's own MCP server: registered, its tools called by an agent's scope, never inside."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn

from alquimista.assistant.account_tools import AccountTools
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.settings import Settings
from alquimista.tools.catalogue import build_registry
from alquimista.tools.registry import ToolUnavailable
from alquimista_integrations.egress.addresses import Policy
from alquimista_integrations.mcp.client import OutsideServer, ServidorIndisponivel, ServidorRecusou
from alquimista_integrations.mcp.offer import OfferedTool, Served, ToolSource, UnknownTool
from alquimista_integrations.mcp.server import build_server, http_app
from alquimista_sdk.errors import AlquimistaError, InvalidPayload, PermanentError, ScopeDenied
from tests.database import Server, Urls
from tests.integration.api.world import another_tenant, assert_error, audited
from tests.integration.conftest import Way, local_way, settings_of
from tests.integration.runtime.brinquedo import Brinquedo
from tests.integration.runtime.conftest import Abrir, abrir

__all__ = ["abrir"]
TOKEN = "segredo-do-crm"
BUSCAR = OfferedTool(
    "buscar",
    "Buscar cliente",
    "Busca um cliente pelo nome.",
    {
        "type": "object",
        "properties": {"nome": {"type": "string", "pattern": "^(a+)+$"}},
        "required": ["nome"],
    },
    {"type": "object", "properties": {"clientes": {"type": "integer"}}, "required": ["clientes"]},
)
GRAVAR = OfferedTool("gravar", "Gravar", "Grava uma nota.", {"type": "object"}, None, False, False)
FORA = OfferedTool(
    "espiar", "Espiar", "", {"type": "object", "$ref": "http://169.254.169.254/latest"}, None
)


class Denied(AlquimistaError):
    """A wrong token."""

    http_status = 401


@dataclass
class Crm:
    """An outside server's tools, and what it was asked."""

    listed: list[OfferedTool] = field(default_factory=lambda: [BUSCAR, GRAVAR, FORA])
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"clientes": 3})
    nap: float = 0.0

    def source_of(self, token: str | None) -> ToolSource:
        """Only who has the token."""
        if token != TOKEN:
            raise Denied("não")
        return self

    def tools(self) -> Sequence[OfferedTool]:
        """What is listed now."""
        return self.listed

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer."""
        self.asked.append((name, arguments))
        time.sleep(self.nap)
        if name not in {tool.name for tool in self.listed}:
            raise UnknownTool(name)
        if arguments.get("nome") == "proibido":
            raise PermanentError("dado pessoal: fulano")
        return self.answer


@contextmanager
def listening(crm: Crm) -> Iterator[str]:
    """The official server on this machine, over streamable HTTP."""
    app = http_app(build_server(Served("crm", "1", ""), crm.source_of), crm.source_of)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """A system that lets outside servers be on this machine."""
    with local_way(postgres, template_database, tmp_path_factory.mktemp("fora")) as way:
        yield way


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    """Settings of a system whose outside servers may be on this machine."""
    return replace(settings_of(fresh_database, tmp_path), webhooks_locais=("127.0.0.1",))


@pytest.fixture
def crm() -> Iterator[tuple[str, Crm]]:
    """The server's address and the server."""
    found = Crm()
    with listening(found) as url:
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
    with listening(server) as url:
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


def test_another_account_has_none_of_it(mundo: Way, crm: tuple[str, Crm]) -> None:
    made = register(mundo, crm[0])
    other = another_tenant(mundo.system, "Sem servidores")
    assert other.call("GET", "/api/servidores-mcp")["itens"] == []
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/atualizar")):
        path = f"/api/servidores-mcp/{made['id']}{end}"
        assert_error(other.response(method, path), 404)
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
