"""Following the bus: new events of a tenant as they are committed, without personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import Database
from alquimista.observability.masking import mask
from alquimista.runtime.events_service import shown
from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.event import Event
from fibonacci_bus.pattern import Pattern

_LOOK_BACK = timedelta(seconds=10)
"""A transaction commits after its rows were stamped: newer ones may be seen before it."""
_CLOCK_SLACK = timedelta(hours=1)
_LIMIT = 500
_NEW = text(
    f"""
    SELECT id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key, causation_id,
           depth, replay_name, replayed_from, effects, published_at
    FROM {SCHEMA}.events
    WHERE tenant_id = :tenant AND occurred_at >= :floor AND published_at >= :since
      AND id <> ALL(CAST(:seen AS uuid[]))
    ORDER BY published_at, id LIMIT :limit
    """
)


class Tail:
    """Answers each event of a tenant once, in the order of publishing.

    A transaction longer than ten seconds may be missed: its events were stamped when it wrote them.
    """

    def __init__(
        self, database: Database, tenant_id: UUID, pattern: Pattern | None, back: timedelta
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._pattern = pattern
        with database.unit_of_work(tenant_id) as uow:
            machine: datetime = uow.connection.execute(
                text("SELECT clock_timestamp()")
            ).scalar_one()
            self._floor = uow.agora - back - _CLOCK_SLACK
        self._since = machine - back
        self._newest = self._since
        self._seen: dict[UUID, datetime] = {}

    def new(self) -> Iterator[Event]:
        """What was committed since the last call and matches."""
        while True:
            with self._database.unit_of_work(self._tenant_id) as uow:
                rows = uow.connection.execute(
                    _NEW,
                    {
                        "tenant": self._tenant_id,
                        "floor": self._floor,
                        "since": self._since,
                        "seen": [str(item) for item in self._seen],
                        "limit": _LIMIT,
                    },
                ).all()
            for row in rows:
                event = Event(*tuple(row)[:-1])
                self._note(event, row.published_at)
                if self._pattern is None or self._pattern.matches(event.envelope()):
                    yield event
            if len(rows) < _LIMIT:
                return

    def _note(self, event: Event, published_at: datetime) -> None:
        self._newest = max(self._newest, published_at)
        self._since = max(self._since, self._newest - _LOOK_BACK)
        self._seen[event.id] = published_at
        if len(self._seen) > 2 * _LIMIT:
            self._seen = {k: at for k, at in self._seen.items() if at >= self._since}


def line(event: Event) -> Mapping[str, Any]:
    """An event as one line of facts, personal data masked."""
    detail = shown(event.source, event.detail)
    subject = detail.get("subject") if isinstance(detail.get("subject"), Mapping) else None
    return {
        "id": str(event.id),
        "source": mask(event.source),
        "type": mask(event.type),
        "tenant_id": str(event.tenant_id),
        "trace_id": str(event.trace_id),
        "occurred_at": event.occurred_at.isoformat(),
        "depth": event.depth,
        "replay_name": event.replay_name,
        "subject": mask(subject),
        "detail": mask(detail),
    }
