"""Paused partitions: a queue's messages that wait while their tenant may not have them handled.

A worker pauses what its consumer does not admit for now (``Paused``), message by message; a sweep
resumes them, partition by partition. Who is paused the application knows, and nobody has to tell
the bus when that ends: a message that was paused a moment too late is found by the next sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Engine, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.publisher import CHANNEL

Resumable = Callable[[UUID, str], bool]
_PARTITIONS = text(
    f"""
    WITH RECURSIVE pair AS (
        (SELECT tenant_id, queue FROM {SCHEMA}.queue_messages WHERE state = 'paused'
         ORDER BY tenant_id, queue LIMIT 1)
        UNION ALL
        SELECT n.tenant_id, n.queue FROM pair p CROSS JOIN LATERAL (
            SELECT m.tenant_id, m.queue FROM {SCHEMA}.queue_messages m
            WHERE m.state = 'paused' AND (m.tenant_id, m.queue) > (p.tenant_id, p.queue)
            ORDER BY m.tenant_id, m.queue LIMIT 1) AS n
    )
    SELECT tenant_id, queue FROM pair
    """
)
_RESUME = text(
    f"""
    UPDATE {SCHEMA}.queue_messages SET state = 'waiting', visible_at = clock_timestamp()
    WHERE tenant_id = :tenant AND queue = :queue AND state = 'paused'
    """
)
_NOTIFY = text("SELECT pg_notify(:channel, '')")


def paused_partitions(relay: Engine) -> list[tuple[UUID, str]]:
    """Partitions (tenants) with the queues on which something of theirs is paused.

    A step along the index for each, however many messages there are.
    """
    with relay.begin() as connection:
        return [(row.tenant_id, row.queue) for row in connection.execute(_PARTITIONS)]


def resume(relay: Engine, resumable: Resumable) -> int:
    """Show the paused messages of every partition that may go on; answers how many.

    Each partition is a transaction, and workers that wait are woken at its commit.
    """
    shown = 0
    for tenant_id, queue in paused_partitions(relay):
        if not resumable(tenant_id, queue):
            continue
        with relay.begin() as connection:
            asked = {"tenant": tenant_id, "queue": queue}
            shown += connection.execute(_RESUME, asked).rowcount
            connection.execute(_NOTIFY, {"channel": CHANNEL})
    return shown
