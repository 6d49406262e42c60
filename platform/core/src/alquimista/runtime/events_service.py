"""Use cases of events seen from outside: publish, follow a trace, dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    DateTime,
    Integer,
    Row,
    Text,
    Uuid,
    and_,
    column,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing
from alquimista.observability.masking import mask_text
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity.domain import Principal, may_publish
from alquimista.runtime.publishing import PROTOCOL_SOURCES, EventPublisher, NewEvent
from alquimista_sdk.errors import AlquimistaError, NotFound, PermanentError
from fibonacci_bus.ddl import SCHEMA

_EVENTS = table(
    "events",
    column("tenant_id", Uuid()),
    column("id", Uuid()),
    column("source", Text()),
    column("type", Text()),
    column("detail", JSONB()),
    column("trace_id", Uuid()),
    column("causation_id", Uuid()),
    column("depth", Integer()),
    column("occurred_at", DateTime(timezone=True)),
    column("replay_name", Text()),
    schema=SCHEMA,
)
_LETTERS = table(
    "dead_letters",
    column("tenant_id", Uuid()),
    column("id", Uuid()),
    column("queue", Text()),
    column("event_id", Uuid()),
    column("error_class", Text()),
    column("error_text", Text()),
    column("receives", Integer()),
    column("died_at", DateTime(timezone=True)),
    column("redriven_at", DateTime(timezone=True)),
    schema=SCHEMA,
)
EVENTOS = Listing(
    table=_EVENTS,
    ordens={"occurred_at": _EVENTS.c.occurred_at},
    padrao="-occurred_at",
    filtros={name: _EVENTS.c[name] for name in ("trace_id", "source", "type")},
    desempate=_EVENTS.c.depth,
)
MORTAS = Listing(
    table=_LETTERS,
    ordens={name: _LETTERS.c[name] for name in ("died_at", "queue")},
    padrao="-died_at",
    filtros={
        "pendentes": lambda only: _LETTERS.c.redriven_at.is_(None) if only else true(),
        "queue": _LETTERS.c.queue,
        "error_class": _LETTERS.c.error_class,
    },
    consulta=select(
        *_LETTERS.c,
        _EVENTS.c.source,
        _EVENTS.c.type,
        _EVENTS.c.trace_id,
        _EVENTS.c.detail["subject"].label("subject"),
    ).select_from(
        _LETTERS.outerjoin(
            _EVENTS,
            and_(_EVENTS.c.tenant_id == _LETTERS.c.tenant_id, _EVENTS.c.id == _LETTERS.c.event_id),
        )
    ),
)
_RUNS = text(
    f"SELECT event_id, consumer, attempt, outcome, duration_ms, finished_at FROM {SCHEMA}.traces "
    "WHERE tenant_id = :tenant AND trace_id = ANY(CAST(:traces AS uuid[])) ORDER BY finished_at"
)
_SHOWN = ("version", "subject", "lead_id", "classification", "proposed_action", "logs")


class OrigemNaoPermitida(AlquimistaError):
    """The caller's scopes do not name the source. Ask an admin for ``events:publish:<source>``."""

    code = "origem_nao_permitida"
    http_status = HTTPStatus.FORBIDDEN


class JaReenviada(PermanentError):
    """The dead letter was sent again before."""

    code = "ja_reenviada"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Evento:
    """A stored event as it may be shown, with what each consumer made of it."""

    id: UUID
    source: str
    type: str
    trace_id: UUID
    causation_id: UUID | None
    depth: int
    occurred_at: datetime
    detail: Mapping[str, Any]
    replay_name: str | None
    entregas: tuple[Mapping[str, Any], ...]


def publish(
    publisher: EventPublisher,
    uow: UnitOfWork,
    caller: Principal,
    source: str,
    type: str,
    detail: Mapping[str, Any],
    trace_id: UUID,
) -> UUID:
    """Publish an event from outside; answers its id.

    Raises:
        OrigemNaoPermitida: the caller's scopes do not name the source.
        InvalidEvent: a ``nigredo.*`` or ``alquimista.*`` detail breaks the protocol.
        EventTooLarge: over 256 KB.
    """
    if not may_publish(caller.escopos, source):
        raise OrigemNaoPermitida(f"Seu acesso não permite publicar eventos da origem {source}.")
    event_id = uuid4()
    publisher.publish(uow, [NewEvent(source, type, detail, trace_id, event_id=event_id)])
    record(
        uow,
        caller.ator,
        "evento_publicado",
        alvo_tipo="evento",
        alvo_id=event_id,
        detalhes={"source": source, "type": type},
        trace_id=trace_id,
    )
    return event_id


def events(uow: UnitOfWork, query: Mapping[str, Any]) -> tuple[list[Evento], str | None]:
    """A page of events and the cursor of the next: of a trace the oldest first, else the newest.

    ``ordenar`` may say otherwise. Events of one moment come in the order of their depth.
    """
    usual = "occurred_at" if query.get("trace_id") is not None else EVENTOS.padrao
    page = EVENTOS.page(uow, {**query, "ordenar": query.get("ordenar") or usual})
    runs = _runs_of(uow, page.rows)
    found = [
        Evento(
            id=row.id,
            source=row.source,
            type=row.type,
            trace_id=row.trace_id,
            causation_id=row.causation_id,
            depth=row.depth,
            occurred_at=row.occurred_at,
            detail=shown(row.source, row.detail),
            replay_name=row.replay_name,
            entregas=tuple(runs.get(row.id, ())),
        )
        for row in page.rows
    ]
    return found, page.proximo


def shown(source: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """A detail without its personal parts: what is encrypted is left out, not opened."""
    if not source.startswith(PROTOCOL_SOURCES):
        return dict(detail)
    context = detail.get("context") or {}
    metadata = {
        name: value for name, value in (context.get("metadata") or {}).items() if name != "cifrado"
    }
    return {
        **{name: detail[name] for name in _SHOWN if name in detail},
        "context": {"source": context.get("source"), "metadata": metadata},
    }


def dead_letters(uow: UnitOfWork, query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of dead letters with masked error texts and no event detail."""
    return MORTAS.page(uow, query).body(
        lambda row: {
            **row._mapping,
            "error_text": mask_text(row.error_text),
            "subject": _subject(row.subject),
        }
    )


def redrive_dead_letter(
    publisher: EventPublisher, uow: UnitOfWork, dead_letter_id: UUID, ator: Ator
) -> None:
    """Put a dead letter back on its queue with fresh attempts.

    Raises:
        NotFound: the tenant has no such dead letter.
        JaReenviada: it was sent again before.
        FilaIndisponivel: the queue cannot be reached.
    """
    if not publisher.redrive(uow, dead_letter_id):
        known = uow.connection.execute(
            text(f"SELECT 1 FROM {SCHEMA}.dead_letters WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": uow.tenant_id, "id": dead_letter_id},
        ).scalar_one_or_none()
        if known is None:
            raise NotFound("Mensagem não encontrada.")
        raise JaReenviada("Esta mensagem já foi reenviada.")
    record(uow, ator, "mensagem_reenviada", alvo_tipo="mensagem_morta", alvo_id=dead_letter_id)


def _subject(value: Any) -> dict[str, str] | None:
    """Type and id only: a foreign source may have put anything there."""
    if not isinstance(value, Mapping):
        return None
    try:
        return {"type": mask_text(str(value["type"])), "id": str(UUID(str(value["id"])))}
    except (KeyError, ValueError):
        return None


def _runs_of(uow: UnitOfWork, rows: Any) -> dict[UUID, list[Mapping[str, Any]]]:
    traces = sorted({str(row.trace_id) for row in rows})
    if not traces:
        return {}
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    run: Row[Any]
    for run in uow.connection.execute(_RUNS, {"tenant": uow.tenant_id, "traces": traces}):
        found.setdefault(run.event_id, []).append(dict(run._mapping))
    return found
