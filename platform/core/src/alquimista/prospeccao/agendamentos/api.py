"""Endpoints of meetings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.services import services
from alquimista.prospeccao.agendamentos import service
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.agendamentos.schemas import (
    AgendamentoFiltroSchema,
    AgendamentoListaSchema,
    AgendamentoMudancaSchema,
    AgendamentoSchema,
)

blp = Blueprint("agendamentos", __name__, url_prefix="/api/agendamentos", description="Reuniões")
_LIMITE = 200


@blp.get("")
@requires("agendamentos:read")
@blp.arguments(AgendamentoFiltroSchema, location="query")
@blp.response(200, AgendamentoListaSchema)
def list_agendamentos(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as reuniões por data."""
    query = select(Agendamento.__table__).where(Agendamento.tenant_id == principal().tenant_id)
    for name in ("status", "lead_id"):
        if name in filtro:
            query = query.where(getattr(Agendamento, name) == filtro[name])
    query = query.order_by(Agendamento.data_hora.desc(), Agendamento.id).limit(_LIMITE)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        rows = uow.connection.execute(query).all()
    return {"itens": [row._mapping for row in rows]}


@blp.patch("/<uuid:agendamento_id>")
@requires("agendamentos:write")
@blp.arguments(AgendamentoMudancaSchema)
@blp.response(200, AgendamentoSchema)
def change_agendamento(corpo: dict[str, Any], agendamento_id: UUID) -> Any:
    """Registra o que foi feito de uma reunião: realizado, cancelado ou remarcado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.change_status(
            services().ports, uow, agendamento_id, corpo["status"], principal().ator, trace_id()
        )
        return service.find(uow, agendamento_id)
