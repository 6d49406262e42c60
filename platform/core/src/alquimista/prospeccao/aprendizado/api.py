"""Endpoints of corrections, of letting a lead be written to again, and of the account's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alquimista.db.session import UnitOfWork
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import tag
from alquimista.prospeccao.aprendizado import service
from alquimista.prospeccao.aprendizado.modelos import MODELOS, OPERACAO, Modelos
from alquimista.prospeccao.aprendizado.schemas import (
    CorrecaoSchema,
    InteracaoCorrigidaSchema,
    ModeloFiltroSchema,
    ModelosSchema,
    ReabilitacaoSchema,
)
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.schemas import LeadSchema

blp = Blueprint("aprendizado", __name__, url_prefix="/api", description="Correções e modelos")
LISTA = Listing(
    table=MODELOS,
    ordens={name: MODELOS.c[name] for name in ("numero", "created_at")},
    padrao="-numero",
    filtros={"aceito": MODELOS.c.aceito},
)
_BLOQUEADOS = ("descadastrado", "descartado", "bloqueado")


@blp.post("/interacoes/<uuid:interacao_id>/correcao")
@requires("conversas:atender")
@blp.arguments(CorrecaoSchema)
@blp.response(200, InteracaoCorrigidaSchema)
def correct_interacao(corpo: dict[str, Any], interacao_id: UUID) -> dict[str, Any]:
    """Corrige a leitura: pedido de saída vale na hora; dúvida desfeita retoma a conversa."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        ator = principal().ator
        row = service.correct(services().ports, uow, interacao_id, corpo, ator, trace_id())
        return _shown(uow, row)


@blp.delete("/interacoes/<uuid:interacao_id>/correcao")
@requires("conversas:atender")
@blp.response(200, InteracaoCorrigidaSchema)
def undo_correction(interacao_id: UUID) -> dict[str, Any]:
    """Desfaz a correção: volta a leitura da máquina, e o exemplo é apagado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.undo(services().ports, uow, interacao_id, principal().ator, trace_id())
        return _shown(uow, row)


@blp.post("/leads/<uuid:lead_id>/reabilitacao")
@requires("leads:reabilitar")
@blp.arguments(ReabilitacaoSchema)
@blp.response(200, LeadSchema)
def rehabilitate_lead(corpo: dict[str, str], lead_id: UUID) -> Any:
    """Libera um lead que só uma leitura, já corrigida, havia descadastrado; pede o motivo."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.rehabilitate(uow, lead_id, corpo["motivo"], principal().ator, trace_id())
        row = leads.find(uow, lead_id)
    tag(row.versao)
    return row._mapping


@blp.get("/modelos")
@requires("agents:read")
@blp.arguments(ModeloFiltroSchema, location="query")
@blp.response(200, ModelosSchema)
def list_modelos(filtro: dict[str, Any]) -> dict[str, Any]:
    """Os treinos do modelo que lê as respostas, com as medidas de cada um."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _listed(uow, filtro)


@blp.post("/modelos/voltar")
@requires("tenants:write")
@blp.response(200, ModelosSchema)
def go_back() -> dict[str, Any]:
    """Volta ao modelo aceito anterior, ou ao embutido."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        _modelos().back(uow, principal().ator)
        return _listed(uow, ModeloFiltroSchema().load({}))


def _shown(uow: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    status = leads.find(uow, row.lead_id).status
    return {**row._mapping, "lead_status": status, "bloqueado": status in _BLOQUEADOS}


def _listed(uow: UnitOfWork, filtro: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "em_uso": _modelos().number_in_use(uow),
        "consentido": services().tenants.settings(uow).aprendizado.ativo,
        **LISTA.page(uow, filtro, MODELOS.c.operacao == OPERACAO).body(),
    }


def _modelos() -> Modelos:
    return Modelos(services().database, services().ports, services().tenants)
