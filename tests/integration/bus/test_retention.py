"""Retention: what is old goes in batches, and nothing that is still needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from fibonacci_bus import Event, Queue, Retention, Rule, Topology, purge
from tests.conftest import TestTenant
from tests.integration.bus.rig import Permanent, Rig, Toy

OLD = timedelta(days=200)
TABLES = ("events", "queue_messages", "dead_letters", "inbox")
EVERYTHING = Retention(events=timedelta(days=180))


def age(rig: Rig, by: timedelta = OLD) -> None:
    """As if all that is there had happened earlier."""
    with rig.owner.begin() as connection:
        for table, columns in {
            "events": ("occurred_at", "published_at"),
            "queue_messages": ("enqueued_at",),
            "dead_letters": ("died_at",),
            "inbox": ("claimed_at", "lease_until"),
        }.items():
            sets = ", ".join(f"{column} = {column} - :by" for column in columns)
            connection.execute(text(f"UPDATE fibonacci_core.{table} SET {sets}"), {"by": by})


def left(rig: Rig) -> dict[str, int]:
    """Rows of each table."""
    return {
        table: rig.rows(f"SELECT count(*) AS n FROM fibonacci_core.{table}")[0].n
        for table in TABLES
    }


def run(rig: Rig, retention: Retention = EVERYTHING, **more: Any) -> dict[str, int]:
    """Purge the tenant."""
    queues = [rig.topology.queue(name) for name in rig.topology.names]
    now = datetime.now(UTC)
    return purge(rig.database.scope, rig.tenant_id, retention, queues, now, **more)


def drain(rig: Rig, *toys: Toy) -> None:
    """Handle all that is there."""
    worker = rig.worker(*toys)
    while worker.run_once():
        continue


def test_everything_that_was_done_long_ago_goes_in_batches(rig: Rig) -> None:
    rig.publish(*(rig.event() for _ in range(25)))
    drain(rig, Toy())
    age(rig)
    told: list[tuple[str, int]] = []
    gone = run(rig, batch=10, progress=lambda table, rows: told.append((table, rows)))
    assert (gone["events"], gone["inbox"]) == (25, 25)
    assert left(rig) == dict.fromkeys(TABLES, 0)
    assert [rows for table, rows in told if table == "inbox"] == [10, 20, 25]


def test_what_is_young_stays(rig: Rig) -> None:
    rig.publish(rig.event(), rig.event())
    drain(rig, Toy())
    before = left(rig)
    assert set(run(rig, Retention(events=timedelta(days=1))).values()) == {0}
    assert left(rig) == before


def test_events_are_kept_for_ever_unless_a_setting_says_otherwise(rig: Rig) -> None:
    rig.publish(rig.event())
    drain(rig, Toy())
    age(rig, timedelta(days=5000))
    run(rig, Retention())
    assert left(rig)["events"] == 1


def test_an_event_stays_while_a_message_or_a_dead_letter_needs_it(rig: Rig) -> None:
    def fail(_: Event, __: int) -> None:
        raise Permanent("não")

    rig.publish(rig.event("teste"))
    drain(rig, Toy("a", action=fail))
    with rig.owner.begin() as connection:
        connection.execute(text("UPDATE fibonacci_core.events SET occurred_at = '2001-01-01'"))
    run(rig)
    assert left(rig)["events"] == 1
    assert left(rig)["queue_messages"] == 1
    age(rig)
    run(rig)
    assert left(rig) == dict.fromkeys(TABLES, 0)


def test_dead_letters_go_after_fourteen_days(rig: Rig) -> None:
    def fail(_: Event, __: int) -> None:
        raise Permanent("não")

    rig.publish(rig.event())
    drain(rig, Toy(action=fail))
    age(rig, timedelta(days=13, hours=23))
    run(rig, Retention())
    assert len(rig.dead_letters()) == 1
    age(rig, timedelta(hours=2))
    run(rig, Retention())
    assert rig.dead_letters() == []


def test_a_queue_keeps_its_messages_as_long_as_it_says(rig: Rig) -> None:
    rig.topology = Topology(
        [Queue("a", retention=timedelta(days=2)), Queue("c")],
        [Rule("a", {"source": ["so.c"]}, "a"), Rule("c", {"source": ["so.c"]}, "c")],
    )
    rig.publish(rig.event())
    age(rig, timedelta(days=3))
    assert run(rig)["queue_messages"] == 1
    assert (len(rig.messages("a")), len(rig.messages("c"))) == (0, 1)


def test_a_message_that_a_worker_holds_is_left_alone(rig: Rig) -> None:
    rig.publish(rig.event())
    assert len(rig.reader.receive(["c"])) == 1
    age(rig)
    assert run(rig)["queue_messages"] == 0
    assert len(rig.messages()) == 1


def test_a_message_stays_while_younger_ones_of_its_key_wait_behind_it(rig: Rig) -> None:
    old, other, young = (rig.event(ordering_key=f"lead-{n}") for n in (1, 2, 1))
    rig.publish(old, other)
    age(rig)
    rig.publish(young)
    assert run(rig)["queue_messages"] == 1
    assert [row.event_id for row in rig.messages()] == [old.id, young.id]
    age(rig)
    assert run(rig)["queue_messages"] == 2


def test_the_inbox_remembers_while_a_copy_waits(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)
    drain(rig, Toy())
    age(rig)
    rig.publish_copy(event)
    run(rig)
    toy = Toy()
    drain(rig, toy)
    assert toy.seen == [], "it was done, however long ago"


def test_an_inbox_that_forgets_too_early_is_refused() -> None:
    with pytest.raises(ValueError, match="15 days"):
        Retention(inbox=timedelta(days=14))


def test_another_tenant_keeps_its_rows(rig: Rig, other_tenant: TestTenant) -> None:
    rig.publish(rig.event())
    drain(rig, Toy())
    age(rig)
    mine, rig.tenant_id = rig.tenant_id, other_tenant.id
    run(rig)
    rig.tenant_id = mine
    assert left(rig)["events"] == 1
