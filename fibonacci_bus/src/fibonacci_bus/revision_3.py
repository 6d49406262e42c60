"""Version 3 of the tables: a message may be paused while its partition is.

A paused message blocks what comes after it under its ordering key, as any that is there does, and
is never visible: the routines of version 2 need no change.
"""

from __future__ import annotations

from collections.abc import Callable

SCHEMA = "fibonacci_core"
INDEX = "ix_queue_messages_paused"
_CHECK = "queue_messages_state_check"
_STATES = "'waiting', 'delayed', 'in_flight', 'parked'"


def upgrade(execute: Callable[[str], object], *, schema: str = SCHEMA) -> None:
    """Allow the state, and find the paused ones by tenant and queue."""
    _allow(execute, schema, f"{_STATES}, 'paused'")
    execute(
        f"CREATE INDEX {INDEX} ON {schema}.queue_messages (tenant_id, queue) WHERE state = 'paused'"
    )


def downgrade(execute: Callable[[str], object], *, schema: str = SCHEMA) -> None:
    """What is paused waits again, and version 2 handles or drops it as it did."""
    execute(f"DROP INDEX {schema}.{INDEX}")
    execute(
        f"UPDATE {schema}.queue_messages SET state = 'waiting', visible_at = clock_timestamp() "
        "WHERE state = 'paused'"
    )
    _allow(execute, schema, _STATES)


def _allow(execute: Callable[[str], object], schema: str, states: str) -> None:
    execute(f"ALTER TABLE {schema}.queue_messages DROP CONSTRAINT {_CHECK}")
    execute(
        f"ALTER TABLE {schema}.queue_messages ADD CONSTRAINT {_CHECK} CHECK (state IN ({states}))"
    )
