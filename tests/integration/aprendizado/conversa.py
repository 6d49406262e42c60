"""A conversation that tests correct: a lead, a message, and how the agents read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.integration.api.world import assert_error
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named

CONSENTE = {"aprendizado": {"ativo": True, "finalidade": "melhoria do modelo"}}


def new_lead(way: Way, **more: str) -> dict[str, Any]:
    """A lead of its own company."""
    empresa = f"Cabos {uuid4().hex[:8]}"
    body = {"empresa": empresa, "email": f"compras@{uuid4().hex[:10]}.com.br", **more}
    way.call("POST", "/api/leads", body, status=202)
    way.drain()
    return lead_named(way, body["empresa"])


def says(way: Way, lead: dict[str, Any], mensagem: str) -> dict[str, Any]:
    """The lead writes, the agents read; answers the message as it was read."""
    way.call("POST", "/api/sandbox/respostas", {"lead_id": lead["id"], "mensagem": mensagem})
    way.advance(timedelta(minutes=1))
    return last_received(way, lead)


def last_received(way: Way, lead: dict[str, Any]) -> dict[str, Any]:
    """The last message of the lead."""
    path = f"/api/leads/{lead['id']}/interacoes?tipo=recebido&limite=200"
    found: dict[str, Any] = way.call("GET", path)["itens"][-1]
    return found


def corrects(way: Way, message: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """A person corrects the reading."""
    found: dict[str, Any] = way.call("POST", f"/api/interacoes/{message['id']}/correcao", body)
    return found


def refused(way: Way, method: str, path: str, body: Any, status: int) -> str:
    """The message of a refusal."""
    message: str = assert_error(way.response(method, path, body), status)["message"]
    return message


def status_of(way: Way, lead: dict[str, Any]) -> str:
    """The lead's status."""
    found: str = way.call("GET", f"/api/leads/{lead['id']}")["status"]
    return found
