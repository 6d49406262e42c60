"""For applications that want the bus and nothing else: one login, its own tables, one scope.

An application with logins of its own calls ``ddl.upgrade`` from a migration and gives the worker
its own scope instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from fibonacci_bus import revision_2, revision_3, revision_4
from fibonacci_bus.ddl import SCHEMA, upgrade
from fibonacci_bus.event import Event

_LOCK = 41_816_766


def install(engine: Engine) -> bool:
    """Create schema and tables where they are missing, or bring old ones up to date.

    False where there was nothing to do.
    The engine's login owns everything and takes the parts of application, relay and owner. Several
    processes may call it at once.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        first, second, third, fourth, login = connection.execute(
            text(
                "SELECT to_regclass(:table) IS NOT NULL, to_regproc(:routine) IS NOT NULL, "
                "to_regclass(:index) IS NOT NULL, to_regprocedure(:done) IS NOT NULL, "
                "quote_ident(current_user)"
            ),
            {
                "table": f"{SCHEMA}.events",
                "routine": f"{SCHEMA}.inbox_done",
                "index": f"{SCHEMA}.{revision_3.INDEX}",
                "done": f"{SCHEMA}.{revision_4.ROUTINES[-1]}",
            },
        ).one()

        def execute(statement: str) -> None:
            connection.exec_driver_sql(statement)

        if not first:
            execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            upgrade(execute, app_role=login, relay_role=login, owner_role=login)
        if not second:
            revision_2.upgrade(execute, app_role=login)
        if not third:
            revision_3.upgrade(execute)
        if not fourth:
            revision_4.upgrade(execute, app_role=login)
    return not fourth


def partition_scope(engine: Engine) -> Callable[[UUID], AbstractContextManager[Connection]]:
    """A scope for publishing and for workers: a transaction of one partition (a tenant)."""

    @contextmanager
    def scope(tenant_id: UUID) -> Iterator[Connection]:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('app.tenant_id', :tenant, true)"),
                {"tenant": str(tenant_id)},
            )
            yield connection

    return scope


@dataclass(frozen=True, slots=True)
class TransactionConsumer:
    """Handles a queue's events inside the commit transaction: what it writes happens once.

    ``handle`` gets that transaction's connection and the event. Work that takes long, or calls
    other services, wants a ``Consumer`` of its own: its ``run`` has no transaction open.
    """

    name: str
    handle: Callable[[Connection, Event], None]
    deadline: timedelta = timedelta(seconds=30)

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything on the queue is handled."""
        return True

    def run(self, event: Event, attempt: int) -> Callable[[Connection], None]:
        """Nothing before the commit."""
        return lambda connection: self.handle(connection, event)
