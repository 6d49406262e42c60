"""Hooks of nigredo_estrategia."""

from __future__ import annotations

from alquimista_sdk import AgentContext, AgentEvent, hookimpl
from nigredo_estrategia.planejamento import liberar, planejar_lote

_ROTAS = {
    "nigredo.recebimento.completed": planejar_lote,
    "alquimista.campanhas.approved": liberar,
}


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Draft a campaign for a new lot; hand on what a person approved."""
    rota = _ROTAS.get(event.name)
    if rota is not None:
        rota(event, context)
