"""Hooks of nigredo_agendamento."""

from __future__ import annotations

from alquimista_sdk import AgentContext, AgentEvent, hookimpl
from alquimista_sdk.errors import PermanentError
from nigredo_agendamento.confirmacao import mudou, responder
from nigredo_agendamento.proposta import solicitar

_TRATADORES = {
    "nigredo.atendimento.schedule_requested": solicitar,
    "nigredo.atendimento.schedule_answered": responder,
    "alquimista.agendamentos.changed": mudou,
}


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Offer slots, book the one that the lead chooses, and clear what people cancel."""
    tratar = _TRATADORES.get(event.name)
    if tratar is None:
        raise PermanentError(f"nigredo_agendamento does not know {event.name}")
    tratar(event, context)
