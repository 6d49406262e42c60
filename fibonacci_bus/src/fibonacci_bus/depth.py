"""How full the queues are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA

_DEPTH = text(
    f"""
    SELECT queue,
           count(*) FILTER (WHERE state = 'parked' OR visible_at <= clock_timestamp()) AS waiting,
           count(*) FILTER (WHERE state = 'in_flight' AND visible_at > clock_timestamp())
               AS in_flight,
           count(*) FILTER (WHERE state IN ('waiting', 'delayed')
                            AND visible_at > clock_timestamp()) AS delayed,
           count(*) FILTER (WHERE state = 'paused') AS paused,
           coalesce(extract(epoch FROM clock_timestamp()
               - min(enqueued_at) FILTER (WHERE state <> 'paused')), 0) AS oldest_seconds
    FROM {SCHEMA}.queue_messages GROUP BY queue
    """
)


@dataclass(frozen=True, slots=True)
class Depth:
    """How full a queue is; what is ``paused`` waits for its partition and has no age here."""

    waiting: int
    in_flight: int
    delayed: int
    oldest_seconds: float
    paused: int = 0


def depths(connection: Connection, names: Iterable[str]) -> dict[str, Depth]:
    """How full each of the named queues is, over all that the connection may see."""
    found = {
        row.queue: Depth(
            row.waiting, row.in_flight, row.delayed, float(row.oldest_seconds), row.paused
        )
        for row in connection.execute(_DEPTH)
    }
    return {name: found.get(name, Depth(0, 0, 0, 0.0)) for name in names}
