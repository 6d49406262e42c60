"""Stored with the caller's work, pushed after the commit, found by the sweep.

EventBridge is moto's: it takes every entry. Partial failures are told by an ``Inspector`` before
it, after AWS's reference of ``PutEventsResultEntry``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from fibonacci_bus import EventTooLarge
from fibonacci_bus.event import MAX_BYTES, MAX_DEPTH
from tests.conftest import TestTenant
from tests.integration.bus.aws.cloud import Cloud, Inspector, events_client
from tests.integration.bus.rig import Rig, Toy

NOW = timedelta(0)


def store(cloud: Cloud, *events: Any) -> None:
    """Commit events and die before the push."""
    with cloud.rig.database.scope(cloud.rig.tenant_id) as connection:
        cloud.publisher().publish(connection, events)


def test_an_event_goes_from_the_commit_by_rule_and_queue_to_one_effect(cloud: Cloud) -> None:
    event = cloud.rig.event("teste", "feito", ordering_key="lead-1", detail={"é": [1, None]})
    cloud.publish(event)
    assert cloud.statuses() == ["enviado"]
    assert (cloud.count("a"), cloud.count("b"), cloud.count("c")) == (2, 1, 0)
    seen: list[Any] = []
    toys = [Toy(name, action=lambda event, _: seen.append(event)) for name in ("a", "b")]
    pump = cloud.pump(*toys)
    assert [pump.invoke(cloud.url(name)) for name in ("a", "b")] == [[], []]
    assert [pump.invoke(cloud.url(name)) for name in ("a", "b")] == [None, None]
    assert sorted(row.consumer for row in cloud.rig.effects()) == ["a", "b"]
    assert seen == [event, event], "whole, from its row"
    assert cloud.count("a") == cloud.count("b") == 0


def test_a_rollback_pushes_nothing(cloud: Cloud) -> None:
    inspector = Inspector(cloud.events)
    publisher = cloud.publisher(inspector)
    with (
        pytest.raises(RuntimeError, match="changed my mind"),
        publisher.pushing()(cloud.rig.tenant_id) as connection,
    ):
        publisher.publish(connection, [cloud.rig.event()])
        raise RuntimeError("changed my mind")
    with publisher.pushing()(cloud.rig.tenant_id):
        pass
    assert (inspector.calls, cloud.statuses()) == ([], [])


def test_what_a_consumer_publishes_is_pushed_with_its_commit(cloud: Cloud) -> None:
    first, then = cloud.rig.event(), cloud.rig.event("teste")
    publisher = cloud.publisher()
    cloud.publish(first)

    def follow(connection: Connection, _event: object) -> None:
        publisher.publish(connection, [then])

    queues = cloud.queues()
    worker = cloud.rig.worker(Toy(in_commit=follow), reader=queues, scope=publisher.pushing())
    assert worker.run_once() == 1
    assert cloud.statuses() == ["enviado", "enviado"]
    assert (cloud.count("c"), cloud.count("a")) == (0, 1)


def test_publishing_again_with_the_same_id_pushes_once(cloud: Cloud) -> None:
    event = cloud.rig.event()
    cloud.publish(event, event)
    cloud.publish(event)
    assert cloud.count() == 1


def test_the_sweep_finds_what_a_process_left_that_died_before_its_push(cloud: Cloud) -> None:
    events = [cloud.rig.event() for _ in range(5)]
    store(cloud, *events)
    assert (cloud.statuses(), cloud.count()) == (["pendente"] * 5, 0)
    publisher = cloud.publisher()
    relay = cloud.rig.database.relay_engine
    assert publisher.sweep(relay) == 0, "younger than thirty seconds: its process may still push"
    assert publisher.sweep(relay, older_than=NOW, limit=2) == 5
    assert publisher.sweep(relay, older_than=NOW) == 0
    assert cloud.statuses() == ["enviado"] * 5
    cloud.pump(Toy()).invoke(cloud.url())
    assert sorted(row.event_id for row in cloud.rig.effects()) == sorted(e.id for e in events)


def test_an_event_pushed_twice_is_handled_once(cloud: Cloud) -> None:
    event = cloud.rig.event()
    store(cloud, event)
    cloud.publisher().push([event])
    cloud.publisher().push([event])
    assert cloud.count() == 2
    toy = Toy()
    pump = cloud.pump(toy)
    while pump.invoke(cloud.url()) is not None:
        pass
    assert toy.seen == [(event.id, 1)]
    assert len(cloud.rig.effects()) == 1
    assert cloud.count() == 0


def test_two_sweeps_never_push_the_same_event(cloud: Cloud) -> None:
    store(cloud, cloud.rig.event())
    inner = cloud.publisher()
    relay = cloud.rig.database.relay_engine

    def meanwhile(_call: int, _entry: Mapping[str, Any]) -> None:
        assert inner.sweep(relay, older_than=NOW) == 0, "the row is locked by the first"

    outer = cloud.publisher(Inspector(cloud.events, meanwhile))
    assert outer.sweep(relay, older_than=NOW) == 1
    assert cloud.count() == 1


def test_only_failed_entries_are_sent_again_after_a_pause(cloud: Cloud) -> None:
    pauses: list[float] = []
    codes = {"t3": "ThrottlingException", "t7": "InternalFailure"}

    def twice(call: int, entry: Mapping[str, Any]) -> str | None:
        return codes.get(entry["DetailType"]) if call <= 2 else None

    inspector = Inspector(cloud.events, twice)
    publisher = cloud.publisher(inspector, sleep=pauses.append, jitter=lambda: 1.0)
    with publisher.pushing()(cloud.rig.tenant_id) as connection:
        publisher.publish(connection, [cloud.rig.event(type_=f"t{n}") for n in range(10)])
    assert inspector.calls == [[f"t{n}" for n in range(10)], ["t3", "t7"], ["t3", "t7"]]
    assert pauses == [0.2, 0.4]
    assert cloud.statuses() == ["enviado"] * 10
    assert cloud.count() == 10


def test_entries_that_fail_to_the_end_are_left_to_the_sweep(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    codes = {"busy": "ThrottlingException", "wrong": "MalformedDetail"}
    inspector = Inspector(cloud.events, lambda _, entry: codes.get(entry["DetailType"]))
    publisher = cloud.publisher(inspector, attempts=3)
    with publisher.pushing()(cloud.rig.tenant_id) as connection:
        publisher.publish(
            connection, [cloud.rig.event(type_=type_) for type_ in ("busy", "wrong", "fine")]
        )
    assert inspector.calls == [["busy", "wrong", "fine"], ["busy"], ["busy"]]
    assert sorted(cloud.statuses()) == ["enviado", "pendente", "pendente"]
    assert "refused an event: MalformedDetail" in caplog.text
    assert "left to the sweep" in caplog.text
    assert cloud.publisher().sweep(cloud.rig.database.relay_engine, older_than=NOW) == 2
    assert cloud.count() == 3


def test_eventbridge_that_is_away_fails_no_committed_work(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = events_client("http://127.0.0.1:9")
    publisher = cloud.publisher(nobody)
    with publisher.pushing()(cloud.rig.tenant_id) as connection:
        publisher.publish(connection, [cloud.rig.event()])
    nobody.close()
    assert "EventBridge unreachable, left to the sweep" in caplog.text
    assert cloud.statuses() == ["pendente"]
    assert cloud.publisher().sweep(cloud.rig.database.relay_engine, older_than=NOW) == 1


def test_the_sweep_finds_what_was_stored_while_the_servers_clock_was_ahead(cloud: Cloud) -> None:
    store(cloud, cloud.rig.event())
    relay = cloud.rig.database.relay_engine
    assert cloud.publisher().sweep(relay) == 0, "it is being pushed just now"
    with cloud.rig.owner.begin() as connection:
        connection.execute(
            text("UPDATE fibonacci_core.events SET published_at = published_at + interval '1 hour'")
        )
    assert cloud.publisher().sweep(relay) == 1


def test_calls_hold_ten_entries_and_256_kb_at_most(cloud: Cloud) -> None:
    inspector = Inspector(cloud.events)
    publisher = cloud.publisher(inspector)
    large = [cloud.rig.event(type_=f"l{n}", detail={"x": "é" * 50_000}) for n in range(3)]
    small = [cloud.rig.event(type_=f"s{n}") for n in range(21)]
    with publisher.pushing()(cloud.rig.tenant_id) as connection:
        publisher.publish(connection, large)
    assert [len(call) for call in inspector.calls] == [2, 1]
    inspector.calls.clear()
    with publisher.pushing()(cloud.rig.tenant_id) as connection:
        publisher.publish(connection, small)
    assert [len(call) for call in inspector.calls] == [10, 10, 1]
    assert cloud.count() == 24


def test_what_eventbridge_would_not_take_is_refused_before_it_is_stored(cloud: Cloud) -> None:
    # It fits as a row, and not with the bus's fields in the detail.
    room = MAX_BYTES - 40
    event = cloud.rig.event(detail={"x": "a" * room})
    with pytest.raises(EventTooLarge, match=str(MAX_BYTES)):
        cloud.publish(cloud.rig.event(), event)
    with pytest.raises(ValueError, match="'fibonacci'"):
        cloud.publish(cloud.rig.event(detail={"fibonacci": {}}))
    assert (cloud.statuses(), cloud.count()) == ([], 0)


def test_a_chain_deeper_than_fifty_dies_and_is_never_pushed(cloud: Cloud) -> None:
    last, loop = cloud.rig.event(depth=MAX_DEPTH), cloud.rig.event(depth=MAX_DEPTH + 1)
    cloud.publish(last, loop, loop)
    assert cloud.statuses() == ["enviado", "enviado"]
    assert cloud.count() == 1
    (dead,) = cloud.rig.dead_letters()
    assert (dead.event_id, dead.queue, dead.error_class) == (loop.id, "c", "permanent")


def test_a_tenant_that_fails_does_not_hold_up_the_others(
    cloud: Cloud, other_tenant: TestTenant, caplog: pytest.LogCaptureFixture
) -> None:
    store(cloud, cloud.rig.event())
    with cloud.rig.database.scope(other_tenant.id) as connection:
        other = cloud.rig.event("teste", tenant_id=other_tenant.id)
        cloud.publisher().publish(connection, [other])

    @contextmanager
    def partly(tenant_id: UUID) -> Iterator[Connection]:
        if tenant_id == cloud.rig.tenant_id:
            raise RuntimeError("no such tenant")
        with cloud.rig.database.scope(tenant_id) as connection:
            yield connection

    publisher = cloud.publisher(scope=partly)
    assert publisher.sweep(cloud.rig.database.relay_engine, older_than=NOW) == 1
    assert (cloud.count("c"), cloud.count("a")) == (0, 1)
    assert "sweep failed" in caplog.text


def test_the_relay_sees_of_events_only_whose_are_pending(rig: Rig, cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event())
    store(cloud, cloud.rig.event())
    with rig.database.relay_engine.begin() as connection:
        seen = connection.execute(text("SELECT tenant_id, status FROM fibonacci_core.events"))
        assert [tuple(row) for row in seen] == [(rig.tenant_id, "pendente")]


def test_marking_may_fail_without_failing_committed_work(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    event = cloud.rig.event()
    store(cloud, event)

    @contextmanager
    def broken(tenant_id: UUID) -> Iterator[Connection]:
        with cloud.rig.database.scope(tenant_id) as connection:
            connection.execute(text("SELECT 1 / 0"))
            yield connection

    publisher = cloud.publisher(scope=broken)
    assert publisher.push([event]) == 1
    assert "pushed, not marked" in caplog.text
    assert cloud.statuses() == ["pendente"], "the sweep pushes it again, the inbox makes it one"
