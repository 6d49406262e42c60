"""Endpoint of a lead's conversation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.prospeccao.conversas import service
from alquimista.prospeccao.conversas.schemas import InteracaoFiltroSchema, InteracaoPaginaSchema
from alquimista.prospeccao.leads import service as leads

blp = Blueprint("interacoes", __name__, url_prefix="/api/leads", description="Conversas")


@blp.get("/<uuid:lead_id>/interacoes")
@requires("conversas:read")
@blp.arguments(InteracaoFiltroSchema, location="query")
@blp.response(200, InteracaoPaginaSchema)
def list_interacoes(pagina: dict[str, Any], lead_id: UUID) -> dict[str, Any]:
    """A conversa com um lead, da mensagem mais antiga para a mais nova."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        leads.find(uow, lead_id)
        return service.page(uow, lead_id, pagina).body()
