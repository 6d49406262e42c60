"""``context.state`` and ``context.events``: what every agent has of the runtime itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.runtime.models import EstadoAgente
from alquimista.runtime.publishing import EventPublisher, NewEvent
from alquimista.runtime.run import Run
from alquimista_sdk.errors import ScopeDenied
from alquimista_sdk.events import Classification, EventContext, FractalDetail, LogEntry, Subject

_EVENTS_PER_WRITE = 100
_ESTADO = table_of(EstadoAgente)
_GET = select(_ESTADO.c.valor).where(
    _ESTADO.c.tenant_id == bindparam("tenant"),
    _ESTADO.c.agente == bindparam("agente"),
    _ESTADO.c.chave == bindparam("chave"),
    _ESTADO.c.lead_id.is_not_distinct_from(bindparam("lead")),
)
_ROW = insert(_ESTADO)
_PUT = _ROW.on_conflict_do_update(
    constraint="uq_estado_agentes_chave",
    set_={
        "valor": _ROW.excluded.valor,
        "updated_at": _ROW.excluded.updated_at,
        "versao": _ESTADO.c.versao + 1,
    },
)


class RunState:
    """The agent's own memory, one row a key."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def get(self, key: str, lead_id: UUID | None = None) -> Mapping[str, Any] | None:
        """Read a value."""
        with self._run.reading() as uow:
            return uow.connection.execute(
                _GET,
                {
                    "tenant": uow.tenant_id,
                    "agente": self._run.manifest.slug,
                    "chave": key,
                    "lead": lead_id,
                },
            ).scalar_one_or_none()

    def put(self, key: str, value: Mapping[str, Any] | None, lead_id: UUID | None = None) -> None:
        """Keep a value (None removes it)."""
        agente = self._run.manifest.slug

        def write(uow: UnitOfWork) -> None:
            if value is None:
                uow.connection.execute(
                    delete(EstadoAgente).where(
                        EstadoAgente.tenant_id == uow.tenant_id,
                        EstadoAgente.agente == agente,
                        EstadoAgente.chave == key,
                        EstadoAgente.lead_id.is_not_distinct_from(lead_id),
                    )
                )
                return
            uow.connection.execute(
                _PUT,
                {
                    "id": uuid4(),
                    "tenant_id": uow.tenant_id,
                    "agente": agente,
                    "chave": key,
                    "lead_id": lead_id,
                    "valor": dict(value),
                    "updated_at": uow.agora,
                },
            )

        self._run.write(write)


class RunEvents:
    """Publishing under the agent's own source, when the handler commits."""

    def __init__(self, run: Run, publisher: EventPublisher) -> None:
        self._run = run
        self._publisher = publisher

    def publish(
        self,
        type: str,
        subject: Subject,
        *,
        decision: str,
        source: str = "web",
        last_message: str = "",
        metadata: Mapping[str, Any] | None = None,
        classification: Classification | None = None,
        proposed_action: str | None = None,
    ) -> None:
        """Keep an event for the commit.

        Raises:
            ScopeDenied: the manifest does not list the event under ``publishes``.
            InvalidEvent: subject or metadata break the manifest's declaration.
        """
        run = self._run
        name = f"{run.manifest.source}.{type}"
        if name not in run.manifest.publishes:
            raise ScopeDenied(f"{run.manifest.slug} does not list {name} under publishes")
        declared = run.manifest.publication(name)
        if declared is not None:
            declared.check(subject.type, metadata or {})
        cause = run.event
        logs = cause.detail.logs if cause is not None and cause.subject == subject else ()
        entry = LogEntry(run.agora.isoformat(), run.manifest.name, decision, str(run.trace_id))
        detail = FractalDetail(
            subject=subject,
            context=EventContext(
                source=source, last_message=last_message, metadata=dict(metadata or {})
            ),
            classification=classification,
            proposed_action=proposed_action,
            logs=(*logs, entry)[-20:],
        )
        batch = self._batch()
        new = NewEvent(
            source=run.manifest.source,
            type=type,
            detail=detail,
            trace_id=run.trace_id,
            causation_id=cause.id if cause is not None else None,
            event_id=run.new_id(f"event:{len(run.writes)}.{len(batch.events)}:{name}"),
            depth=run.event_depth + 1,
        )
        batch.events.append(new)

    def _batch(self) -> _Batch:
        """The write that the next event joins: the last one, where that publishes too."""
        last = self._run.writes[-1] if self._run.writes else None
        if isinstance(last, _Batch) and len(last.events) < _EVENTS_PER_WRITE:
            return last
        batch = _Batch(self._publisher)
        self._run.write(batch)
        return batch


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events that follow each other: published one by one they would cost three messages each."""

    publisher: EventPublisher
    events: list[NewEvent] = field(default_factory=list)

    def __call__(self, uow: UnitOfWork) -> None:
        self.publisher.publish(uow, self.events)
