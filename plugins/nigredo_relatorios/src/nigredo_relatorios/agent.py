"""Hooks of nigredo_relatorios."""

from __future__ import annotations

from alquimista_sdk import AgentContext, AgentEvent, hookimpl
from alquimista_sdk.errors import PermanentError
from nigredo_relatorios.diario import publicar

_TRATADORES = {"alquimista.timer.diario": publicar}


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Publish and mail the report of the days that end yesterday."""
    tratar = _TRATADORES.get(event.name)
    if tratar is None:
        raise PermanentError(f"nigredo_relatorios does not know {event.name}")
    tratar(event, context)
