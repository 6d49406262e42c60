"""Retention: what is old goes, in small transactions, and nothing goes that is still needed.

Everything runs in the application's transactions of one tenant. A purge that is cut goes on the
next time; two that run at once do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.topology import Queue

Scope = Callable[[UUID], AbstractContextManager[Connection]]
Progress = Callable[[str, int], None]
BATCH = 1000
MIN_INBOX = timedelta(days=15)
"""The inbox outlives every queue's retention, or an old message would be handled twice."""
_UNUSED = f"""
    NOT EXISTS (SELECT 1 FROM {SCHEMA}.queue_messages q
                WHERE q.tenant_id = o.tenant_id AND q.event_id = o.event_id)
"""
_MESSAGES = text(
    f"""
    WITH old AS (
        SELECT o.tenant_id, o.id FROM {SCHEMA}.queue_messages o
        WHERE o.tenant_id = :tenant AND o.queue = :queue
          AND o.enqueued_at < clock_timestamp() - make_interval(secs => :seconds)
          AND o.visible_at <= clock_timestamp()
          AND (o.ordering_key IS NULL OR NOT EXISTS (
            SELECT 1 FROM {SCHEMA}.queue_messages n
            WHERE n.tenant_id = o.tenant_id AND n.queue = o.queue
              AND n.ordering_key = o.ordering_key AND n.id > o.id
              AND n.enqueued_at >= clock_timestamp() - make_interval(secs => :seconds)))
        ORDER BY o.id LIMIT :limit
    )
    DELETE FROM {SCHEMA}.queue_messages q USING old
    WHERE q.tenant_id = old.tenant_id AND q.id = old.id AND q.visible_at <= clock_timestamp()
    """
)
_DEAD_LETTERS = text(
    f"""
    WITH old AS (
        SELECT tenant_id, id FROM {SCHEMA}.dead_letters
        WHERE tenant_id = :tenant
          AND died_at < clock_timestamp() - make_interval(secs => :seconds)
        ORDER BY died_at, id LIMIT :limit
    )
    DELETE FROM {SCHEMA}.dead_letters d USING old
    WHERE d.tenant_id = old.tenant_id AND d.id = old.id
    """
)
_EVENTS = text(
    f"""
    WITH old AS (
        SELECT o.tenant_id, o.id FROM (
            SELECT tenant_id, id, id AS event_id, occurred_at FROM {SCHEMA}.events
            WHERE tenant_id = :tenant AND occurred_at < :before) o
        WHERE {_UNUSED} AND NOT EXISTS (
            SELECT 1 FROM {SCHEMA}.dead_letters d
            WHERE d.tenant_id = o.tenant_id AND d.event_id = o.id)
        ORDER BY o.occurred_at, o.id LIMIT :limit
    )
    DELETE FROM {SCHEMA}.events e USING old WHERE e.tenant_id = old.tenant_id AND e.id = old.id
    """
)
# The inbox has no index by time, on purpose (every event would pay for it): it is walked along its
# primary key.
_INBOX = text(
    f"""
    WITH page AS (
        SELECT tenant_id, event_id, consumer, claimed_at, lease_until FROM {SCHEMA}.inbox
        WHERE tenant_id = :tenant AND (CAST(:last AS uuid) IS NULL
               OR (event_id, consumer) > (CAST(:last AS uuid), CAST(:name AS text)))
        ORDER BY event_id, consumer LIMIT :limit
    ), gone AS (
        DELETE FROM {SCHEMA}.inbox i USING page o
        WHERE i.tenant_id = o.tenant_id AND i.event_id = o.event_id AND i.consumer = o.consumer
          AND i.claimed_at < clock_timestamp() - make_interval(secs => :seconds)
          AND i.lease_until < clock_timestamp() AND {_UNUSED}
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) AS gone, count(*) AS seen,
           (array_agg(event_id ORDER BY event_id DESC, consumer DESC))[1] AS last,
           (array_agg(consumer ORDER BY event_id DESC, consumer DESC))[1] AS name FROM page
    """
)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept; ``None`` is for ever.

    Events count from ``occurred_at`` (the application's time), the rest from machine time. SQS
    keeps a message 14 days at most, hence that default for dead letters.
    """

    events: timedelta | None = None
    dead_letters: timedelta | None = timedelta(days=14)
    inbox: timedelta | None = timedelta(days=90)

    def __post_init__(self) -> None:
        """Raises ``ValueError`` where the inbox would forget too early."""
        if self.inbox is not None and self.inbox < MIN_INBOX:
            raise ValueError(f"the inbox is kept {MIN_INBOX.days} days or longer")


def purge(
    scope: Scope,
    tenant_id: UUID,
    retention: Retention,
    queues: Iterable[Queue],
    now: datetime,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Delete what is older than the retention; answers how many rows of each table went.

    ``now`` is the application's time (aware). A queue's own ``retention`` rules its messages; none
    goes that a worker holds, or behind which younger ones of its ordering key wait for their turn.
    An event stays while a message or a dead letter refers to it.
    ``progress`` is called with the table and its rows so far after each transaction.
    """
    gone: dict[str, int] = {}

    def report(table: str, rows: int) -> None:
        gone[table] = gone.get(table, 0) + rows
        if progress is not None:
            progress(table, gone[table])

    by_limit = _ByLimit(scope, tenant_id, batch, report)
    for queue in queues:
        seconds = queue.retention.total_seconds()
        by_limit.run("queue_messages", _MESSAGES, {"queue": queue.name, "seconds": seconds})
    if retention.dead_letters is not None:
        seconds = retention.dead_letters.total_seconds()
        by_limit.run("dead_letters", _DEAD_LETTERS, {"seconds": seconds})
    if retention.inbox is not None:
        seconds = retention.inbox.total_seconds()
        _ByPage(scope, tenant_id, batch, report).run("inbox", _INBOX, {"seconds": seconds})
    if retention.events is not None:
        by_limit.run("events", _EVENTS, {"before": now - retention.events})
    return gone


@dataclass(frozen=True, slots=True)
class _ByLimit:
    scope: Scope
    tenant_id: UUID
    batch: int
    report: Progress

    def run(self, table: str, query: TextClause, parameters: Mapping[str, Any]) -> None:
        """Delete the oldest rows until fewer than a batch are left."""
        while True:
            with self.scope(self.tenant_id) as connection:
                rows = connection.execute(
                    query, {**parameters, "tenant": self.tenant_id, "limit": self.batch}
                ).rowcount
            self.report(table, rows)
            if rows < self.batch:
                return


@dataclass(frozen=True, slots=True)
class _ByPage:
    scope: Scope
    tenant_id: UUID
    batch: int
    report: Progress

    def run(self, table: str, query: TextClause, parameters: Mapping[str, Any]) -> None:
        """Walk the whole table along its key, deleting what is old."""
        place: dict[str, Any] = {"last": None, "name": None}
        fixed = {**parameters, "tenant": self.tenant_id, "limit": self.batch}
        while True:
            with self.scope(self.tenant_id) as connection:
                row = connection.execute(query, {**fixed, **place}).one()
            self.report(table, row.gone)
            if row.seen < self.batch:
                return
            place = {"last": row.last, "name": row.name}
