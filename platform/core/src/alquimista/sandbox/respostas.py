"""The person at the other end, in the sandbox: answering as a lead, and moving time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import marshmallow as ma
from marshmallow import validate

from alquimista.db.session import UnitOfWork
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.leads import service as leads
from alquimista_sdk.errors import PermanentError

blp = Blueprint("sandbox_acoes", __name__, url_prefix="/api/sandbox", description="Sandbox")
_MAXIMO = timedelta(days=366)


class SemCanal(PermanentError):
    """The lead has no address of that channel."""

    code = "sem_canal"


class RespostaSchema(ma.Schema):
    """What a lead answers."""

    lead_id = ma.fields.UUID(required=True)
    canal = ma.fields.String(load_default="email", validate=validate.OneOf(("email", "whatsapp")))
    mensagem = ma.fields.String(required=True, validate=validate.Length(min=1, max=10_000))


class RespostaFeitaSchema(ma.Schema):
    """The message as it was received."""

    interacao_id = ma.fields.UUID()


class RelogioSchema(ma.Schema):
    """How far to move the tenant's clock: seconds, or to its next timer."""

    avancar_segundos = ma.fields.Integer(validate=validate.Range(min=1, max=366 * 86_400))
    ate_o_proximo = ma.fields.Boolean(load_default=False)


class RelogioFeitoSchema(ma.Schema):
    """Business time after the move."""

    agora = ma.fields.AwareDateTime()
    adiantado_segundos = ma.fields.Float()


@blp.post("/respostas")
@requires("sandbox:write")
@blp.arguments(RespostaSchema)
@blp.response(202, RespostaFeitaSchema)
def answer(corpo: dict[str, Any]) -> dict[str, Any]:
    """Responde no lugar de um lead (somente sandbox)."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        _require_sandbox(uow)
        lead = leads.find(uow, corpo["lead_id"])
        if (lead.email if corpo["canal"] == "email" else lead.telefone) is None:
            raise SemCanal(f"O lead não tem endereço de {corpo['canal']}.")
        interacao_id = conversas.receive(
            services().ports,
            uow,
            corpo["lead_id"],
            corpo["canal"],
            corpo["mensagem"],
            f"sandbox-{uuid4()}",
            services().settings.bus.burst,
        )
    return {"interacao_id": interacao_id}


@blp.post("/relogio")
@requires("sandbox:write")
@blp.arguments(RelogioSchema)
@blp.response(200, RelogioFeitoSchema)
def move_clock(corpo: dict[str, Any]) -> dict[str, Any]:
    """Adianta o relógio do tenant (somente sandbox); ele nunca volta."""
    tenant_id = principal().tenant_id
    with services().database.unit_of_work(tenant_id) as uow:
        _require_sandbox(uow)
        step = timedelta(seconds=corpo.get("avancar_segundos", 0))
        if corpo["ate_o_proximo"]:
            due = services().ports.timers.next_due(uow.connection, tenant_id)
            if due is not None:
                step = max(step, due - uow.agora)
        offset = services().tenants.move_clock(uow, min(max(step, timedelta(0)), _MAXIMO))
    with services().database.unit_of_work(tenant_id) as uow:
        return {"agora": uow.agora, "adiantado_segundos": offset.total_seconds()}


def _require_sandbox(uow: UnitOfWork) -> None:
    facts = services().tenants.facts(uow)
    if not facts.sandbox:
        raise PermanentError("Isto só existe em ambientes de teste (sandbox).", code="nao_sandbox")
