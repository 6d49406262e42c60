"""Hooks of nigredo_recebimento."""

from __future__ import annotations

from alquimista_sdk import AgentContext, AgentEvent, hookimpl
from nigredo_recebimento.recepcao import enriquecer, receber, segmentar_importacao

_ROTAS = {
    "alquimista.importacoes.received": receber,
    "nigredo.recebimento.staged": enriquecer,
    "nigredo.recebimento.enriched": segmentar_importacao,
}


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Clean what was uploaded, enrich what was staged, make lots of what was enriched."""
    rota = _ROTAS.get(event.name)
    if rota is not None:
        rota(event, context)
