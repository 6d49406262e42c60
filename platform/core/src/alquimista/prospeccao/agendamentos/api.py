"""Endpoints of meetings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import match, tag
from alquimista.prospeccao.agendamentos import service
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.agendamentos.schemas import (
    AGENDAMENTO_ORDENS,
    AgendamentoFiltroSchema,
    AgendamentoListaSchema,
    AgendamentoMudancaSchema,
    AgendamentoSchema,
)

blp = Blueprint("agendamentos", __name__, url_prefix="/api/agendamentos", description="Reuniões")
_T = Agendamento.__table__
LISTA = Listing(
    table=_T,
    ordens={name: _T.c[name] for name in AGENDAMENTO_ORDENS},
    padrao="-data_hora",
    filtros={
        "status": _T.c.status,
        "lead_id": _T.c.lead_id,
        "desde": lambda moment: _T.c.data_hora >= moment,
        "ate": lambda moment: _T.c.data_hora < moment,
    },
)


@blp.get("")
@requires("agendamentos:read")
@blp.arguments(AgendamentoFiltroSchema, location="query")
@blp.response(200, AgendamentoListaSchema)
def list_agendamentos(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as reuniões por data."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        if filtro.pop("proximas", False):
            desde = max(uow.agora, filtro.get("desde", uow.agora))
            filtro = {"status": "confirmado", **filtro, "desde": desde}
        return LISTA.page(uow, filtro).body()


@blp.patch("/<uuid:agendamento_id>")
@requires("agendamentos:write")
@blp.arguments(AgendamentoMudancaSchema)
@blp.response(200, AgendamentoSchema)
def change_agendamento(corpo: dict[str, Any], agendamento_id: UUID) -> Any:
    """Registra o que foi feito de uma reunião: realizado, cancelado ou remarcado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.change_status(
            services().ports,
            uow,
            agendamento_id,
            corpo["status"],
            principal().ator,
            trace_id(),
            match,
        )
        found = service.find(uow, agendamento_id)
        tag(found.versao)
        return found
