"""Replay: archived events are handed out again, marked, and once per replay and consumer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from fibonacci_bus import Event, InvalidPattern, Replayed, Selection, plan_replay, run_replay
from tests.conftest import TestTenant
from tests.integration.bus.rig import Permanent, Rig, Toy


def selection(rig: Rig, **more: Any) -> Selection:
    """All of the tenant's events, narrowed by ``more``."""
    return Selection(rig.tenant_id, **more)


def run(rig: Rig, chosen: Selection, name: str = "outra-vez", **more: Any) -> Replayed:
    """Run a replay."""
    return run_replay(rig.database.scope, rig.topology, chosen, name, **more)


def plan(rig: Rig, chosen: Selection, **more: Any) -> Replayed:
    """Plan a replay."""
    return plan_replay(rig.database.scope, rig.topology, chosen, **more)


def handled(rig: Rig, *events: Event, **more: Any) -> Toy:
    """Publish events of queue c and let a toy handle them."""
    toy = Toy(**more)
    rig.publish(*events)
    drain(rig, toy)
    toy.seen.clear()
    return toy


def drain(rig: Rig, *toys: Toy) -> None:
    """Handle all that is there."""
    worker = rig.worker(*toys)
    while worker.run_once():
        continue


def test_a_plan_counts_per_queue_and_writes_nothing(rig: Rig) -> None:
    rig.publish(rig.event("teste"), rig.event("teste"), rig.event("so.c"), rig.event("ninguem"))
    before = [len(rig.messages(queue)) for queue in "abc"]
    assert plan(rig, selection(rig)) == Replayed(4, 3, {"a": 2, "b": 2, "c": 1})
    assert [len(rig.messages(queue)) for queue in "abc"] == before
    assert rig.rows("SELECT count(*) AS n FROM fibonacci_core.events")[0].n == 4


def test_what_was_done_is_handled_again_and_says_that_it_is_a_replay(rig: Rig) -> None:
    got: list[Event] = []
    event = rig.event(ordering_key="lead-1")
    toy = handled(rig, event, action=lambda e, _: got.append(e))
    assert run(rig, selection(rig)) == Replayed(1, 1, {"c": 1})
    drain(rig, toy)
    [first, again] = got
    assert (first.replayed, first.replay_name, first.effects) == (False, None, True)
    assert (again.replayed, again.replay_name, again.effects) == (True, "outra-vez", False)
    assert (again.origin_id, again.detail) == (event.id, event.detail)
    assert (again.trace_id, again.ordering_key) == (event.trace_id, "lead-1")
    assert again.envelope()["replay-name"] == "outra-vez"
    assert again.envelope()["id"] == str(event.id)
    assert "replay-name" not in first.envelope()


def test_a_replay_is_handled_once_however_often_it_is_run(rig: Rig) -> None:
    toy = handled(rig, rig.event(), rig.event())
    assert run(rig, selection(rig)).events == 2
    assert run(rig, selection(rig)).events == 0
    drain(rig, toy)
    assert len(toy.seen) == 2
    assert run(rig, selection(rig)).events == 0, "its copies are no originals"
    assert run(rig, selection(rig), "outro-nome").events == 2


def test_a_replay_that_was_cut_goes_on_where_it_was(rig: Rig) -> None:
    handled(rig, *(rig.event() for _ in range(5)))

    def cut(so_far: Replayed) -> None:
        if so_far.looked_at == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(rig, selection(rig), batch=2, progress=cut)
    assert len(rig.messages()) == 4
    assert run(rig, selection(rig), batch=2).events == 1
    assert len(rig.messages()) == 5


def test_progress_is_told_after_every_batch(rig: Rig) -> None:
    rig.publish(*(rig.event() for _ in range(5)))
    told: list[Replayed] = []
    plan(rig, selection(rig), batch=2, progress=told.append)
    run(rig, selection(rig), batch=2, progress=told.append)
    assert [item.looked_at for item in told] == [2, 4, 5, 2, 4, 5]


def test_events_are_chosen_by_time_pattern_trace_and_queue(rig: Rig) -> None:
    first = rig.event("teste")
    late = rig.event("teste", occurred_at=first.occurred_at + timedelta(hours=2))
    other = rig.event("so.c", detail={"n": 7})
    rig.publish(first, late, other)
    middle = first.occurred_at + timedelta(hours=1)
    assert plan(rig, selection(rig, since=middle)).events == 1
    assert plan(rig, selection(rig, until=middle)).events == 2
    assert plan(rig, selection(rig, since=first.occurred_at, until=late.occurred_at)).events == 2
    assert plan(rig, selection(rig, trace_id=late.trace_id)).queues == {"a": 1, "b": 1}
    assert plan(rig, selection(rig, pattern={"detail": {"n": [7]}})).queues == {"c": 1}
    assert plan(rig, selection(rig, queues=frozenset({"b"}))).queues == {"b": 2}
    assert plan(rig, selection(rig, trace_id=uuid4())) == Replayed(0, 0, {})


def test_a_wrong_pattern_and_a_wrong_name_are_refused(rig: Rig) -> None:
    with pytest.raises(InvalidPattern, match="source"):
        plan(rig, selection(rig, pattern={"source": "teste"}))
    for name in ("", "x" * 121):
        with pytest.raises(ValueError, match="1 to 120"):
            run(rig, selection(rig), name)


def test_dead_letters_go_back_to_the_queue_where_they_died_and_nowhere_else(rig: Rig) -> None:
    def fail(_: Event, __: int) -> None:
        raise Permanent("não")

    event, fine = rig.event("teste"), rig.event("so.c")
    rig.publish(event, fine)
    drain(rig, Toy("a", action=fail), Toy("b"), Toy("c"))
    assert run(rig, selection(rig, dead_letters=True)) == Replayed(1, 1, {"a": 1})
    toy = Toy("a")
    drain(rig, toy, Toy("b"), Toy("c"))
    assert len(toy.seen) == 1
    [dead] = rig.dead_letters()
    assert dead.redriven_at is not None
    assert plan(rig, selection(rig, dead_letters=True)).events == 0


def test_a_copy_that_dies_can_be_replayed_and_keeps_its_origin(rig: Rig) -> None:
    def fail(_: Event, __: int) -> None:
        raise Permanent("não")

    event = rig.event()
    handled(rig, event)
    run(rig, selection(rig))
    drain(rig, Toy(action=fail))
    assert run(rig, selection(rig, dead_letters=True), "segunda").queues == {"c": 1}
    got: list[Event] = []
    drain(rig, Toy(action=lambda e, _: got.append(e)))
    assert [(e.origin_id, e.replay_name) for e in got] == [(event.id, "segunda")]


def test_effects_are_asked_for(rig: Rig) -> None:
    got: list[Event] = []
    toy = handled(rig, rig.event(), action=lambda e, _: got.append(e))
    run(rig, selection(rig), effects=True)
    drain(rig, toy)
    assert got[-1].replayed
    assert got[-1].effects


def test_copies_go_out_in_the_order_of_the_originals(rig: Rig) -> None:
    moment = rig.event().occurred_at
    events = [rig.event(occurred_at=moment + timedelta(seconds=n)) for n in range(20)]
    rig.publish(*reversed(events))
    drain(rig, Toy())
    run(rig, selection(rig), batch=7)
    got: list[Event] = []
    drain(rig, Toy(action=lambda e, _: got.append(e)))
    assert [e.origin_id for e in got] == [event.id for event in events]


def test_another_tenants_events_are_out_of_reach(rig: Rig, other_tenant: TestTenant) -> None:
    rig.publish(rig.event())
    assert plan(rig, Selection(other_tenant.id)) == Replayed(0, 0, {})
