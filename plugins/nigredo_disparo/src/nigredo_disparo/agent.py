"""Hooks of nigredo_disparo."""

from __future__ import annotations

from alquimista_sdk import AgentContext, AgentEvent, hookimpl
from alquimista_sdk.errors import PermanentError
from nigredo_disparo.seguimento import apos_envio
from nigredo_disparo.topo import iniciar_campanha
from nigredo_disparo.varredura import varrer

_TRATADORES = {
    "nigredo.estrategia.completed": iniciar_campanha,
    "alquimista.disparos.sent": apos_envio,
    "alquimista.timer.varredura": varrer,
}


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Plan first messages and follow-ups, and sweep the active campaigns once a day."""
    tratar = _TRATADORES.get(event.name)
    if tratar is None:
        raise PermanentError(f"nigredo_disparo does not know {event.name}")
    tratar(event, context)
