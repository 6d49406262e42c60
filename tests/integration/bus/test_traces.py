"""Finished runs: what the inbox and the events say together."""

from __future__ import annotations

from fibonacci_bus import Event, revision_4
from tests.integration.bus.rig import Rig, Toy, Transient

_SEEN = "SELECT event_id, trace_id, consumer, attempt, outcome, duration_ms FROM {}"


def _fail_first(_: Event, attempt: int) -> None:
    if attempt == 1:
        raise Transient("busy line")


def test_a_run_that_failed_first_is_traced_once_with_its_last_attempt(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    worker = rig.worker(Toy(action=_fail_first))
    for _ in range(2):
        worker.run_once()
        rig.make_visible()
    (trace,) = rig.rows(_SEEN.format("fibonacci_core.traces"))
    assert (trace.event_id, trace.trace_id, trace.attempt) == (event.id, event.trace_id, 2)
    assert (trace.outcome, trace.duration_ms >= 0) == ("done", True)


def test_what_is_not_finished_is_not_traced(rig: Rig) -> None:
    rig.publish(rig.event())
    rig.worker(Toy(action=_fail_first)).run_once()
    assert rig.rows("SELECT 1 FROM fibonacci_core.traces") == []


def test_the_older_version_of_the_tables_keeps_every_run(rig: Rig) -> None:
    rig.publish(*(rig.event() for _ in range(3)))
    worker = rig.worker(Toy())
    while worker.run_once():
        continue
    before = sorted(map(tuple, rig.rows(_SEEN.format("fibonacci_core.traces"))))
    with rig.owner.begin() as connection:
        revision_4.downgrade(connection.exec_driver_sql)
    assert sorted(map(tuple, rig.rows(_SEEN.format("fibonacci_core.traces")))) == before
    with rig.owner.begin() as connection:
        revision_4.upgrade(connection.exec_driver_sql)
    assert sorted(map(tuple, rig.rows(_SEEN.format("fibonacci_core.traces")))) == before
    rig.publish(rig.event())
    worker.run_once()
    assert len(rig.rows("SELECT 1 FROM fibonacci_core.traces")) == 4
