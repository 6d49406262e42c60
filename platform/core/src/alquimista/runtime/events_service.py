"""Use cases of events seen from outside: publish, follow a trace, dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from alquimista.db.session import UnitOfWork
from alquimista.observability.masking import mask_text
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity.domain import Principal, may_publish
from alquimista.runtime.publishing import PROTOCOL_SOURCES, EventPublisher, NewEvent
from alquimista_sdk.errors import AlquimistaError, NotFound, PermanentError
from fibonacci_bus.ddl import SCHEMA

_COLUMNS = "id, source, type, detail, trace_id, causation_id, depth, occurred_at, replay_name"
_KINDS = (
    "AND (CAST(:source AS text) IS NULL OR source = :source) "
    "AND (CAST(:type AS text) IS NULL OR type = :type) "
)
_OF_TRACE = text(
    f"SELECT {_COLUMNS} FROM {SCHEMA}.events WHERE tenant_id = :tenant AND trace_id = :trace "
    f"{_KINDS} AND (CAST(:moment AS timestamptz) IS NULL OR (occurred_at, depth, id) > "
    "(CAST(:moment AS timestamptz), CAST(:depth AS integer), CAST(:last AS uuid))) "
    "ORDER BY occurred_at, depth, id LIMIT :limit"
)
_NEWEST = text(
    f"SELECT {_COLUMNS} FROM {SCHEMA}.events WHERE tenant_id = :tenant "
    f"{_KINDS} AND (CAST(:moment AS timestamptz) IS NULL OR (occurred_at, id) < "
    "(CAST(:moment AS timestamptz), CAST(:last AS uuid))) "
    "ORDER BY occurred_at DESC, id DESC LIMIT :limit"
)
_RUNS = text(
    f"SELECT event_id, consumer, attempt, outcome, duration_ms, finished_at FROM {SCHEMA}.traces "
    "WHERE tenant_id = :tenant AND trace_id = ANY(CAST(:traces AS uuid[])) ORDER BY finished_at"
)
_DEAD = text(
    f"""
    SELECT d.id, d.queue, d.event_id, d.error_class, d.error_text, d.receives, d.died_at,
           d.redriven_at, e.source, e.type, e.trace_id, e.detail -> 'subject' AS subject
    FROM {SCHEMA}.dead_letters d
    LEFT JOIN {SCHEMA}.events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
    WHERE d.tenant_id = :tenant AND (NOT :pending OR d.redriven_at IS NULL)
      AND (CAST(:moment AS timestamptz) IS NULL
           OR (d.died_at, d.id) < (CAST(:moment AS timestamptz), CAST(:last AS uuid)))
    ORDER BY d.died_at DESC, d.id DESC LIMIT :limit
    """
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


def events(
    uow: UnitOfWork,
    trace_id: UUID | None,
    limit: int,
    *,
    source: str | None = None,
    type: str | None = None,
    after: tuple[datetime, int, UUID] | None = None,
) -> list[Evento]:
    """The events of a trace, oldest first; without one the tenant's newest, newest first.

    ``after`` is moment, depth and id of the last event of the page before.
    """
    query = _OF_TRACE if trace_id is not None else _NEWEST
    moment, depth, last = after or (None, None, None)
    arguments: dict[str, Any] = {
        "tenant": uow.tenant_id,
        "limit": limit,
        "source": source,
        "type": type,
        "moment": moment,
        "last": last,
    }
    if trace_id is not None:
        arguments |= {"trace": trace_id, "depth": depth}
    rows = uow.connection.execute(query, arguments).all()
    runs = _runs_of(uow, rows)
    return [
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
        for row in rows
    ]


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


def dead_letters(
    uow: UnitOfWork, *, pending: bool, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Dead letters, newest first, with masked error texts and no event detail."""
    moment, last = after if after is not None else (None, None)
    rows = uow.connection.execute(
        _DEAD,
        {
            "tenant": uow.tenant_id,
            "pending": pending,
            "moment": moment,
            "last": last,
            "limit": limit,
        },
    )
    return [
        {**row._mapping, "error_text": mask_text(row.error_text), "subject": _subject(row.subject)}
        for row in rows
    ]


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
