"""The server's clock was an hour ahead and is set back: nothing waits until it comes round."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from fibonacci_bus.breaker import Breaker, BreakerSettings
from fibonacci_bus.errors import BreakerOpen
from fibonacci_bus.inbox import Busy, Claimed, claim
from tests.integration.bus.rig import Rig, Toy

HOUR = "interval '1 hour'"
LEASE = timedelta(seconds=60)


def written_ahead(rig: Rig, statement: str) -> None:
    """Rows as they are where the clock was an hour ahead when they were written."""
    with rig.owner.begin() as connection:
        connection.execute(text(statement))


def hide(rig: Rig, condition: str = "true") -> None:
    written_ahead(
        rig,
        f"UPDATE fibonacci_core.queue_messages SET visible_at = visible_at + {HOUR} "
        f"WHERE {condition}",
    )


def look_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for hidden messages at every receive that finds nothing."""
    monkeypatch.setattr("fibonacci_bus.queues._UNHIDE_SECONDS", -1.0)


def test_messages_that_the_clock_has_hidden_are_shown_again_and_keep_their_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look_now(monkeypatch)
    events = [rig.event(ordering_key="lead") for _ in range(4)]
    rig.publish(*events)
    dead = rig.reader.receive(("c",))
    assert [message.event_id for message in dead] == [events[0].id]
    assert {row.state for row in rig.messages()} == {"in_flight", "parked"}
    hide(rig)
    toy = Toy()
    worker = rig.worker(toy)
    assert worker.run_once() == 0
    while worker.run_once():
        pass
    assert [seen for seen, _ in toy.seen] == [event.id for event in events]
    assert caplog.messages == ["the server's clock was set back: 4 messages are shown again"]


def test_what_waits_for_its_next_try_or_for_a_published_delay_stays_hidden(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_now(monkeypatch)
    rig.publish(rig.event(), delay=timedelta(hours=1))
    rig.publish(rig.event())
    (message,) = rig.reader.receive(("c",))
    rig.reader.release(message, timedelta(minutes=5))
    before = rig.messages()
    assert rig.reader.receive(("c",)) == []
    assert [row.visible_at for row in rig.messages()] == [row.visible_at for row in before]


def test_a_dead_workers_claim_does_not_last_longer_than_any_can(rig: Rig) -> None:
    event = rig.event(ordering_key="lead")
    rig.publish(event)
    asked = (rig.tenant_id, event.id, "c", LEASE, "lead")
    with rig.database.scope(rig.tenant_id) as connection:
        assert isinstance(claim(connection, *asked), Claimed)
    with rig.database.scope(rig.tenant_id) as connection:
        assert isinstance(claim(connection, *asked), Busy), "it may still be at work"
    for table in ("inbox", "leases"):
        written_ahead(rig, f"UPDATE fibonacci_core.{table} SET lease_until = lease_until + {HOUR}")
    with rig.database.scope(rig.tenant_id) as connection:
        answer = claim(connection, *asked)
    assert isinstance(answer, Claimed)
    assert answer.attempt == 2


def test_another_event_gets_the_key_of_a_dead_workers_claim(rig: Rig) -> None:
    first, second = (rig.event(ordering_key="lead") for _ in range(2))
    rig.publish(first, second)
    with rig.database.scope(rig.tenant_id) as connection:
        claim(connection, rig.tenant_id, first.id, "c", LEASE, "lead")
    written_ahead(rig, f"UPDATE fibonacci_core.leases SET lease_until = lease_until + {HOUR}")
    with rig.database.scope(rig.tenant_id) as connection:
        answer = claim(connection, rig.tenant_id, second.id, "c", LEASE, "lead")
    assert isinstance(answer, Claimed)


def test_a_breaker_is_not_open_for_longer_than_its_pause(rig: Rig) -> None:
    breaker = Breaker(
        rig.database.scope, rig.tenant_id, "receita", settings=BreakerSettings(failures=1)
    )
    with pytest.raises(ZeroDivisionError), breaker.guard():
        raise ZeroDivisionError
    with pytest.raises(BreakerOpen), breaker.guard():
        pass
    written_ahead(rig, f"UPDATE fibonacci_core.breakers SET open_until = open_until + {HOUR}")
    with breaker.guard():
        pass
    assert rig.rows("SELECT 1 FROM fibonacci_core.breakers") == [], "the probe has closed it"
