"""Figures of the bus: how full the queues are, how much each consumer did, and how it failed.

The connection decides what is seen: a tenant's transaction its own rows, the owner login all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA

_QUEUES = text(
    f"""
    SELECT queue, count(*) FILTER (WHERE visible_at <= clock_timestamp()) AS waiting,
           count(*) FILTER (WHERE visible_at > clock_timestamp() AND state = 'in_flight')
               AS in_flight,
           count(*) FILTER (WHERE visible_at > clock_timestamp()
                            AND state NOT IN ('in_flight', 'paused')) AS delayed,
           count(*) FILTER (WHERE state = 'paused') AS paused,
           coalesce(extract(epoch FROM clock_timestamp()
               - min(enqueued_at) FILTER (WHERE visible_at <= clock_timestamp())), 0) AS oldest
    FROM {SCHEMA}.queue_messages
    WHERE CAST(:tenant AS uuid) IS NULL OR tenant_id = CAST(:tenant AS uuid)
    GROUP BY queue ORDER BY queue
    """
)
_CONSUMERS = text(
    f"""
    WITH span AS (SELECT clock_timestamp() - make_interval(secs => :seconds) AS since),
    done AS (
        SELECT consumer, count(*) AS handled, avg(duration_ms) AS mean_ms,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms
        FROM {SCHEMA}.inbox, span
        WHERE done_at >= since AND status = 'done'
          AND (CAST(:tenant AS uuid) IS NULL OR tenant_id = CAST(:tenant AS uuid))
        GROUP BY consumer
    ), tried AS (
        SELECT consumer, sum(attempts - CASE WHEN status IN ('done', 'running') THEN 1 ELSE 0 END)
                   AS failures
        FROM {SCHEMA}.inbox, span
        WHERE claimed_at >= since
          AND (CAST(:tenant AS uuid) IS NULL OR tenant_id = CAST(:tenant AS uuid))
        GROUP BY consumer
    ), dead AS (
        SELECT queue AS consumer, count(*) FILTER (WHERE died_at >= since) AS buried,
               count(*) FILTER (WHERE redriven_at IS NULL) AS pending
        FROM {SCHEMA}.dead_letters, span
        WHERE CAST(:tenant AS uuid) IS NULL OR tenant_id = CAST(:tenant AS uuid)
        GROUP BY queue
    )
    SELECT consumer, coalesce(handled, 0) AS handled, coalesce(mean_ms, 0) AS mean_ms,
           coalesce(p95_ms, 0) AS p95_ms, coalesce(failures, 0) AS failures,
           coalesce(buried, 0) AS buried, coalesce(pending, 0) AS pending
    FROM done FULL JOIN tried USING (consumer) FULL JOIN dead USING (consumer)
    ORDER BY consumer
    """
)
_PUBLISHED = text(
    f"""
    SELECT count(*) FROM {SCHEMA}.events
    WHERE published_at >= clock_timestamp() - make_interval(secs => :seconds)
      AND (CAST(:tenant AS uuid) IS NULL OR tenant_id = CAST(:tenant AS uuid))
    """
)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """``oldest_seconds`` is the age of the oldest message that could be received now.

    ``paused`` messages wait until their partition is resumed.
    """

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    oldest_seconds: float
    paused: int


@dataclass(frozen=True, slots=True)
class ConsumerFigures:
    """What a consumer did in the window.

    ``failures`` are attempts that failed, whether or not a later one went well; ``buried`` are
    dead letters of the window, ``pending`` those of any age that were not sent again.
    """

    consumer: str
    handled: int
    per_minute: float
    mean_ms: float
    p95_ms: float
    failures: int
    buried: int
    pending: int

    @property
    def failure_rate(self) -> float:
        """Failed attempts among all, 0 to 1."""
        tried = self.handled + self.failures
        return self.failures / tried if tried else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The bus in a window of time."""

    window: timedelta
    published: int
    queues: tuple[QueueFigures, ...]
    consumers: tuple[ConsumerFigures, ...]


def figures(
    connection: Connection,
    *,
    window: timedelta = timedelta(hours=1),
    tenant_id: UUID | None = None,
) -> Figures:
    """Depths now, and rates over the last ``window`` of machine time."""
    minutes = window.total_seconds() / 60
    parameters = {"seconds": window.total_seconds(), "tenant": tenant_id}
    queues = tuple(
        QueueFigures(
            row.queue, row.waiting, row.in_flight, row.delayed, float(row.oldest), row.paused
        )
        for row in connection.execute(_QUEUES, {"tenant": tenant_id})
    )
    consumers = tuple(
        ConsumerFigures(
            consumer=row.consumer,
            handled=row.handled,
            per_minute=row.handled / minutes,
            mean_ms=float(row.mean_ms),
            p95_ms=float(row.p95_ms),
            failures=int(row.failures),
            buried=row.buried,
            pending=row.pending,
        )
        for row in connection.execute(_CONSUMERS, parameters)
    )
    published: int = connection.execute(_PUBLISHED, parameters).scalar_one()
    return Figures(window, published, queues, consumers)
