"""Hooks of nigredo_atendimento."""

from __future__ import annotations

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.hookspecs import hookimpl
from nigredo_atendimento.conversa import atender


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Answer a lead's burst of messages."""
    atender(event, context)
