"""Timers: due moments without personal data. The relay finds them, the tenant takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA

_NO_OFFSETS = "SELECT NULL::uuid AS tenant_id, NULL::interval AS clock_offset WHERE false"
_SCHEDULE = text(
    f"""
    INSERT INTO {SCHEMA}.timers (id, tenant_id, due_at, kind, ref_id)
    VALUES (:id, :tenant, :due_at, :kind, :ref_id)
    ON CONFLICT (tenant_id, kind, ref_id) DO UPDATE SET due_at = excluded.due_at,
        id = excluded.id
    """
)


@dataclass(frozen=True, slots=True)
class Timer:
    """``kind`` and ``ref_id`` say what is due; the application knows what they mean."""

    id: UUID
    tenant_id: UUID
    due_at: datetime
    kind: str
    ref_id: UUID


class Timers:
    """``offsets_sql`` selects (tenant_id, clock_offset) where tenants have clocks of their own."""

    def __init__(self, offsets_sql: str = _NO_OFFSETS) -> None:
        self._due = text(
            f"""
            SELECT t.id, t.tenant_id, t.due_at, t.kind, t.ref_id
            FROM {SCHEMA}.timers t LEFT JOIN ({offsets_sql}) o ON o.tenant_id = t.tenant_id
            WHERE t.due_at <= clock_timestamp() + coalesce(o.clock_offset, interval '0')
                  + make_interval(secs => :span)
            ORDER BY t.due_at LIMIT :limit
            """
        )

    def schedule(
        self, connection: Connection, tenant_id: UUID, due_at: datetime, kind: str, ref_id: UUID
    ) -> UUID:
        """Set a timer; one per tenant, kind and reference: a second call moves it."""
        timer_id = uuid4()
        connection.execute(
            _SCHEDULE,
            {
                "id": timer_id,
                "tenant": tenant_id,
                "due_at": due_at,
                "kind": kind,
                "ref_id": ref_id,
            },
        )
        return timer_id

    def cancel(self, connection: Connection, tenant_id: UUID, kind: str, ref_id: UUID) -> int:
        """Remove a timer; answers how many there were."""
        return connection.execute(
            text(
                f"DELETE FROM {SCHEMA}.timers WHERE tenant_id = :tenant AND kind = :kind "
                "AND ref_id = :ref_id"
            ),
            {"tenant": tenant_id, "kind": kind, "ref_id": ref_id},
        ).rowcount

    def find_due(
        self, connection: Connection, *, span: timedelta = timedelta(0), limit: int = 100
    ) -> list[Timer]:
        """What is due within ``span``, of all tenants, earliest first (relay login)."""
        rows = connection.execute(self._due, {"span": span.total_seconds(), "limit": limit})
        return [Timer(*row) for row in rows]

    def take(self, connection: Connection, timer: Timer) -> bool:
        """Remove a due timer; False where another process has taken or moved it."""
        taken = connection.execute(
            text(f"DELETE FROM {SCHEMA}.timers WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": timer.tenant_id, "id": timer.id},
        )
        return taken.rowcount == 1

    def next_due(self, connection: Connection, tenant_id: UUID) -> datetime | None:
        """When the tenant's next timer is due."""
        moment: datetime | None = connection.execute(
            text(f"SELECT min(due_at) FROM {SCHEMA}.timers WHERE tenant_id = :tenant"),
            {"tenant": tenant_id},
        ).scalar_one()
        return moment
