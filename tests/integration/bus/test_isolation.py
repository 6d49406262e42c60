"""What each login can see of the bus."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from fibonacci_bus import Timers, publish
from fibonacci_bus.breaker import Breaker
from fibonacci_bus.ddl import TABLES
from tests.conftest import TestTenant
from tests.integration.bus.rig import Permanent, Rig, Toy


def fill(rig: Rig) -> None:
    """A row in every table of the bus for tenant A."""

    def refuse(*_: object) -> None:
        raise Permanent("x")

    rig.publish(rig.event(ordering_key="lead-1"))
    rig.worker(Toy()).run_once()
    rig.publish(rig.event(ordering_key="lead-1"))
    rig.worker(Toy(action=refuse)).run_once()
    rig.publish(rig.event(ordering_key="lead-1"))
    with rig.owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO fibonacci_core.leases VALUES "
                "(:t, 'c', 'lead-9', :e, :e, clock_timestamp())"
            ),
            {"t": rig.tenant_id, "e": uuid4()},
        )
        connection.execute(
            text("INSERT INTO fibonacci_core.metrics VALUES (:t, 'n', current_date, 1)"),
            {"t": rig.tenant_id},
        )
    with (
        pytest.raises(Permanent),
        Breaker(rig.database.scope, rig.tenant_id, "receita").guard(),
    ):
        raise Permanent("503")
    with rig.database.scope(rig.tenant_id) as connection:
        Timers().schedule(connection, rig.tenant_id, datetime.now(UTC), "envio", uuid4())


def test_as_tenant_b_there_is_nothing_of_tenant_a_in_any_table(
    rig: Rig, other_tenant: TestTenant
) -> None:
    fill(rig)
    for table in TABLES:
        count = text(f"SELECT count(*) FROM fibonacci_core.{table}")
        with rig.database.scope(rig.tenant_id) as connection:
            assert connection.execute(count).scalar_one() > 0, table
        with rig.database.scope(other_tenant.id) as connection:
            assert connection.execute(count).scalar_one() == 0, table
        with rig.database.anonymous() as connection:
            assert connection.execute(count).scalar_one() == 0, table


def test_tenant_b_cannot_write_rows_of_tenant_a(rig: Rig, other_tenant: TestTenant) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        rig.database.scope(other_tenant.id) as connection,
    ):
        publish(connection, [rig.event()], rig.topology)


def test_tenant_b_cannot_change_or_remove_rows_of_tenant_a(
    rig: Rig, other_tenant: TestTenant
) -> None:
    fill(rig)
    with rig.database.scope(other_tenant.id) as connection:
        for statement in (
            "DELETE FROM fibonacci_core.events",
            "DELETE FROM fibonacci_core.queue_messages",
            "UPDATE fibonacci_core.inbox SET status = 'done'",
            "UPDATE fibonacci_core.dead_letters SET redriven_at = clock_timestamp()",
            "DELETE FROM fibonacci_core.timers",
        ):
            assert connection.execute(text(statement)).rowcount == 0, statement


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT detail FROM fibonacci_core.events",
        "SELECT id FROM fibonacci_core.events",
        "SELECT error_text FROM fibonacci_core.dead_letters",
        "SELECT ordering_key FROM fibonacci_core.leases",
        "DELETE FROM fibonacci_core.timers",
        "UPDATE fibonacci_core.queue_messages SET tenant_id = gen_random_uuid()",
        "UPDATE fibonacci_core.inbox SET status = 'done'",
        "INSERT INTO fibonacci_core.queue_messages (tenant_id, queue, event_id, visible_at) "
        "VALUES (gen_random_uuid(), 'c', gen_random_uuid(), clock_timestamp())",
        "SELECT name FROM fibonacci_core.breakers",
        "SELECT fibonacci_core.inbox_claim(NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT nome FROM alquimista_platform.tenants",
        "SELECT email FROM alquimista_platform.users",
        "SELECT nome FROM nigredo_leads.leads",
        "SET ROLE alquimista_owner",
    ],
)
def test_the_relay_moves_envelopes_and_sees_nothing_else(rig: Rig, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match="permission denied"),
        rig.database.relay_engine.begin() as connection,
    ):
        connection.execute(text(statement))
