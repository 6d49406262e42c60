"""Events of a paused partition wait with their attempts, and go on in their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from fibonacci_bus import (
    Event,
    Paused,
    Queue,
    Retention,
    Rule,
    Topology,
    figures,
    publish,
    purge,
    resume,
    revision_3,
)
from fibonacci_bus.pausing import paused_partitions
from tests.conftest import TestTenant
from tests.integration.bus.rig import Rig, Toy

GROUPED = Topology([Queue("c", group=10)], [Rule("c", {"source": ["so.c"]}, "c")])


class Closed(Toy):
    """A toy that pauses what it is asked about while ``closed`` is True."""

    closed = True

    def admit(self, connection: Connection, event: Event) -> bool:
        if self.closed:
            raise Paused("closed")
        return True


def go_on(rig: Rig) -> int:
    """Resume every partition."""
    return resume(rig.database.relay_engine, lambda tenant_id, queue: True)


def settle_all(rig: Rig, toy: Toy) -> None:
    """Handle what is visible, one receive after the other."""
    worker = rig.worker(toy)
    while worker.run_once():
        continue


@pytest.mark.parametrize("topology", [None, GROUPED], ids=["alone", "grouped"])
def test_what_came_while_paused_is_handled_afterwards_in_order_with_all_its_attempts(
    rig: Rig, topology: Topology | None
) -> None:
    rig.topology = topology or rig.topology
    events = [rig.event(ordering_key="lead-1") for _ in range(3)]
    rig.publish(*events)
    toy = Closed()
    for _ in range(5):
        settle_all(rig, toy)
    assert (toy.seen, rig.dead_letters()) == ([], [])
    first = rig.messages()[0]
    assert (first.state, first.receives) == ("paused", 0)
    assert rig.rows("SELECT 1 FROM fibonacci_core.inbox") == []
    toy.closed = False
    settle_all(rig, toy)
    assert toy.seen == [], "nothing goes past the first of its key"
    assert go_on(rig) >= 1
    settle_all(rig, toy)
    assert toy.seen == [(event.id, 1) for event in events]
    assert rig.messages() == []


def test_a_run_that_meets_the_pause_in_its_commit_leaves_nothing_and_is_no_attempt(
    rig: Rig,
) -> None:
    event = rig.event(ordering_key="lead-1")
    rig.publish(event)
    closed = [True]

    def stop(connection: Connection, event: Event) -> None:
        if closed[0]:
            raise Paused("closed meanwhile")

    toy = Toy(in_commit=stop)
    for _ in range(4):
        settle_all(rig, toy)
        go_on(rig)
    assert rig.effects() == []
    closed[0] = False
    settle_all(rig, toy)
    assert [(row.event_id, row.attempt) for row in rig.effects()] == [(event.id, 1)]
    assert rig.dead_letters() == []


def test_only_the_partitions_that_may_go_on_do(rig: Rig, other_tenant: TestTenant) -> None:
    ours, theirs = rig.event(), rig.event(tenant_id=other_tenant.id)
    rig.publish(ours)
    with rig.database.scope(other_tenant.id) as connection:
        publish(connection, [theirs], rig.topology)
    toy = Closed()
    settle_all(rig, toy)
    toy.closed = False
    relay = rig.database.relay_engine
    expected = sorted((tenant, "c") for tenant in (rig.tenant_id, other_tenant.id))
    assert paused_partitions(relay) == expected
    asked: list[UUID] = []

    def ours_only(tenant_id: UUID, queue: str) -> bool:
        asked.append(tenant_id)
        return tenant_id == rig.tenant_id

    assert resume(relay, ours_only) == 1
    settle_all(rig, toy)
    assert toy.seen == [(ours.id, 1)]
    assert len(asked) == 2
    assert paused_partitions(relay) == [(other_tenant.id, "c")]


def test_paused_messages_are_seen_and_no_backlog_and_outlive_the_retention(rig: Rig) -> None:
    rig.publish(rig.event(), rig.event())
    settle_all(rig, Closed())
    depth = rig.reader.depth()["c"]
    assert (depth.waiting, depth.in_flight, depth.delayed, depth.paused) == (0, 0, 0, 2)
    assert depth.oldest_seconds == 0
    with rig.owner.begin() as connection:
        (queue,) = figures(connection).queues
        connection.execute(
            text("UPDATE fibonacci_core.queue_messages SET enqueued_at = now() - interval '99 d'")
        )
    assert (queue.waiting, queue.delayed, queue.paused) == (0, 0, 2)
    short = Queue("c", retention=timedelta(days=1))
    purge(rig.database.scope, rig.tenant_id, Retention(), [short], datetime.now(UTC))
    assert len(rig.messages()) == 2


def test_a_worker_that_lost_its_receipt_pauses_nothing(rig: Rig) -> None:
    rig.publish(rig.event())
    [message] = rig.reader.receive(["c"])
    rig.make_visible()
    [again] = rig.reader.receive(["c"])
    assert not rig.reader.pause(message)
    assert rig.reader.pause(again)


def test_the_older_version_of_the_tables_lets_paused_messages_go_on(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    settle_all(rig, Closed())
    with rig.owner.begin() as connection:
        revision_3.downgrade(connection.exec_driver_sql)
    toy = Toy()
    settle_all(rig, toy)
    assert toy.seen == [(event.id, 1)]
    with rig.owner.begin() as connection:
        revision_3.upgrade(connection.exec_driver_sql)
    rig.publish(rig.event())
    settle_all(rig, Closed())
    assert [row.state for row in rig.messages()] == ["paused"]
