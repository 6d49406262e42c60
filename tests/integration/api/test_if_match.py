"""A change of what somebody else has changed meanwhile is refused, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from alquimista.manuals import offline_app
from alquimista.plataforma.tenants.models import Membership
from tests.database import Server
from tests.integration.api.world import as_owner, assert_error, audited, open_way
from tests.integration.conftest import Way

AGENT = "/api/agents/nigredo_agendamento"
OLD = '"99"'


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("etags")) as way:
        yield way


def sent(way: Way, method: str, path: str, body: Any, etag: str) -> Any:
    """A change under a tag."""
    return way.response(method, path, body, headers={"If-Match": etag})


def colleague(way: Way) -> str:
    """Another person of the account; the path of theirs."""
    user_id = uuid4()
    email = f"{user_id.hex[:8]}@aurora.example.com"
    as_owner(
        way.system,
        "INSERT INTO alquimista_platform.users (id, email, email_norm, nome, senha_hash, status, "
        "created_at) VALUES (:id, :email, :email, 'Colega', 'x', 'ativo', clock_timestamp())",
        id=user_id,
        email=email,
    )
    with way.uow() as uow:
        uow.connection.execute(
            insert(Membership).values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                user_id=user_id,
                papel="viewer",
                created_at=uow.agora,
            )
        )
    return f"/api/usuarios/{user_id}"


def test_an_agents_configuration_is_changed_by_who_read_it_last(mundo: Way) -> None:
    tag = mundo.response("GET", AGENT).headers["ETag"]
    first = sent(mundo, "POST", f"{AGENT}/activate", {"config": {"duracao_minutos": 30}}, tag)
    assert first.status_code == 200
    assert first.headers["ETag"] != tag
    late = sent(mundo, "POST", f"{AGENT}/activate", {"config": {"duracao_minutos": 45}}, tag)
    assert assert_error(late, 412)["status"] == "versao_mudou"
    assert mundo.call("GET", AGENT)["config"]["duracao_minutos"] == 30
    before = len(audited(mundo, "agente_desativado"))
    assert_error(sent(mundo, "POST", f"{AGENT}/deactivate", None, tag), 412)
    assert mundo.call("GET", AGENT)["ativo"] is True
    assert len(audited(mundo, "agente_desativado")) == before
    newest = mundo.response("GET", AGENT).headers["ETag"]
    gone = sent(mundo, "POST", f"{AGENT}/deactivate", None, newest)
    assert (gone.status_code, gone.get_json()["ativo"]) == (200, False)


def test_a_persons_role_is_changed_and_taken_by_who_read_it_last(mundo: Way) -> None:
    path = colleague(mundo)
    tag = mundo.response("GET", path).headers["ETag"]
    granted = mundo.response("POST", f"{path}/permissoes", {"escopo": "conversas:atender"})
    assert granted.headers["ETag"] != tag
    for method, body in (("PATCH", {"papel": "operator"}), ("DELETE", None)):
        assert_error(sent(mundo, method, path, body, tag), 412, hint=method)
    assert mundo.call("GET", path)["papel"] == "viewer"
    changed = sent(mundo, "PATCH", path, {"papel": "operator"}, granted.headers["ETag"])
    assert (changed.status_code, changed.get_json()["papel"]) == (200, "operator")
    mundo.response("DELETE", f"{path}/permissoes/conversas:atender")
    assert_error(sent(mundo, "DELETE", path, None, changed.headers["ETag"]), 412)
    newest = mundo.response("GET", path).headers["ETag"]
    assert sent(mundo, "DELETE", path, None, newest).status_code == 204


def test_every_operation_that_says_so_refuses_an_old_tag(mundo: Way) -> None:
    """Whatever the manual gives an ``If-Match``: with ids that are there it answers 412."""
    document = offline_app().test_client().get("/api/openapi.json").get_json()
    told = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
        and any(item.get("name") == "If-Match" for item in operation.get("parameters", []))
    ]
    ids = {"{agent_id}": "nigredo_agendamento", "{finalidade}": "atendimento"}
    made = mundo.call("POST", "/api/conhecimento", {"titulo": "Prazo", "texto": "Leva 3 dias."})
    mundo.call("PATCH", f"/api/conhecimento/{made['id']}", {"texto": "Leva 4 dias."})
    ids["{conhecimento_id}"] = made["id"]
    ids["{user_id}"] = colleague(mundo).rsplit("/", 1)[1]
    mundo.call("POST", "/api/leads", {"empresa": "Etag", "email": "e@tag.com.br"}, status=202)
    mundo.drain()
    ids["{lead_id}"] = mundo.call("GET", "/api/leads")["itens"][0]["id"]
    ids["{campanha_id}"] = mundo.call("GET", "/api/campanhas")["itens"][0]["id"]
    bodies = {
        "PATCH /api/usuarios/{user_id}": {"papel": "operator"},
        "POST /api/leads/{lead_id}/converter": {"valor_centavos": 1},
        "POST /api/campanhas/{campanha_id}/aprovar": {"conteudo_hash": "a" * 64},
        "POST /api/conhecimento/{conhecimento_id}/restaurar": {},
        "POST /api/agents/{agent_id}/activate": {"config": {}},
    }
    refused = set()
    for name in told:
        method, path = name.split()
        for mark, value in ids.items():
            path = path.replace(mark, value)
        if "{" in path:
            continue
        body = bodies.get(name, {} if method == "PATCH" else None)
        assert_error(sent(mundo, method, path, body, OLD), 412, hint=name)
        refused.add(name)
    assert len(refused) >= 14
    left = {name for name in told if name not in refused}
    assert {name.split("/")[2] for name in left} == {"agendamentos", "servidores-mcp", "webhooks"}
