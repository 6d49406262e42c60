"""Figures: depth, age, rates and failures by consumer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from fibonacci_bus import Event, figures
from tests.conftest import TestTenant
from tests.integration.bus.rig import Permanent, Rig, Toy, Transient


def test_a_quiet_bus_has_nothing_to_tell(rig: Rig) -> None:
    with rig.owner.begin() as connection:
        found = figures(connection)
    assert (found.published, found.queues, found.consumers) == (0, (), ())


def test_depth_and_age_of_the_oldest_that_could_be_received(rig: Rig) -> None:
    rig.publish(rig.event(), rig.event(), rig.event())
    rig.publish(rig.event(), delay=timedelta(hours=1))
    assert len(rig.reader.receive(["c"], 1)) == 1
    with rig.owner.begin() as connection:
        connection.execute(
            text("UPDATE fibonacci_core.queue_messages SET enqueued_at = enqueued_at - :by"),
            {"by": timedelta(seconds=90)},
        )
        [queue] = figures(connection).queues
    assert (queue.queue, queue.waiting, queue.in_flight, queue.delayed) == ("c", 2, 1, 1)
    assert queue.oldest_seconds == pytest.approx(90, abs=5)


def test_what_a_consumer_handled_and_how_it_failed(rig: Rig) -> None:
    def moody(event: Event, attempt: int) -> None:
        if event.detail["n"] == "late" and attempt == 1:
            raise Transient("depois")
        if event.detail["n"] == "never":
            raise Permanent("nunca")

    toy = Toy(action=moody)
    rig.publish(*(rig.event(detail={"n": n}) for n in ("fine", "fine", "late", "never")))
    for _ in range(2):
        worker = rig.worker(toy)
        while worker.run_once():
            continue
        rig.make_visible()
    with rig.owner.begin() as connection:
        found = figures(connection, window=timedelta(minutes=10))
        [item] = found.consumers
    assert (item.consumer, item.handled, item.failures) == ("c", 3, 2)
    assert (item.buried, item.pending) == (1, 1)
    assert item.failure_rate == pytest.approx(0.4)
    assert item.per_minute == pytest.approx(0.3)
    assert item.p95_ms >= item.mean_ms >= 0
    assert found.published == 4


def test_only_the_window_counts_but_pending_dead_letters_always_do(rig: Rig) -> None:
    def fail(_: Event, __: int) -> None:
        raise Permanent("não")

    rig.publish(rig.event())
    rig.worker(Toy(action=fail)).run_once()
    with rig.owner.begin() as connection:
        for change in ("dead_letters SET died_at = died_at", "inbox SET claimed_at = claimed_at"):
            connection.execute(text(f"UPDATE fibonacci_core.{change} - interval '2 hours'"))
        [item] = figures(connection, window=timedelta(hours=1)).consumers
    assert (item.failures, item.buried, item.pending, item.failure_rate) == (0, 0, 1, 0.0)


def test_a_tenant_sees_its_own_figures_only(rig: Rig, other_tenant: TestTenant) -> None:
    rig.publish(rig.event())
    with rig.database.scope(other_tenant.id) as connection:
        assert figures(connection).queues == ()
    with rig.database.scope(rig.tenant_id) as connection:
        assert [queue.queue for queue in figures(connection).queues] == ["c"]
    with rig.owner.begin() as connection:
        assert figures(connection, tenant_id=other_tenant.id).queues == ()
