"""Publishing joins the caller's transaction, once per event and queue."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from fibonacci_bus import ErrorClass, EventTooLarge, Listener, publish, redrive
from fibonacci_bus.event import MAX_BYTES, MAX_DEPTH
from tests.database import Urls
from tests.integration.bus.rig import Permanent, Rig, Toy, cut_connections


def test_a_rollback_publishes_nothing(rig: Rig) -> None:
    with (
        pytest.raises(RuntimeError, match="changed my mind"),
        rig.database.scope(rig.tenant_id) as connection,
    ):
        publish(connection, [rig.event("teste")], rig.topology)
        raise RuntimeError("changed my mind")
    assert rig.rows("SELECT 1 FROM fibonacci_core.events") == []
    assert rig.messages("a") == []


def test_an_event_lands_once_on_each_queue_that_wants_it(rig: Rig) -> None:
    event = rig.event("teste", "feito", ordering_key="lead-1")
    rig.publish(event)
    assert [row.event_id for row in rig.messages("a")] == [event.id]
    assert [row.ordering_key for row in rig.messages("b")] == ["lead-1"]
    assert rig.messages("c") == []


def test_publishing_again_with_the_same_id_changes_nothing(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event, event)
    rig.publish(event)
    assert len(rig.messages()) == 1
    assert rig.rows("SELECT count(*) AS n FROM fibonacci_core.events")[0].n == 1


def test_messages_of_one_publish_keep_the_order_of_its_events(rig: Rig) -> None:
    events = [rig.event("teste", "feito") for _ in range(40)]
    rig.publish(*events)
    got = [row.event_id for row in sorted(rig.messages("a"), key=lambda row: row.id)]
    assert got == [event.id for event in events]


def test_an_event_that_nobody_wants_is_still_stored(rig: Rig) -> None:
    rig.publish(rig.event("ninguem"))
    assert rig.rows("SELECT count(*) AS n FROM fibonacci_core.events")[0].n == 1


def test_an_event_over_256_kb_is_refused_and_nothing_is_stored(rig: Rig) -> None:
    with pytest.raises(EventTooLarge, match=str(MAX_BYTES)):
        rig.publish(rig.event(), rig.event(detail={"x": "é" * (MAX_BYTES // 2)}))
    assert rig.messages() == []


def test_an_event_just_under_256_kb_is_taken_whole(rig: Rig) -> None:
    event = rig.event(detail={"x": "a" * (MAX_BYTES - 1000)})
    rig.publish(event)
    (row,) = rig.rows("SELECT length(detail ->> 'x') AS n FROM fibonacci_core.events")
    assert row.n == MAX_BYTES - 1000


def test_a_chain_deeper_than_fifty_dies_instead_of_going_round(rig: Rig) -> None:
    last, loop = rig.event(depth=MAX_DEPTH), rig.event(depth=MAX_DEPTH + 1)
    rig.publish(last, loop)
    assert [row.event_id for row in rig.messages()] == [last.id]
    (dead,) = rig.dead_letters()
    assert (dead.event_id, dead.error_class, dead.queue) == (loop.id, "permanent", "c")
    assert "deeper than 50" in dead.error_text


def test_a_delayed_event_is_not_received_before_its_time(rig: Rig) -> None:
    rig.publish(rig.event(), delay=timedelta(hours=1))
    assert rig.reader.receive(["c"]) == []
    assert rig.reader.depth()["c"].delayed == 1


def test_a_listener_wakes_at_the_commit(rig: Rig, fresh_database: Urls) -> None:
    listener = Listener(fresh_database.relay)
    try:
        assert listener.wait(0.05) is True, "new: something may have been missed"
        assert listener.wait(0.05) is False
        with rig.database.scope(rig.tenant_id) as connection:
            publish(connection, [rig.event()], rig.topology)
            assert listener.wait(0.05) is False
        assert listener.wait(5.0) is True
        assert listener.wait(0.05) is False
    finally:
        listener.close()


def test_a_listener_that_was_cut_off_comes_back(rig: Rig, fresh_database: Urls) -> None:
    listener = Listener(fresh_database.relay)
    try:
        listener.wait(0.01)
        cut_connections(fresh_database)
        rig.publish(rig.event())
        assert any(listener.wait(0.2) for _ in range(3)), "what was missed must be looked for"
        assert listener.wait(0.05) is False
        rig.publish(rig.event())
        assert listener.wait(5.0) is True
    finally:
        listener.close()


def test_a_redriven_dead_letter_runs_again_with_fresh_attempts(rig: Rig) -> None:
    event = rig.event(ordering_key="lead-1")
    rig.publish(event)

    def refuse(_event: object, _attempt: int) -> None:
        raise Permanent("not today")

    rig.worker(Toy(action=refuse)).run_once()
    (dead,) = rig.dead_letters()
    with rig.database.scope(rig.tenant_id) as connection:
        assert redrive(connection, rig.tenant_id, dead.id) is True
    with rig.database.scope(rig.tenant_id) as connection:
        assert redrive(connection, rig.tenant_id, dead.id) is False
        assert redrive(connection, rig.tenant_id, uuid4()) is False
    toy = Toy()
    rig.worker(toy).run_once()
    assert toy.seen == [(event.id, 1)]
    assert [row.event_id for row in rig.effects()] == [event.id]
    assert rig.messages() == []


def test_redriving_what_was_done_meanwhile_does_it_no_second_time(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    rig.worker(Toy()).run_once()
    rig.publish_copy(event)
    (copy,) = rig.reader.receive(["c"])
    assert rig.reader.dead_letter(copy, ErrorClass.TRANSIENT, "late") is True
    (dead,) = rig.dead_letters()
    with rig.database.scope(rig.tenant_id) as connection:
        redrive(connection, rig.tenant_id, dead.id)
    rig.worker(Toy()).run_once()
    assert len(rig.effects()) == 1
    assert rig.messages() == []
