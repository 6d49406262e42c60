"""Order within a key, also in groups, and tables that stay small."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from fibonacci_bus import ErrorClass, Event, Queue
from tests.conftest import TestTenant
from tests.database import Urls
from tests.integration.bus.rig import Rig, Toy, Transient, behind, fill

HOUR = timedelta(hours=1)


def test_of_a_key_only_the_first_is_handed_out_until_it_is_acknowledged(rig: Rig) -> None:
    events = [rig.event(ordering_key="lead-1") for _ in range(4)]
    other = rig.event(ordering_key="lead-2")
    rig.publish(*events, other)
    reader = rig.reader
    batch = reader.receive(["c"])
    assert [message.event_id for message in batch] == [events[0].id, other.id]
    for later in events[1:]:
        assert reader.receive(["c"]) == []
        batch = reader.ack_and_receive(batch, ["c"])
        assert [message.event_id for message in batch] == [later.id]
        assert batch[0].receives == 1, "waiting burnt no receive"
    assert reader.ack_and_receive(batch, ["c"]) == []
    assert rig.messages() == []


def test_a_message_that_waits_for_its_next_try_holds_its_key_back(rig: Rig) -> None:
    first, second = rig.event(ordering_key="lead-1"), rig.event(ordering_key="lead-1")
    rig.publish(first)
    (message,) = rig.reader.receive(["c"])
    rig.reader.release(message, HOUR)
    rig.publish(second)
    assert rig.reader.receive(["c"]) == []
    assert rig.messages()[1].receives == 0
    rig.make_visible()
    (again,) = rig.reader.receive(["c"])
    assert again.event_id == first.id


def test_a_dead_letter_sets_its_key_free(rig: Rig) -> None:
    first, second = rig.event(ordering_key="lead-1"), rig.event(ordering_key="lead-1")
    rig.publish(first, second)
    (message,) = rig.reader.receive(["c"])
    assert rig.reader.receive(["c"]) == []
    rig.reader.dead_letter(message, ErrorClass.PERMANENT, "x")
    (next_one,) = rig.reader.receive(["c"])
    assert next_one.event_id == second.id


def test_a_delayed_event_takes_its_place_when_it_is_due(rig: Rig) -> None:
    later, now = rig.event(ordering_key="lead-1"), rig.event(ordering_key="lead-1")
    rig.publish(later, delay=HOUR)
    rig.publish(now)
    (message,) = rig.reader.receive(["c"])
    assert message.event_id == now.id


def test_the_same_key_of_another_queue_or_partition_is_free(
    rig: Rig, other_tenant: TestTenant
) -> None:
    fill(rig, rig.tenant_id, 2, key="lead-")
    fill(rig, other_tenant.id, 2, key="lead-")
    assert len(rig.reader.receive(["c"])) == 2


def test_two_workers_keep_each_keys_order_through_failures(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [rig.event(ordering_key=f"lead-{i % 4}") for i in range(40)]
    for event in events:
        rig.publish(event)
    done: list[Event] = []
    failed: set[UUID] = set()
    guard = threading.Lock()

    def work(event: Event, _attempt: int) -> None:
        with guard:
            if event.id.int % 3 == 0 and event.id not in failed:
                failed.add(event.id)
                raise Transient("once")
        time.sleep(0.002)
        with guard:
            done.append(event)

    stop = threading.Event()
    workers = [rig.worker(Toy(action=work), jitter=lambda: 0.0) for _ in range(2)]
    monkeypatch.setattr(
        "fibonacci_bus.delivery.backoff", lambda attempt, jitter: timedelta(milliseconds=20)
    )
    threads = [threading.Thread(target=w.run_forever, args=(stop, None, 5)) for w in workers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while rig.messages() and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert failed
    for key in {event.ordering_key for event in events}:
        wanted = [event.id for event in events if event.ordering_key == key]
        assert [event.id for event in done if event.ordering_key == key] == wanted


def test_a_long_chain_of_one_key_does_not_hide_what_is_behind_it(rig: Rig) -> None:
    fill(rig, rig.tenant_id, 3000, key="lead-")
    event = rig.event(ordering_key="outro")
    rig.publish(event)
    reader = rig.reader
    reader.receive(["c"])
    (message,) = reader.receive(["c"])
    assert message.event_id == event.id
    states = rig.rows("SELECT state, count(*) FROM fibonacci_core.queue_messages GROUP BY 1")
    assert dict(map(tuple, states))["parked"] == 2999


@pytest.mark.untraced
def test_fifty_thousand_messages_later_table_and_indexes_are_no_larger(
    rig: Rig, fresh_database: Urls
) -> None:
    """Each round is swept as autovacuum would: the table's own settings ask for it so soon."""
    (options,) = rig.rows(
        "SELECT reloptions FROM pg_class WHERE oid = 'fibonacci_core.queue_messages'::regclass"
    )
    assert "autovacuum_vacuum_threshold=2000" in options.reloptions
    assert "autovacuum_vacuum_scale_factor=0" in options.reloptions
    owner = create_engine(fresh_database.owner, isolation_level="AUTOCOMMIT")
    sizes = []
    for _ in range(5):
        fill(rig, rig.tenant_id, 10_000, key="lead-", keys=2_000)
        reader = rig.reader
        batch = reader.receive(["c"], 500)
        while batch:
            batch = reader.ack_and_receive(batch, ["c"], 500)
        with owner.connect() as connection:
            connection.execute(text("VACUUM fibonacci_core.queue_messages"))
        (size,) = rig.rows(
            "SELECT pg_table_size(t) AS heap, pg_indexes_size(t) AS indexes "
            "FROM (SELECT 'fibonacci_core.queue_messages'::regclass AS t) AS measured"
        )
        sizes.append((size.heap, size.indexes))
    owner.dispose()
    assert rig.messages() == []
    # A deleted index page is reused a sweep or two later, and no sooner than the oldest transaction
    # of the whole server ends, which may be another test's. Without reuse a round adds its 3 MB.
    for grown in zip(*sizes[2:], strict=True):
        assert max(grown) <= 1.5 * grown[0], sizes


class TestGroups:
    """Several events in one claim and one commit."""

    @pytest.fixture
    def grouped(self, rig: Rig) -> Rig:
        return behind(rig, Queue("c", group=5))

    def test_every_event_is_settled_and_traced(self, grouped: Rig) -> None:
        events = [grouped.event(ordering_key=f"lead-{i}") for i in range(7)]
        grouped.publish(*events, grouped.event())
        assert grouped.worker(Toy()).run_once() == 8
        assert len(grouped.effects()) == 8
        assert grouped.messages() == []
        assert grouped.rows("SELECT 1 FROM fibonacci_core.leases") == []
        assert len(grouped.rows("SELECT 1 FROM fibonacci_core.traces")) == 8
        transactions = grouped.rows("SELECT DISTINCT xmin FROM fibonacci_core.efeitos")
        assert len(transactions) == 2, "five and three"

    def test_one_that_fails_does_not_take_the_others_along(self, grouped: Rig) -> None:
        events = [grouped.event() for _ in range(4)]
        grouped.publish(*events)

        def fail_one(event: Event, _attempt: int) -> None:
            if event.id == events[1].id:
                raise Transient("busy line")

        grouped.worker(Toy(action=fail_one)).run_once()
        assert len(grouped.effects()) == 3
        (waiting,) = grouped.messages()
        assert (waiting.event_id, waiting.hidden) == (events[1].id, True)
        assert grouped.inbox(events[1]).last_error == "Transient: busy line"

    def test_a_commit_that_fails_is_repeated_one_by_one(self, grouped: Rig) -> None:
        events = [grouped.event() for _ in range(4)]
        grouped.publish(*events)

        def refuse(_connection: object, event: Event) -> None:
            if event.id == events[2].id:
                raise Transient("late")

        toy = Toy(in_commit=refuse)
        grouped.worker(toy).run_once()
        assert sorted(row.event_id for row in grouped.effects()) == sorted(
            event.id for event in events if event.id != events[2].id
        )
        assert grouped.inbox(events[2]).status == "failed"
        assert len(toy.seen) == 8

    def test_what_was_done_before_is_acknowledged_and_the_rest_is_run(self, grouped: Rig) -> None:
        first, second = grouped.event(), grouped.event()
        grouped.publish(first)
        grouped.worker(Toy()).run_once()
        grouped.publish(second)
        grouped.publish_copy(first)
        toy = Toy()
        grouped.worker(toy).run_once()
        assert toy.seen == [(second.id, 1)]
        assert grouped.messages() == []

    def test_what_is_not_admitted_is_acknowledged_unhandled(self, grouped: Rig) -> None:
        grouped.publish(grouped.event(), grouped.event())
        toy = Toy(admitted=False)
        grouped.worker(toy).run_once()
        assert (toy.seen, grouped.messages()) == ([], [])

    def test_what_was_received_before_is_claimed_alone(self, grouped: Rig) -> None:
        """It may have killed its worker: its neighbours must not pay for it again."""
        grouped.publish(grouped.event(), grouped.event())
        grouped.reader.receive(["c"])
        grouped.make_visible()
        grouped.worker(Toy()).run_once()
        assert len(grouped.rows("SELECT DISTINCT xmin FROM fibonacci_core.efeitos")) == 2
