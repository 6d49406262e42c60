"""A small bus to try things on: one tenant, toy consumers, an effects table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, create_engine, text

from alquimista.db.roles import APP, RELAY
from alquimista.db.session import Database
from fibonacci_bus import (
    Consumer,
    ErrorClass,
    Event,
    Queue,
    QueueReader,
    Rule,
    Topology,
    Worker,
    send_to_queue,
)
from fibonacci_bus import publish as bus_publish
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.worker import Commit, Scope
from tests.database import Urls

EFFECTS = "fibonacci_core.efeitos"
CREATE_EFFECTS = (
    f"CREATE TABLE {EFFECTS} (tenant_id uuid NOT NULL, consumer text NOT NULL, "
    "event_id uuid NOT NULL, attempt integer NOT NULL)",
    f"GRANT SELECT, INSERT ON {EFFECTS} TO alquimista_app",
)
SHORT = timedelta(milliseconds=300)
DEFAULT_TOPOLOGY = Topology(
    [Queue("a"), Queue("b"), Queue("c")],
    [
        Rule("a1", {"source": ["teste"]}, "a"),
        Rule("a2", {"detail-type": ["feito"]}, "a"),
        Rule("b", {"source": [{"prefix": "tes"}]}, "b"),
        Rule("c", {"source": ["so.c"]}, "c"),
    ],
)


_FILL = text(
    """
    INSERT INTO fibonacci_core.queue_messages
        (tenant_id, queue, event_id, ordering_key, visible_at)
    SELECT :tenant, 'c', gen_random_uuid(), CAST(:key AS text) || (n % :keys),
           clock_timestamp() - interval '1 minute'
    FROM generate_series(1, :count) AS n
    """
)


class Transient(Exception):
    """Run again."""


class Permanent(Exception):
    """Dead-letter at once."""


class Critical(Exception):
    """Dead-letter and alert."""


class Conflict(Exception):
    """Another transaction was faster."""


def classify(error: BaseException) -> ErrorClass:
    """The toys' error classes."""
    by_type: dict[type[BaseException], ErrorClass] = {
        Permanent: ErrorClass.PERMANENT,
        Critical: ErrorClass.CRITICAL,
        Conflict: ErrorClass.CONFLICT,
    }
    return by_type.get(type(error), ErrorClass.TRANSIENT)


def cut_connections(urls: Urls) -> None:
    """End the sessions of the workers' logins, as a restarting server does.

    The owner's stay: a test may be looking at the tables at that moment.
    """
    engine = create_engine(urls.admin)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename = ANY(:logins)"
            ),
            {"logins": [APP, RELAY]},
        )
    engine.dispose()


def record(connection: Connection, consumer: str, event: Event, attempt: int) -> None:
    """The effect that must happen exactly once."""
    connection.execute(
        text(f"INSERT INTO {EFFECTS} VALUES (:tenant, :consumer, :event, :attempt)"),
        {"tenant": event.tenant_id, "consumer": consumer, "event": event.id, "attempt": attempt},
    )


@dataclass
class Toy:
    """A consumer that runs ``action`` and then records its effect in the commit."""

    name: str = "c"
    deadline: timedelta = timedelta(seconds=5)
    action: Callable[[Event, int], None] = lambda event, attempt: None
    in_commit: Callable[[Connection, Event], None] = lambda connection, event: None
    admitted: bool = True
    seen: list[tuple[UUID, int]] = field(default_factory=list)

    def admit(self, connection: Connection, event: Event) -> bool:
        return self.admitted

    def run(self, event: Event, attempt: int) -> Commit:
        self.seen.append((event.id, attempt))
        self.action(event, attempt)

        def commit(connection: Connection) -> None:
            record(connection, self.name, event, attempt)
            self.in_commit(connection, event)

        return commit


@dataclass
class Rig:
    """A database with a tenant, and what tests ask of the bus."""

    database: Database
    owner: Engine
    tenant_id: UUID
    topology: Topology = DEFAULT_TOPOLOGY

    @property
    def reader(self) -> QueueReader:
        return QueueReader(self.database.relay_engine, self.topology)

    def event(self, source: str = "so.c", type_: str = "novo", **more: Any) -> Event:
        """An event of the tenant; ``more`` overrides its fields."""
        fields: dict[str, Any] = {
            "id": uuid4(),
            "source": source,
            "type": type_,
            "detail": {"n": 1},
            "tenant_id": self.tenant_id,
            "trace_id": uuid4(),
            "occurred_at": datetime.now(UTC),
        }
        return Event(**{**fields, **more})

    def publish(self, *events: Event, delay: timedelta = timedelta(0)) -> None:
        """Publish in a transaction of its own."""
        with self.database.scope(self.tenant_id) as connection:
            bus_publish(connection, events, self.topology, delay=delay)

    def publish_copy(self, event: Event) -> None:
        """One more message for a stored event, as a second delivery would be."""
        with self.database.scope(self.tenant_id) as connection:
            send_to_queue(
                connection, event.id, "c", self.tenant_id, ordering_key=event.ordering_key
            )

    def worker(
        self, *consumers: Consumer, reader: MessageSource | None = None, **more: Any
    ) -> Worker:
        """A worker whose backoff and leases are the shortest."""
        scope: Scope = more.pop("scope", self.database.scope)
        settings: dict[str, Any] = {"lease_margin": SHORT, "jitter": lambda: 0.0, **more}
        return Worker(reader or self.reader, scope, consumers, classify, **settings)

    def rows(self, sql: str, **parameters: Any) -> list[Row[Any]]:
        """Rows as the owner login sees them."""
        with self.owner.begin() as connection:
            return list(connection.execute(text(sql), parameters).all())

    def messages(self, queue: str = "c") -> list[Row[Any]]:
        """What is on a queue."""
        return self.rows(
            "SELECT *, visible_at > clock_timestamp() AS hidden "
            "FROM fibonacci_core.queue_messages WHERE queue = :queue ORDER BY id",
            queue=queue,
        )

    def dead_letters(self) -> list[Row[Any]]:
        """Every dead letter."""
        return self.rows("SELECT * FROM fibonacci_core.dead_letters ORDER BY died_at")

    def effects(self) -> list[Row[Any]]:
        """Every recorded effect."""
        return self.rows(f"SELECT consumer, event_id, attempt FROM {EFFECTS}")

    def inbox(self, event: Event) -> Row[Any]:
        """The inbox row of an event."""
        (row,) = self.rows(
            "SELECT * FROM fibonacci_core.inbox WHERE event_id = :event", event=event.id
        )
        return row

    def grow_old(self, age: timedelta) -> None:
        """As if all messages had been published that long before they were."""
        with self.owner.begin() as connection:
            connection.execute(
                text("UPDATE fibonacci_core.queue_messages SET enqueued_at = enqueued_at - :age"),
                {"age": age},
            )

    def make_visible(self) -> None:
        """As if every visibility timeout and every lease had passed."""
        with self.owner.begin() as connection:
            for statement in (
                "UPDATE fibonacci_core.queue_messages SET visible_at = clock_timestamp()",
                "UPDATE fibonacci_core.inbox SET lease_until = clock_timestamp()",
                "UPDATE fibonacci_core.leases SET lease_until = clock_timestamp()",
            ):
                connection.execute(text(statement))


def fill(rig: Rig, tenant_id: UUID, count: int, *, key: str | None = None, keys: int = 1) -> None:
    """Waiting messages without their events, published a minute ago."""
    with rig.owner.begin() as connection:
        connection.execute(_FILL, {"tenant": tenant_id, "count": count, "key": key, "keys": keys})


def behind(rig: Rig, queue: Queue) -> Rig:
    """The same database behind another queue."""
    topology = Topology([queue], [Rule("c", {"source": ["so.c"]}, "c")])
    return replace(rig, topology=topology)
