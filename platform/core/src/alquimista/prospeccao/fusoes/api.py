"""Endpoints of merges: suggestions, merging, refusing, undoing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.services import services
from alquimista.prospeccao.fusoes import service
from alquimista.prospeccao.fusoes.schemas import (
    FundirSchema,
    FusaoDesfeitaSchema,
    FusaoFiltroSchema,
    FusaoPaginaSchema,
    FusaoSchema,
)

blp = Blueprint("fusoes", __name__, url_prefix="/api/leads/fusoes", description="Fusões de leads")


@blp.get("")
@requires("leads:read")
@blp.arguments(FusaoFiltroSchema, location="query")
@blp.response(200, FusaoPaginaSchema)
def list_fusoes(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as fusões sugeridas, feitas, desfeitas e recusadas, da mais nova para a mais antiga."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return service.listing(uow, filtro).body(_shown)


@blp.post("/<uuid:fusao_id>/fundir")
@requires("leads:write")
@blp.arguments(FundirSchema)
@blp.response(200, FusaoSchema)
def merge_leads(corpo: dict[str, Any], fusao_id: UUID) -> dict[str, Any]:
    """Funde os dois leads: um fica e recebe os campos que lhe faltam, o outro é bloqueado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _shown(
            service.merge(
                services().ports,
                uow,
                fusao_id,
                manter=corpo.get("manter"),
                ator=principal().ator,
                decidido_por=principal().user_id,
                trace_id=trace_id(),
            )
        )


@blp.post("/<uuid:fusao_id>/recusar")
@requires("leads:write")
@blp.response(200, FusaoSchema)
def refuse_fusao(fusao_id: UUID) -> dict[str, Any]:
    """Recusa a sugestão: os dois não são o mesmo, e o par não é sugerido de novo."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _shown(
            service.refuse(
                uow,
                fusao_id,
                ator=principal().ator,
                decidido_por=principal().user_id,
                trace_id=trace_id(),
            )
        )


@blp.post("/<uuid:fusao_id>/desfazer")
@requires("leads:write")
@blp.response(200, FusaoDesfeitaSchema)
def undo_fusao(fusao_id: UUID) -> dict[str, Any]:
    """Desfaz a fusão; o que alguém mudou depois dela fica como está e é informado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        undone = service.undo(
            services().ports,
            uow,
            fusao_id,
            ator=principal().ator,
            decidido_por=principal().user_id,
            trace_id=trace_id(),
        )
    return {**_shown(undone.fusao), "mantidos": undone.mantidos}


def _shown(row: Row[Any]) -> dict[str, Any]:
    """What is shown of a merge: of its provenance the fields' sources, never the stored rows."""
    return {**row._mapping, "campos": (row.procedencia or {}).get("campos", {})}
