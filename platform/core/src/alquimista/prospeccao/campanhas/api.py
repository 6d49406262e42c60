"""Endpoints of campaigns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alquimista.db.session import UnitOfWork
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.prospeccao.campanhas import service
from alquimista.prospeccao.campanhas.models import Campanha
from alquimista.prospeccao.campanhas.schemas import (
    CAMPANHA_ORDENS,
    AprovacaoSchema,
    CampanhaEdicaoSchema,
    CampanhaFiltroSchema,
    CampanhaListaSchema,
    CampanhaSchema,
)

blp = Blueprint("campanhas", __name__, url_prefix="/api/campanhas", description="Campanhas")
_T = Campanha.__table__
LISTA = Listing(
    table=_T,
    ordens={name: _T.c[name] for name in CAMPANHA_ORDENS},
    padrao="-created_at",
    filtros={name: _T.c[name] for name in ("status", "lote_id", "canal")},
)


def _shown(uow: UnitOfWork, campanha_id: UUID) -> dict[str, Any]:
    row = service.find_row(uow, campanha_id)
    tag(row.versao)
    counts = service.metrics(uow, [campanha_id])
    return {**row._mapping, "metricas": counts.get(campanha_id, {})}


@blp.get("")
@requires("campanhas:read")
@blp.arguments(CampanhaFiltroSchema, location="query")
@blp.response(200, CampanhaListaSchema)
def list_campanhas(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as campanhas, da mais nova para a mais antiga."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        page = LISTA.page(uow, filtro)
        counts = service.metrics(uow, [row.id for row in page.rows])
    return page.body(lambda row: {**row._mapping, "metricas": counts.get(row.id, {})})


@blp.get("/<uuid:campanha_id>")
@requires("campanhas:read")
@blp.response(200, CampanhaSchema)
def get_campanha(campanha_id: UUID) -> dict[str, Any]:
    """Uma campanha com mensagens, prévias e contagens."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _shown(uow, campanha_id)


@blp.patch("/<uuid:campanha_id>")
@requires("campanhas:write")
@blp.arguments(CampanhaEdicaoSchema)
@blp.response(200, CampanhaSchema)
def edit_campanha(corpo: dict[str, Any], campanha_id: UUID) -> dict[str, Any]:
    """Edita a campanha; conteúdo diferente precisa de nova aprovação."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find_row(uow, campanha_id, lock=True).versao)
        service.edit(services().ports, uow, campanha_id, corpo, principal().ator, trace_id())
        return _shown(uow, campanha_id)


@blp.post("/<uuid:campanha_id>/aprovar")
@requires("campanhas:approve")
@takes_if_match
@blp.arguments(AprovacaoSchema)
@blp.response(200, CampanhaSchema)
def approve_campanha(corpo: dict[str, Any], campanha_id: UUID) -> dict[str, Any]:
    """Aprova o conteúdo da campanha; só então o agente de disparo planeja os envios."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find_row(uow, campanha_id, lock=True).versao)
        service.approve(
            services().ports,
            uow,
            campanha_id,
            corpo.get("conteudo_hash"),
            principal().user_id,
            principal().ator,
            trace_id(),
        )
        return _shown(uow, campanha_id)


@blp.post("/<uuid:campanha_id>/pausar")
@requires("campanhas:write")
@takes_if_match
@blp.response(200, CampanhaSchema)
def pause_campanha(campanha_id: UUID) -> dict[str, Any]:
    """Pausa a campanha: os envios planejados esperam."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find_row(uow, campanha_id, lock=True).versao)
        service.pause(services().ports, uow, campanha_id, principal().ator, trace_id())
        return _shown(uow, campanha_id)


@blp.post("/<uuid:campanha_id>/retomar")
@requires("campanhas:write")
@takes_if_match
@blp.response(200, CampanhaSchema)
def resume_campanha(campanha_id: UUID) -> dict[str, Any]:
    """Retoma uma campanha pausada."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find_row(uow, campanha_id, lock=True).versao)
        service.resume(services().ports, uow, campanha_id, principal().ator, trace_id())
        return _shown(uow, campanha_id)
