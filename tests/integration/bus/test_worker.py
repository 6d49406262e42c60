"""Claim, run, commit, acknowledge on real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from fibonacci_bus import Event
from fibonacci_bus.errors import ErrorClass, LostClaim
from fibonacci_bus.inbox import AlreadyDone, Busy, Claimed, claim, fail, give_back, settle
from tests.database import Urls
from tests.integration.bus.rig import (
    SHORT,
    Conflict,
    Critical,
    Permanent,
    Rig,
    Toy,
    Transient,
    cut_connections,
)

MINUTE = timedelta(minutes=1)


def failing(error: Exception, times: int = 99) -> Toy:
    """A toy that raises in its first ``times`` runs."""
    left = [times]

    def action(_event: Event, _attempt: int) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return Toy(action=action)


def test_an_event_is_handled_settled_traced_and_acknowledged(rig: Rig) -> None:
    event = rig.event(ordering_key="lead-1")
    rig.publish(event)
    assert rig.worker(Toy()).run_once() == 1
    assert [(row.event_id, row.attempt) for row in rig.effects()] == [(event.id, 1)]
    assert rig.messages() == []
    assert (rig.inbox(event).status, rig.inbox(event).attempts) == ("done", 1)
    assert rig.rows("SELECT 1 FROM fibonacci_core.leases") == []
    (trace,) = rig.rows("SELECT * FROM fibonacci_core.traces")
    assert (trace.event_id, trace.trace_id, trace.attempt) == (event.id, event.trace_id, 1)


def test_a_second_delivery_is_acknowledged_without_a_second_run(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    rig.worker(Toy()).run_once()
    rig.publish_copy(event)
    toy = Toy()
    rig.worker(toy).run_once()
    assert toy.seen == []
    assert len(rig.effects()) == 1
    assert rig.messages() == []


def test_what_is_not_admitted_is_acknowledged_unhandled(rig: Rig) -> None:
    rig.publish(rig.event(ordering_key="lead-1"))
    toy = Toy(admitted=False)
    rig.worker(toy).run_once()
    assert (toy.seen, rig.messages(), rig.dead_letters()) == ([], [], [])
    assert rig.rows("SELECT 1 FROM fibonacci_core.leases") == []


def test_an_event_that_is_gone_is_acknowledged(rig: Rig) -> None:
    rig.publish(rig.event())
    with rig.owner.begin() as connection:
        connection.execute(text("DELETE FROM fibonacci_core.events"))
    toy = Toy()
    rig.worker(toy).run_once()
    assert (toy.seen, rig.messages()) == ([], [])


def test_a_transient_error_is_tried_again_after_its_backoff(rig: Rig) -> None:
    event = rig.event(ordering_key="lead-1")
    rig.publish(event)
    worker = rig.worker(failing(Transient("busy line"), times=1))
    worker.run_once()
    (waiting,) = rig.messages()
    assert waiting.hidden
    assert rig.inbox(event).last_error == "Transient: busy line"
    assert worker.run_once() == 0
    rig.make_visible()
    worker.run_once()
    assert [row.attempt for row in rig.effects()] == [2]
    assert rig.messages() == []
    assert rig.inbox(event).last_error is None


def test_three_failed_attempts_end_in_the_dead_letters_with_the_error(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    toy = failing(Transient("busy line"))
    worker = rig.worker(toy)
    for _ in range(4):
        worker.run_once()
        rig.make_visible()
    assert toy.seen == [(event.id, 1), (event.id, 2), (event.id, 3)]
    (dead,) = rig.dead_letters()
    assert (dead.error_class, dead.error_text) == ("transient", "Transient: busy line")
    assert (dead.receives, dead.queue, dead.event_id) == (3, "c", event.id)
    assert (rig.messages(), rig.effects()) == ([], [])


def test_a_permanent_error_is_a_dead_letter_at_once(rig: Rig) -> None:
    rig.publish(rig.event())
    toy = failing(Permanent("no such lead"))
    rig.worker(toy).run_once()
    (dead,) = rig.dead_letters()
    assert (dead.error_class, dead.error_text) == ("permanent", "Permanent: no such lead")
    assert (len(toy.seen), rig.messages()) == (1, [])


def test_a_critical_error_alerts_once_and_is_a_dead_letter(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    alerts: list[tuple[Event, BaseException]] = []
    error = Critical("key is gone")
    rig.worker(failing(error), on_critical=lambda e, x: alerts.append((e, x))).run_once()
    assert [(alerted.id, x) for alerted, x in alerts] == [(event.id, error)]
    assert rig.dead_letters()[0].error_class == "critical"


def test_an_alert_that_fails_does_not_stop_the_queue(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.publish(rig.event())

    def broken(_event: Event, _error: BaseException) -> None:
        raise RuntimeError("no SMTP server")

    rig.worker(failing(Critical("x")), on_critical=broken).run_once()
    assert rig.dead_letters()[0].error_class == "critical"
    assert "alert failed" in caplog.text


def test_writes_of_a_failing_commit_are_rolled_back(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)

    def refuse(_connection: Connection, _event: Event) -> None:
        raise Permanent("late check")

    rig.worker(Toy(in_commit=refuse)).run_once()
    assert rig.effects() == []
    assert rig.dead_letters()[0].error_text == "Permanent: late check"
    assert rig.inbox(event).status == "failed"


def test_a_conflict_runs_again_at_once_and_burns_no_attempt(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    conflicts = [Conflict("versao"), Conflict("versao")]

    def collide(_connection: Connection, _event: Event) -> None:
        if conflicts:
            raise conflicts.pop()

    toy = Toy(in_commit=collide)
    rig.worker(toy).run_once()
    assert toy.seen == [(event.id, 1)] * 3
    assert len(rig.effects()) == 1
    assert rig.inbox(event).attempts == 1


def test_endless_conflicts_count_as_a_transient_error(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)

    def collide(_connection: Connection, _event: Event) -> None:
        raise Conflict("versao")

    toy = Toy(in_commit=collide)
    rig.worker(toy).run_once()
    assert len(toy.seen) == 4
    assert rig.inbox(event).last_error_class == "transient"
    assert len(rig.messages()) == 1


def test_a_busy_key_is_sent_again_without_burning_a_receive(rig: Rig) -> None:
    first, second = rig.event(ordering_key="lead-1"), rig.event(ordering_key="lead-1")
    rig.publish(first, second)
    with rig.database.scope(rig.tenant_id) as connection:
        held = claim(connection, rig.tenant_id, first.id, "c", MINUTE, "lead-1")
    assert isinstance(held, Claimed)
    toy = Toy()
    rig.worker(toy).run_once()
    assert toy.seen == []
    waiting = rig.messages()
    assert [(row.receives, row.receipt) for row in waiting] == [(0, None)] * 2
    assert [(row.state, row.hidden) for row in waiting] == [("waiting", True), ("parked", False)]
    with rig.database.scope(rig.tenant_id) as connection:
        settle(connection, held, 1)
    rig.make_visible()
    rig.worker(toy).run_once()
    rig.worker(toy).run_once()
    assert toy.seen == [(second.id, 1)]
    assert rig.messages() == []


def test_another_key_and_another_consumer_are_not_busy(rig: Rig) -> None:
    first, other = rig.event(ordering_key="lead-1"), rig.event(ordering_key="lead-2")
    rig.publish(first, other)
    with rig.database.scope(rig.tenant_id) as connection:
        claim(connection, rig.tenant_id, first.id, "a", MINUTE, "lead-1")
        claim(connection, rig.tenant_id, uuid4(), "c", MINUTE, "lead-3")
    toy = Toy()
    rig.worker(toy).run_once()
    assert sorted(event for event, _ in toy.seen) == sorted([first.id, other.id])


def test_a_taken_over_claim_discards_the_late_run(rig: Rig) -> None:
    event = rig.event(ordering_key="lead-1")
    rig.publish(event)
    fast = Toy()

    def slow(_event: Event, _attempt: int) -> None:
        if not fast.seen:
            rig.make_visible()
            rig.worker(fast).run_once()

    late = Toy(action=slow)
    rig.worker(late).run_once()
    assert (late.seen, fast.seen) == ([(event.id, 1)], [(event.id, 2)])
    assert [row.attempt for row in rig.effects()] == [2]
    assert (rig.messages(), rig.dead_letters()) == ([], [])


def test_a_late_failure_does_not_bury_what_another_worker_does(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    with rig.database.scope(rig.tenant_id) as connection:
        old = claim(connection, rig.tenant_id, event.id, "c", timedelta(0), None)
        assert isinstance(old, Claimed)
    with rig.database.scope(rig.tenant_id) as connection:
        new = claim(connection, rig.tenant_id, event.id, "c", MINUTE, None)
        assert isinstance(new, Claimed)
        assert (old.attempt, new.attempt) == (1, 2)
        assert fail(connection, old, ErrorClass.PERMANENT, "late") is False
        assert give_back(connection, old) is False
        with pytest.raises(LostClaim):
            settle(connection, old, 1)
    with rig.database.scope(rig.tenant_id) as connection:
        settle(connection, new, 1)
    with rig.database.scope(rig.tenant_id) as connection:
        again = claim(connection, rig.tenant_id, event.id, "c", MINUTE, None)
    assert isinstance(again, AlreadyDone)


def test_a_running_claim_is_busy_until_its_lease_ends(rig: Rig) -> None:
    event = uuid4()
    with rig.database.scope(rig.tenant_id) as connection:
        claim(connection, rig.tenant_id, event, "c", SHORT, "lead-1")
    with rig.database.scope(rig.tenant_id) as connection:
        assert isinstance(claim(connection, rig.tenant_id, event, "c", SHORT, "lead-1"), Busy)
    time.sleep(SHORT.total_seconds() + 0.05)
    with rig.database.scope(rig.tenant_id) as connection:
        answer = claim(connection, rig.tenant_id, event, "c", SHORT, "lead-1")
    assert isinstance(answer, Claimed)
    assert answer.attempt == 2


def test_one_at_a_time_per_consumer_and_key_under_two_threads(rig: Rig) -> None:
    events = [rig.event(ordering_key=f"lead-{i % 12}") for i in range(24)]
    rig.publish(*events)
    inside: Counter[str] = Counter()
    together: list[str] = []
    parallel: list[int] = []
    guard = threading.Lock()

    def work(event: Event, _attempt: int) -> None:
        key = str(event.ordering_key)
        with guard:
            inside[key] += 1
            parallel.append(sum(inside.values()))
            if inside[key] > 1:
                together.append(key)
        time.sleep(0.01)
        with guard:
            inside[key] -= 1

    stop = threading.Event()
    workers = [rig.worker(Toy(action=work)) for _ in range(2)]
    threads = [threading.Thread(target=w.run_forever, args=(stop, None, 4)) for w in workers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while len(rig.effects()) < len(events) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert together == []
    assert max(parallel) == 2
    assert sorted(row.event_id for row in rig.effects()) == sorted(event.id for event in events)
    assert (rig.messages(), rig.dead_letters()) == ([], [])


def test_a_cut_connection_gives_the_whole_batch_back_and_burns_no_attempt(
    rig: Rig, fresh_database: Urls
) -> None:
    events = [rig.event(ordering_key=f"lead-{i}") for i in range(3)]
    for event in events:
        rig.publish(event)
    cuts = [1]

    def cut(_connection: Connection, event: Event) -> None:
        if event.id == events[1].id and cuts:
            cuts.pop()
            cut_connections(fresh_database)
            _connection.execute(text("SELECT 1"))

    toy = Toy(in_commit=cut, deadline=MINUTE)
    worker = rig.worker(toy)
    received = []
    for _ in range(6):
        try:
            received.append(worker.run_once())
        except DBAPIError:
            received.append(-1)
    assert received[0] == -1, "the cut is seen"
    assert [n for n in received if n > 0] == [3], "and the whole batch comes again, at once"
    assert sorted(row.event_id for row in rig.effects()) == sorted(event.id for event in events)
    assert [rig.inbox(event).attempts for event in events] == [1, 1, 1]
    assert rig.messages() == []


def test_messages_of_a_tenant_that_is_gone_die_and_the_worker_lives(rig: Rig) -> None:
    lost, kept = rig.event(), rig.event()
    rig.publish(lost)
    with rig.owner.begin() as connection:
        connection.execute(
            text("UPDATE fibonacci_core.queue_messages SET tenant_id = :other"), {"other": uuid4()}
        )
    rig.publish(kept)
    worker = rig.worker(Toy())
    for _ in range(3):
        worker.run_once()
        rig.make_visible()
    assert [row.event_id for row in rig.effects()] == [kept.id]
    (dead,) = rig.dead_letters()
    assert dead.event_id == lost.id
    assert "no such tenant" in dead.error_text


def test_a_worker_goes_on_until_its_queues_are_empty_and_acknowledges_all(rig: Rig) -> None:
    rig.publish(*(rig.event("teste", "feito", ordering_key=f"lead-{n % 3}") for n in range(25)))
    toy = Toy("a")
    assert rig.worker(toy).run_until_empty(batch=4) == 25
    assert len(toy.seen) == 25
    assert rig.messages("a") == []
