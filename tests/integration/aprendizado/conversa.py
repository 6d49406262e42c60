"""A conversation that tests correct: a lead, a message, and how it was read.

The reading is the operation's, on the real database; only what the answering agent does around it
is done here, so that a test does not wait for queues and timers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from alquimista.plataforma.audit.service import Ator
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.rows import LEADS
from alquimista_sdk.models import Leitura
from tests.integration.api.world import assert_error
from tests.integration.conftest import Way

CONSENTE = {"aprendizado": {"ativo": True, "finalidade": "melhoria do modelo"}}
AGENTE = Ator("agente", "nigredo_atendimento", "nigredo_atendimento")


def new_lead(way: Way, contato: str | None = None) -> dict[str, Any]:
    """A lead of its own company, as an import leaves it."""
    lead_id = uuid4()
    email = f"compras@{lead_id.hex[:10]}.com.br"
    with way.uow() as uow:
        uow.connection.execute(
            insert(LEADS).values(
                tenant_id=way.tenant_id,
                id=lead_id,
                empresa=f"Cabos {lead_id.hex[:8]}",
                contato=contato,
                email=email,
                email_norm=email,
                chave_dedupe=email,
                status="contatado",
                created_at=uow.agora,
                updated_at=uow.agora,
                metadata={},
            )
        )
    return {"id": str(lead_id)}


def unread(way: Way, lead: dict[str, Any], mensagem: str) -> dict[str, Any]:
    """The lead writes; nobody has read it yet."""
    with way.uow() as uow:
        conversas.receive(
            way.system.services.ports,
            uow,
            UUID(lead["id"]),
            "email",
            mensagem,
            uuid4().hex,
            timedelta(hours=1),
        )
    return last_received(way, lead)


def says(way: Way, lead: dict[str, Any], mensagem: str) -> dict[str, Any]:
    """The lead writes and is read; who surely asks us to stop is opted out."""
    message = unread(way, lead, mensagem)
    answer = reads(way, mensagem)
    reading = Leitura(
        answer["sentimento"],
        answer["intensidade"],
        answer["intent"],
        answer["descadastro"],
        tuple(answer["motivos"]),
        answer["modelo"],
    )
    with way.uow() as uow:
        conversas.classify(uow, UUID(message["id"]), reading)
        if reading.descadastro == "certo":
            ports, lead_id = way.system.services.ports, UUID(lead["id"])
            leads.opt_out(ports, uow, lead_id, "mensagem do lead", AGENTE, uuid4())
    return last_received(way, lead)


def reads(way: Way, mensagem: str) -> dict[str, Any]:
    """How the tenant's sentiment agent reads a message now."""
    payload = {"text": mensagem, "com_modelo": True}
    return dict(way.system.services.hooks.operation(way.tenant_id, "sentimento.analisar", payload))


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
