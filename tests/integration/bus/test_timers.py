"""Timers: taken once, moved, cancelled, on the tenant's own clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from fibonacci_bus import Timer, Timers
from tests.integration.bus.rig import Rig

OFFSETS = "SELECT id AS tenant_id, clock_offset FROM alquimista_platform.tenants"
SECOND = timedelta(seconds=1)


def schedule(rig: Rig, timers: Timers, due_at: datetime, ref_id: UUID, kind: str = "envio") -> UUID:
    with rig.database.scope(rig.tenant_id) as connection:
        return timers.schedule(connection, rig.tenant_id, due_at, kind, ref_id)


def find_due(rig: Rig, timers: Timers, span: timedelta = timedelta(0)) -> list[Timer]:
    with rig.database.relay_engine.begin() as connection:
        return timers.find_due(connection, span=span)


def take(rig: Rig, timers: Timers, timer: Timer) -> bool:
    with rig.database.scope(rig.tenant_id) as connection:
        return timers.take(connection, timer)


def test_only_what_is_due_within_the_span_is_found_earliest_first(rig: Rig) -> None:
    timers, now = Timers(), datetime.now(UTC)
    late, early, future = uuid4(), uuid4(), uuid4()
    schedule(rig, timers, now - SECOND, late)
    schedule(rig, timers, now - 5 * SECOND, early)
    schedule(rig, timers, now + timedelta(minutes=1), future)
    assert [timer.ref_id for timer in find_due(rig, timers)] == [early, late]
    found = find_due(rig, timers, timedelta(minutes=2))
    assert [timer.ref_id for timer in found] == [early, late, future]


def test_a_timer_is_taken_once_under_two_ticks(rig: Rig) -> None:
    timers = Timers()
    for _ in range(20):
        schedule(rig, timers, datetime.now(UTC) - SECOND, uuid4())
    due = find_due(rig, timers)
    taken: list[UUID] = []
    barrier = threading.Barrier(2)

    def tick() -> None:
        barrier.wait(5)
        taken.extend(timer.id for timer in due if take(rig, timers, timer))

    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(taken) == sorted(timer.id for timer in due)
    assert len(due) == 20


def test_a_timer_that_was_moved_meanwhile_is_not_taken(rig: Rig) -> None:
    timers, ref_id = Timers(), uuid4()
    schedule(rig, timers, datetime.now(UTC) - SECOND, ref_id)
    (stale,) = find_due(rig, timers)
    later = datetime.now(UTC) + timedelta(hours=1)
    schedule(rig, timers, later, ref_id)
    assert take(rig, timers, stale) is False
    with rig.database.scope(rig.tenant_id) as connection:
        assert timers.next_due(connection, rig.tenant_id) == later


def test_a_cancelled_timer_never_fires(rig: Rig) -> None:
    timers, ref_id = Timers(), uuid4()
    schedule(rig, timers, datetime.now(UTC) - SECOND, ref_id)
    schedule(rig, timers, datetime.now(UTC) - SECOND, ref_id, kind="rajada")
    with rig.database.scope(rig.tenant_id) as connection:
        assert timers.cancel(connection, rig.tenant_id, "envio", ref_id) == 1
        assert timers.cancel(connection, rig.tenant_id, "envio", ref_id) == 0
    assert [timer.kind for timer in find_due(rig, timers)] == ["rajada"]


def test_a_timer_is_due_by_the_tenants_own_clock(rig: Rig) -> None:
    moved, machine = Timers(OFFSETS), Timers()
    schedule(rig, machine, datetime.now(UTC) + timedelta(days=2), uuid4())
    assert find_due(rig, moved) == []
    with rig.owner.begin() as connection:
        connection.execute(
            text("UPDATE alquimista_platform.tenants SET clock_offset = interval '3 days'")
        )
    assert len(find_due(rig, moved)) == 1
    assert find_due(rig, machine) == []
