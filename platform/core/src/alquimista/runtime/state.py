"""``context.state`` and ``context.events``: what every agent has of the runtime itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.session import UnitOfWork
from alquimista.runtime.models import EstadoAgente
from alquimista.runtime.publishing import EventPublisher, NewEvent
from alquimista.runtime.run import Run
from alquimista_sdk.errors import ScopeDenied
from alquimista_sdk.events import Classification, EventContext, FractalDetail, LogEntry, Subject


class RunState:
    """The agent's own memory, one row a key."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def get(self, key: str, lead_id: UUID | None = None) -> Mapping[str, Any] | None:
        """Read a value."""
        with self._run.reading() as uow:
            value = uow.connection.execute(
                select(EstadoAgente.valor).where(
                    EstadoAgente.tenant_id == uow.tenant_id,
                    EstadoAgente.agente == self._run.manifest.slug,
                    EstadoAgente.chave == key,
                    EstadoAgente.lead_id.is_not_distinct_from(lead_id),
                )
            ).scalar_one_or_none()
        return value

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
            row = insert(EstadoAgente).values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                agente=agente,
                chave=key,
                lead_id=lead_id,
                valor=dict(value),
                updated_at=uow.agora,
            )
            uow.connection.execute(
                row.on_conflict_do_update(
                    constraint="uq_estado_agentes_chave",
                    set_={
                        "valor": row.excluded.valor,
                        "updated_at": row.excluded.updated_at,
                        "versao": EstadoAgente.versao + 1,
                    },
                )
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
        """
        run = self._run
        name = f"{run.manifest.source}.{type}"
        if name not in run.manifest.publishes:
            raise ScopeDenied(f"{run.manifest.slug} does not list {name} under publishes")
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
        index = len(run.writes)
        new = NewEvent(
            source=run.manifest.source,
            type=type,
            detail=detail,
            trace_id=run.trace_id,
            causation_id=cause.id if cause is not None else None,
            event_id=run.new_id(f"event:{index}:{name}"),
            depth=run.event_depth + 1,
        )
        run.write(lambda uow: _publish(self._publisher, uow, new))


def _publish(publisher: EventPublisher, uow: UnitOfWork, event: NewEvent) -> None:
    publisher.publish(uow, [event])
