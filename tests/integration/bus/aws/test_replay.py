"""Replay in the AWS home: copies go through PutEvents, to the chosen queues only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from fibonacci_bus import Event, Replayed, Selection, run_replay
from tests.integration.bus.aws.cloud import Cloud, Inspector
from tests.integration.bus.rig import Toy


def replay(cloud: Cloud, client: Any = None, **more: Any) -> Replayed:
    """Replay all of the tenant's events under one name."""
    effects = more.pop("effects", False)
    return run_replay(
        cloud.rig.database.scope,
        cloud.rig.topology,
        Selection(cloud.rig.tenant_id, **more),
        "outra-vez",
        effects=effects,
        push=cloud.publisher(client).push_copies,
    )


def _keeping(kept: list[Event]) -> Callable[[Event, int], None]:
    return lambda event, _attempt: kept.append(event)


def handled(cloud: Cloud, *queues: str) -> dict[str, list[Event]]:
    """Handle what is on the queues; the events by queue."""
    got: dict[str, list[Event]] = {queue: [] for queue in queues}
    toys = [Toy(name=queue, action=_keeping(got[queue])) for queue in queues]
    pump = cloud.pump(*toys)
    for queue in queues:
        while pump.invoke(cloud.url(queue)) is not None:
            continue
    return got


def test_a_replayed_event_reaches_the_chosen_queues_marked_and_without_effects(
    cloud: Cloud,
) -> None:
    event = cloud.rig.event("teste")
    cloud.publish(event)
    assert {q: len(e) for q, e in handled(cloud, "a", "b").items()} == {"a": 1, "b": 1}
    assert replay(cloud, queues=frozenset({"b"})) == Replayed(1, 1, {"b": 1})
    got = handled(cloud, "a", "b")
    assert got["a"] == []
    (copy,) = got["b"]
    assert (copy.replayed, copy.origin_id, copy.replay_name) == (True, event.id, "outra-vez")
    assert copy.effects is False
    assert cloud.count("a") == 0
    assert cloud.rig.dead_letters() == []
    assert {row.consumer for row in cloud.rig.effects()} == {"a", "b"}


def test_a_replay_that_ended_pushes_nothing_again(cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event(), cloud.rig.event())
    handled(cloud, "c")
    assert replay(cloud, effects=True).events == 2
    assert [event.effects for event in handled(cloud, "c")["c"]] == [True, True]
    assert replay(cloud, effects=True).events == 0
    assert cloud.count("c") == 0


def test_what_eventbridge_did_not_take_is_pushed_by_the_same_name_and_by_no_sweep(
    cloud: Cloud,
) -> None:
    cloud.publish(cloud.rig.event("teste"))
    handled(cloud, "a", "b")
    down = Inspector(cloud.events, lambda call, entry: "ThrottlingException")
    replay(cloud, down, queues=frozenset({"a"}))
    assert cloud.publisher().sweep(cloud.rig.database.relay_engine, older_than=timedelta(0)) == 0
    assert sorted(cloud.statuses()) == ["enviado", "pendente"]
    assert replay(cloud, queues=frozenset({"a"})) == Replayed(1, 1, {"a": 1})
    got = handled(cloud, "a", "b")
    assert (len(got["a"]), len(got["b"])) == (1, 0)
    assert cloud.statuses() == ["enviado", "enviado"]
