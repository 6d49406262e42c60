"""Receive, visibility, receipts."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from fibonacci_bus import ErrorClass
from fibonacci_bus.queues import UNCLAIMED_AGE, UNCLAIMED_FACTOR
from tests.integration.bus.rig import Rig, Toy

HOUR = timedelta(hours=1)


def test_a_received_message_is_invisible_until_its_timeout(rig: Rig) -> None:
    rig.publish(rig.event())
    (first,) = rig.reader.receive(["c"])
    assert rig.reader.receive(["c"]) == []
    rig.make_visible()
    (second,) = rig.reader.receive(["c"])
    assert (first.receives, second.receives) == (1, 2)
    assert first.receipt != second.receipt


def test_an_old_receipt_does_nothing(rig: Rig) -> None:
    rig.publish(rig.event())
    (old,) = rig.reader.receive(["c"])
    rig.make_visible()
    (current,) = rig.reader.receive(["c"])
    assert rig.reader.ack([old]) == 0
    assert rig.reader.release(old, timedelta(0)) is False
    assert rig.reader.extend(old, HOUR) is False
    assert rig.reader.resend_delayed(old, timedelta(0)) is False
    assert rig.reader.dead_letter(old, ErrorClass.PERMANENT, "x") is False
    assert rig.reader.dead_letter_exhausted(old) is False
    assert rig.dead_letters() == []
    assert rig.reader.ack([current]) == 1
    assert rig.messages() == []


def test_acknowledging_several_receives_counts_what_was_removed(rig: Rig) -> None:
    rig.publish(rig.event(), rig.event())
    one = rig.reader.receive(["c"], 1)
    two = rig.reader.receive(["c"], 1)
    assert rig.reader.ack([*one, *two]) == 2
    assert rig.reader.ack([]) == 0


def test_release_makes_a_message_visible_after_its_delay(rig: Rig) -> None:
    rig.publish(rig.event())
    (message,) = rig.reader.receive(["c"])
    assert rig.reader.release(message, HOUR) is True
    assert rig.reader.receive(["c"]) == []
    assert rig.reader.release(message, timedelta(0)) is True
    assert len(rig.reader.receive(["c"])) == 1


def test_putting_a_message_back_burns_no_receive_and_keeps_its_place(rig: Rig) -> None:
    rig.publish(rig.event(ordering_key="lead-1"))
    rig.publish(rig.event(ordering_key="lead-1"))
    (message,) = rig.reader.receive(["c"])
    assert rig.reader.resend_delayed(message, timedelta(0)) is True
    (again,) = rig.reader.receive(["c"])
    assert (again.receives, again.ordering_key) == (1, "lead-1")
    assert (again.id, again.event_id) == (message.id, message.event_id)


def test_messages_come_in_the_order_they_were_published(rig: Rig) -> None:
    events = [rig.event() for _ in range(5)]
    for event in events:
        rig.publish(event)
    received = rig.reader.receive(["c"], 3) + rig.reader.receive(["c"], 3)
    assert [message.event_id for message in received] == [event.id for event in events]


def test_depth_tells_waiting_in_flight_and_delayed(rig: Rig) -> None:
    rig.publish(rig.event(), rig.event())
    rig.publish(rig.event(), delay=HOUR)
    rig.reader.receive(["c"], 1)
    depth = rig.reader.depth()
    assert (depth["c"].waiting, depth["c"].in_flight, depth["c"].delayed) == (1, 1, 1)
    assert depth["c"].oldest_seconds > 0
    assert (depth["a"].waiting, depth["a"].oldest_seconds) == (0, 0.0)


def test_three_crashed_attempts_and_the_fourth_receive_is_a_dead_letter(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    for _ in range(3):
        _crash(rig)
    toy = Toy()
    rig.worker(toy).run_once()
    (dead,) = rig.dead_letters()
    assert (dead.event_id, dead.error_class, dead.receives) == (event.id, "transient", 4)
    assert dead.error_text == "the worker died each time"
    assert toy.seen == []
    assert rig.messages() == []


def test_crashed_attempts_count_though_the_message_was_put_back_unreceived(rig: Rig) -> None:
    """Putting a busy event back burns no receive, and the inbox remembers its attempts."""
    event = rig.event()
    rig.publish(event)
    for _ in range(2):
        _crash(rig)
        (message,) = rig.reader.receive(["c"])
        rig.reader.resend_delayed(message, timedelta(0))
    _crash(rig)
    toy = Toy()
    rig.worker(toy).run_once()
    (dead,) = rig.dead_letters()
    assert dead.error_text == "the worker died each time"
    assert toy.seen == []


def test_the_neighbours_of_a_killer_do_not_die_with_it(rig: Rig) -> None:
    killer, neighbour = rig.event(), rig.event()
    rig.publish(killer)
    rig.publish(neighbour)
    for _ in range(3):
        _crash(rig, batch=2)
    toy = Toy()
    rig.worker(toy).run_once()
    assert [row.event_id for row in rig.dead_letters()] == [killer.id]
    assert toy.seen == [(neighbour.id, 1)]


def test_a_message_that_is_never_claimed_dies_at_last(rig: Rig) -> None:
    rig.publish(rig.event())
    limit = 3 * UNCLAIMED_FACTOR
    rig.grow_old(UNCLAIMED_AGE)
    for _ in range(limit):
        assert len(rig.reader.receive(["c"])) == 1
        rig.make_visible()
    assert rig.reader.receive(["c"]) == []
    (dead,) = rig.dead_letters()
    assert dead.error_text == "received again and again, never claimed"
    assert dead.receives == limit + 1


def test_a_message_that_nobody_can_claim_for_some_minutes_does_not_die(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    rig.grow_old(UNCLAIMED_AGE / 2)
    for _ in range(4 * UNCLAIMED_FACTOR):
        assert len(rig.reader.receive(["c"])) == 1
        rig.make_visible()
    toy = Toy()
    rig.worker(toy).run_once()
    assert toy.seen == [(event.id, 1)]
    assert rig.dead_letters() == []


def test_two_readers_never_get_one_message(rig: Rig) -> None:
    rig.publish(*(rig.event() for _ in range(20)))
    seen = [m.id for _ in range(2) for m in rig.reader.receive(["c"], 10)]
    assert len(seen) == len(set(seen)) == 20


class Killed(BaseException):
    """Passes every handler of the worker, as SIGKILL does."""


def _crash(rig: Rig, batch: int = 1) -> None:
    """A worker that dies while it runs the first message of its batch."""

    def die(_event: object, _attempt: int) -> None:
        raise Killed(uuid4())

    try:
        rig.worker(Toy(action=die)).run_once(batch)
    except Killed:
        rig.make_visible()
        return
    raise AssertionError("nothing was received")
