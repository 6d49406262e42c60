"""Endpoints of events and dead letters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import request

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.services import services
from alquimista.plataforma.identity.domain import PUBLICAR
from alquimista.runtime import events_service as service
from alquimista.runtime.events_schemas import (
    EventoAceitoSchema,
    EventoFiltroSchema,
    EventosSchema,
    MensagemMortaFiltroSchema,
    MensagensMortasSchema,
    NovoEventoSchema,
)
from fibonacci_bus.event import MAX_BYTES

blp = Blueprint("events", __name__, description="Eventos e mensagens mortas")
View = TypeVar("View", bound=Callable[..., Any])
_ENVELOPE_BYTES = 4 * 1024


def _limited(view: View) -> View:
    """Refuse a body that cannot be an event before reading it; the bus measures what it is."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        request.max_content_length = MAX_BYTES + _ENVELOPE_BYTES
        return view(*args, **kwargs)

    return cast(View, checked)


@blp.post("/events")
@requires(PUBLICAR)
@_limited
@blp.arguments(NovoEventoSchema)
@blp.response(202, EventoAceitoSchema)
@blp.alt_response(413, description="Mais de 256 KB")
def publish_event(corpo: dict[str, Any]) -> dict[str, UUID]:
    """Publica um evento de uma origem que o seu acesso nomeia."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        event_id = service.publish(
            services().publisher,
            uow,
            principal(),
            corpo["source"],
            corpo["type"],
            corpo["detail"],
            trace_id(),
        )
    return {"id": event_id}


@blp.get("/api/events")
@requires("events:read")
@blp.arguments(EventoFiltroSchema, location="query")
@blp.response(200, EventosSchema)
def list_events(filtro: dict[str, Any]) -> dict[str, Any]:
    """Os eventos de um rastreio, na ordem em que aconteceram, e o que cada agente fez deles."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found, proximo = service.events(uow, filtro)
    return {"itens": found, "proximo": proximo}


@blp.get("/api/dead-letters")
@requires("dead_letters:read")
@blp.arguments(MensagemMortaFiltroSchema, location="query")
@blp.response(200, MensagensMortasSchema)
def list_dead_letters(filtro: dict[str, Any]) -> dict[str, Any]:
    """As mensagens que nenhum agente conseguiu tratar, com o erro e sem dados pessoais."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return service.dead_letters(uow, filtro)


@blp.post("/api/dead-letters/<uuid:dead_letter_id>/redrive")
@requires("dead_letters:redrive")
@blp.response(202, description="A mensagem voltou à fila; o corpo é `null`.")
def redrive_dead_letter(dead_letter_id: UUID) -> None:
    """Devolve a mensagem à fila do agente, com novas tentativas."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.redrive_dead_letter(services().publisher, uow, dead_letter_id, principal().ator)
