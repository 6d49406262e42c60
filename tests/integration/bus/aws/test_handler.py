"""SQS batches through the Lambda handler: claim, run, commit on real PostgreSQL.

Receive counts, visibility and redrive are moto's; how AWS itself polls, scales and backs off is not
shown by any of these tests.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from fibonacci_bus import Event
from fibonacci_bus.aws import sqs as sqs_module
from fibonacci_bus.aws.entry import entry_of
from fibonacci_bus.inbox import Claimed, claim, settle
from tests.database import Urls
from tests.integration.bus.aws.cloud import Cloud, Pump
from tests.integration.bus.rig import (
    Critical,
    Permanent,
    Toy,
    Transient,
    cut_connections,
)

LONG = timedelta(minutes=15)


class Killed(BaseException):
    """The function dies: no ``except Exception`` sees it."""


def failing_for(wrong: Event, error: BaseException, times: int = 99) -> Toy:
    """A toy that raises in its first ``times`` runs of one event."""
    left = [times]

    def action(event: Event, _attempt: int) -> None:
        if event.id == wrong.id and left[0] > 0:
            left[0] -= 1
            raise error

    return Toy(action=action)


def wait_for(cloud: Cloud, pump: Pump, seconds: float = 15.0) -> list[str]:
    """Invoke with the next batch that becomes visible."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        failed = pump.invoke(cloud.url())
        if failed is not None:
            return failed
        time.sleep(0.1)
    raise AssertionError("nothing became visible")


def event_id(body: str) -> str:
    """The id of the event that a message names."""
    found: str = json.loads(body)["detail"]["fibonacci"]["event_id"]
    return found


def test_only_the_failed_record_returns_and_its_receives_count(cloud: Cloud) -> None:
    events = [cloud.rig.event() for _ in range(4)]
    cloud.publish(*events)
    pump = cloud.pump(failing_for(events[2], Transient("busy line"), times=1))
    failed = pump.invoke(cloud.url())
    assert failed is not None
    assert len(failed) == 1
    assert len(cloud.rig.effects()) == 3
    assert cloud.count() == 1
    assert pump.invoke(cloud.url()) is None, "hidden by the backoff"
    assert wait_for(cloud, pump) == [], "the backoff, not the queue's thirty seconds"
    assert pump.counts == [2]
    assert {row.event_id: row.attempt for row in cloud.rig.effects()} == {
        event.id: 2 if event is events[2] else 1 for event in events
    }
    assert cloud.count() == 0


def test_poison_is_a_dead_letter_after_three_attempts_with_its_error(cloud: Cloud) -> None:
    poison = cloud.rig.event()
    cloud.publish(poison)
    toy = failing_for(poison, Transient("linha\x0bocupada"))
    pump = cloud.pump(toy)
    for receives in (1, 2):
        assert pump.invoke(cloud.url()) != []
        assert pump.counts == [receives]
        pump.expire(cloud.url())
    assert pump.invoke(cloud.url()) == [], "dead-lettered and acknowledged"
    assert pump.counts == [3]
    assert toy.seen == [(poison.id, attempt) for attempt in (1, 2, 3)]
    (dead,) = cloud.dead_letters()
    assert event_id(dead.pop("body")) == str(poison.id)
    assert dead == {
        "error_class": "transient",
        "error": "Transient: linha ocupada",
        "queue": "c",
        "receives": "3",
    }
    assert (cloud.count(), cloud.rig.effects()) == (0, [])


@pytest.mark.parametrize(
    ("error", "kind"), [(Permanent("no such lead"), "permanent"), (Critical("key"), "critical")]
)
def test_permanent_and_critical_errors_die_at_once(
    cloud: Cloud, error: Exception, kind: str
) -> None:
    wrong, right = cloud.rig.event(), cloud.rig.event()
    cloud.publish(wrong, right)
    pump = cloud.pump(failing_for(wrong, error))
    assert pump.invoke(cloud.url()) == []
    (dead,) = cloud.dead_letters()
    assert (dead["error_class"], dead["error"]) == (kind, f"{type(error).__name__}: {error}")
    assert [row.event_id for row in cloud.rig.effects()] == [right.id]
    assert cloud.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        '{"detail": {}}',
        '{"detail": {"fibonacci": {"event_id": "x", "tenant_id": "y"}}}',
        json.dumps({"detail": {"fibonacci": {"event_id": 7, "tenant_id": None}}}),
    ],
)
def test_what_is_no_event_of_this_bus_dies_and_its_neighbours_live(cloud: Cloud, body: str) -> None:
    event = cloud.rig.event()
    cloud.sqs.send_message(QueueUrl=cloud.url(), MessageBody=body)
    cloud.publish(event)
    assert cloud.pump(Toy()).invoke(cloud.url()) == []
    (dead,) = cloud.dead_letters()
    assert (dead["body"], dead["error_class"]) == (body, "permanent")
    assert dead["error"].startswith("Unreadable: no event of this bus")
    assert [row.event_id for row in cloud.rig.effects()] == [event.id]
    assert cloud.count() == 0


def test_an_answer_that_got_lost_delivers_twice_and_is_handled_once(cloud: Cloud) -> None:
    event = cloud.rig.event(ordering_key="lead-1")
    cloud.publish(event)
    toy = Toy()
    pump = cloud.pump(toy)
    assert pump.invoke(cloud.url(), keep=True) == []
    pump.expire(cloud.url())
    assert pump.invoke(cloud.url()) == []
    assert pump.counts == [2]
    assert toy.seen == [(event.id, 1)]
    assert len(cloud.rig.effects()) == 1
    assert cloud.count() == 0


def test_a_busy_key_burns_no_receive_however_long_it_is_busy(cloud: Cloud) -> None:
    first, second = (cloud.rig.event(ordering_key="lead-1") for _ in range(2))
    cloud.publish(second)
    with cloud.rig.database.scope(cloud.rig.tenant_id) as connection:
        held = claim(connection, cloud.rig.tenant_id, first.id, "c", LONG, "lead-1")
    assert isinstance(held, Claimed)
    toy = Toy()
    pump = cloud.pump(toy)
    started = time.monotonic()
    for _ in range(3):
        assert wait_for(cloud, pump) == []
        assert pump.counts == [1], "every copy is new"
        assert cloud.count() == 1
    assert time.monotonic() - started > 2.5, "one second, then two"
    with cloud.rig.database.scope(cloud.rig.tenant_id) as connection:
        settle(connection, held, 1)
    assert wait_for(cloud, pump) == []
    assert toy.seen == [(second.id, 1)]
    assert cloud.rig.inbox(second).attempts == 1
    assert (cloud.count(), cloud.dead_letters()) == (0, [])


def test_a_record_that_kills_the_function_takes_no_neighbour_along(cloud: Cloud) -> None:
    killer = cloud.rig.event()
    neighbours = [cloud.rig.event() for _ in range(2)]
    cloud.publish(killer, *neighbours)
    toy = failing_for(killer, Killed())
    for receives in (1, 2, 3):
        pump = cloud.pump(toy)
        with pytest.raises(Killed):
            pump.invoke(cloud.url())
        assert pump.counts == [receives] * 3, "all were in the batch of the killer"
        cloud.rig.make_visible()
        pump.expire(cloud.url())
    pump = cloud.pump(toy)
    while len(cloud.rig.effects()) < 2:
        assert wait_for(cloud, pump) == []
    assert toy.seen[:3] == [(killer.id, attempt) for attempt in (1, 2, 3)]
    assert sorted(row.event_id for row in cloud.rig.effects()) == sorted(
        event.id for event in neighbours
    )
    (dead,) = cloud.dead_letters()
    assert event_id(dead["body"]) == str(killer.id)
    assert "error" not in dead, "SQS moved it: nobody lived to say why"


def test_a_database_that_went_away_burns_no_receive_and_no_attempt(
    cloud: Cloud, fresh_database: Urls
) -> None:
    events = [cloud.rig.event(ordering_key=f"lead-{n}") for n in range(3)]
    cloud.publish(*events)
    cuts = [1]

    def cut(connection: Connection, _event: Event) -> None:
        if cuts:
            cuts.pop()
            cut_connections(fresh_database)
            connection.execute(text("SELECT 1"))

    toy = Toy(in_commit=cut, deadline=LONG)
    pump = cloud.pump(toy)
    assert pump.invoke(cloud.url()) == []
    assert cloud.count() >= 1
    while len(cloud.rig.effects()) < 3:
        assert wait_for(cloud, pump) == []
        assert set(pump.counts) == {1}
    assert [cloud.rig.inbox(event).attempts for event in events] == [1, 1, 1]
    assert cloud.count() == 0


def test_what_does_not_fit_into_the_invocation_is_sent_again(cloud: Cloud) -> None:
    events = [cloud.rig.event() for _ in range(3)]
    cloud.publish(*events)
    toy = Toy(action=lambda *_: time.sleep(0.05))
    left = iter([60_000, 900])
    pump = cloud.pump(toy, remaining=lambda: next(left))
    assert pump.invoke(cloud.url()) == []
    assert len(cloud.rig.effects()) == 2, "the first always, the second fits, the third does not"
    pump.remaining = lambda: 60_000
    assert wait_for(cloud, pump) == []
    assert pump.counts == [1]
    assert len(cloud.rig.effects()) == 3


def test_a_claim_that_was_lost_leaves_the_record_to_its_time_out(cloud: Cloud) -> None:
    event = cloud.rig.event()
    cloud.publish(event)

    def taken(_event: Event, _attempt: int) -> None:
        cloud.rig.make_visible()
        with cloud.rig.database.scope(cloud.rig.tenant_id) as connection:
            assert isinstance(
                claim(connection, event.tenant_id, event.id, "c", LONG, None), Claimed
            )

    pump = cloud.pump(Toy(action=taken))
    failed = pump.invoke(cloud.url())
    assert failed is not None
    assert len(failed) == 1
    assert (cloud.rig.effects(), cloud.count()) == ([], 1)


def test_events_of_a_tenant_that_is_gone_die_and_the_function_lives(cloud: Cloud) -> None:
    kept = cloud.rig.event()
    lost = cloud.rig.event(tenant_id=uuid4())
    cloud.events.put_events(Entries=[entry_of(lost, cloud.declared.bus_name).request])
    cloud.publish(kept)
    pump = cloud.pump(Toy())
    for _ in range(3):
        pump.invoke(cloud.url())
        pump.expire(cloud.url())
    assert [row.event_id for row in cloud.rig.effects()] == [kept.id]
    (dead,) = cloud.dead_letters()
    assert event_id(dead["body"]) == str(lost.id)
    assert "no such tenant" in dead["error"]


def test_a_record_of_an_unknown_queue_stays_where_it_is(cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event())
    pump = cloud.pump(Toy())
    inner = pump.handler

    def mistaken(event: dict[str, Any], context: Any) -> dict[str, Any]:
        for record in event["Records"]:
            record["eventSourceARN"] += "-other"
        return inner(event, context)

    pump.handler = mistaken
    failed = pump.invoke(cloud.url())
    assert failed is not None
    assert len(failed) == 1
    assert cloud.count() == 1


def test_spent_attempts_die_with_the_last_error(cloud: Cloud) -> None:
    told, untold = cloud.rig.event(), cloud.rig.event()
    cloud.publish(told, untold)
    with cloud.rig.database.scope(cloud.rig.tenant_id) as connection:
        for event in (told, untold):
            claim(connection, event.tenant_id, event.id, "c", timedelta(0), None)
        connection.execute(text("UPDATE fibonacci_core.inbox SET attempts = 3"))
        connection.execute(
            text(
                "UPDATE fibonacci_core.inbox SET last_error_class = 'transient', "
                "last_error = 'Transient: busy' WHERE event_id = :event"
            ),
            {"event": told.id},
        )
    toy = Toy()
    assert cloud.pump(toy).invoke(cloud.url()) == []
    found = {event_id(dead["body"]): dead["error"] for dead in cloud.dead_letters()}
    assert found == {str(told.id): "Transient: busy", str(untold.id): "the worker died each time"}
    assert toy.seen == []


def test_copies_of_a_message_that_is_never_tried_come_to_an_end(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqs_module, "SPARED_COPIES", 0)
    event = cloud.rig.event()
    cloud.publish(event)
    queues = cloud.queues()
    for _ in range(3):
        (message,) = queues.receive(["c", "a"])
        queues.release(message, timedelta(0))
    assert message.receives == 3
    assert queues.receive(["c", "a"]) == []
    (dead,) = cloud.dead_letters()
    assert event_id(dead["body"]) == str(event.id)
