"""Queues in PostgreSQL, seen by the relay login: receive, acknowledge, release, dead-letter."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import psycopg2.extensions
from sqlalchemy import Connection, Engine, make_url, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.errors import ErrorClass
from fibonacci_bus.publisher import CHANNEL
from fibonacci_bus.topology import Topology

_RECEIVE = text(
    f"""
    WITH config AS (
        SELECT * FROM unnest(CAST(:names AS text[]), CAST(:seconds AS double precision[]))
            AS c(queue, visibility)
    ), picked AS (
        SELECT tenant_id, id FROM {SCHEMA}.queue_messages
        WHERE queue = ANY(CAST(:names AS text[])) AND visible_at <= clock_timestamp()
        ORDER BY visible_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE {SCHEMA}.queue_messages q
    SET receives = q.receives + 1, receipt = :receipt,
        visible_at = clock_timestamp() + make_interval(secs => c.visibility)
    FROM picked p, config c
    WHERE q.tenant_id = p.tenant_id AND q.id = p.id AND c.queue = q.queue
    RETURNING q.tenant_id, q.id, q.queue, q.event_id, q.ordering_key, q.receives
    """
)
_DELETE = text(
    f"""
    DELETE FROM {SCHEMA}.queue_messages q
    USING unnest(CAST(:tenants AS uuid[]), CAST(:ids AS bigint[])) AS m(tenant_id, id)
    WHERE q.tenant_id = m.tenant_id AND q.id = m.id AND q.receipt = :receipt
    """
)
_VISIBLE = text(
    f"""
    UPDATE {SCHEMA}.queue_messages
    SET visible_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE tenant_id = :tenant AND id = :id AND receipt = :receipt
    """
)
_COPY = text(
    f"""
    INSERT INTO {SCHEMA}.queue_messages (tenant_id, queue, event_id, ordering_key, visible_at)
    VALUES (:tenant, :queue, :event, :ordering_key,
            clock_timestamp() + make_interval(secs => :seconds))
    """
)
_DEAD_LETTER = text(
    f"""
    INSERT INTO {SCHEMA}.dead_letters
        (id, tenant_id, queue, event_id, ordering_key, error_class, error_text, receives)
    VALUES (:id, :tenant, :queue, :event, :ordering_key, :error_class, :error_text, :receives)
    """
)
_TRIED = text(
    f"""
    SELECT attempts, last_error_class, last_error FROM {SCHEMA}.inbox
    WHERE tenant_id = :tenant AND event_id = :event AND consumer = :queue
    """
)
UNCLAIMED_FACTOR = 10
"""A message that no consumer ever claims is buried after this many times ``max_receives``."""
_DEPTH = text(
    f"""
    SELECT queue, count(*) FILTER (WHERE visible_at <= clock_timestamp()) AS waiting,
           count(*) FILTER (WHERE visible_at > clock_timestamp() AND receipt IS NOT NULL)
               AS in_flight,
           count(*) FILTER (WHERE visible_at > clock_timestamp() AND receipt IS NULL) AS delayed,
           extract(epoch FROM clock_timestamp() - min(enqueued_at)) AS oldest_seconds
    FROM {SCHEMA}.queue_messages GROUP BY queue
    """
)


@dataclass(frozen=True, slots=True)
class Message:
    """One received copy; the receipt is what makes an acknowledgement ours."""

    tenant_id: UUID
    id: int
    queue: str
    event_id: UUID
    ordering_key: str | None
    receives: int
    receipt: UUID


@dataclass(frozen=True, slots=True)
class Depth:
    """How full a queue is."""

    waiting: int
    in_flight: int
    delayed: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class _Tried:
    """What the inbox knows of a message's event."""

    attempts: int
    error_class: str | None
    error: str | None


def _epitaph(tried: _Tried) -> tuple[ErrorClass, str]:
    if tried.error_class is not None and tried.error is not None:
        return ErrorClass(tried.error_class), tried.error
    if tried.attempts:
        return ErrorClass.TRANSIENT, "the worker died each time"
    return ErrorClass.TRANSIENT, "received again and again, never claimed"


class QueueReader:
    """The relay's side of the queues."""

    def __init__(self, engine: Engine, topology: Topology) -> None:
        self._engine = engine
        self._topology = topology

    @property
    def topology(self) -> Topology:
        """The queues' settings."""
        return self._topology

    def receive(self, queues: Sequence[str], limit: int = 10) -> list[Message]:
        """Take up to ``limit`` visible messages; those tried too often are dead-lettered.

        Tries are the inbox's attempts, not receives: a worker that dies takes its whole batch
        along, and the neighbours of the message that killed it were never tried.
        """
        receipt = uuid4()
        settings = [self._topology.queue(name) for name in queues]
        with self._engine.begin() as connection:
            rows = connection.execute(
                _RECEIVE,
                {
                    "names": [queue.name for queue in settings],
                    "seconds": [queue.visibility_timeout.total_seconds() for queue in settings],
                    "limit": limit,
                    "receipt": receipt,
                },
            ).all()
            received = [
                Message(
                    row.tenant_id,
                    row.id,
                    row.queue,
                    row.event_id,
                    row.ordering_key,
                    row.receives,
                    receipt,
                )
                for row in sorted(rows, key=lambda row: int(row.id))
            ]
            return [item for item in received if not self._bury_crashed(connection, item)]

    def ack_and_receive(
        self, handled: Sequence[Message], queues: Sequence[str], limit: int = 10
    ) -> list[Message]:
        """Remove handled messages and take the next ones."""
        self.ack(handled)
        return self.receive(queues, limit)

    def ack(self, messages: Sequence[Message]) -> int:
        """Remove handled messages; a copy that somebody else received since stays."""
        if not messages:
            return 0
        with self._engine.begin() as connection:
            return self._delete(connection, messages)

    def release(self, message: Message, delay: timedelta) -> bool:
        """Make a message visible again after ``delay``; False where the receipt is old."""
        return self._visible(message, delay)

    def give_back(self, message: Message) -> bool:
        """Make a message visible at once; False where the receipt is old."""
        return self._visible(message, timedelta(0))

    def extend(self, message: Message, visibility: timedelta) -> bool:
        """Keep a message invisible longer; False where the receipt is old."""
        return self._visible(message, visibility)

    def resend_delayed(self, message: Message, delay: timedelta) -> bool:
        """Replace a message by a delayed copy: no receive is burnt."""
        with self._engine.begin() as connection:
            if not self._delete(connection, [message]):
                return False
            connection.execute(
                _COPY,
                {
                    "tenant": message.tenant_id,
                    "queue": message.queue,
                    "event": message.event_id,
                    "ordering_key": message.ordering_key,
                    "seconds": delay.total_seconds(),
                },
            )
        return True

    def dead_letter(self, message: Message, error_class: ErrorClass, error: str) -> bool:
        """Move a message to the dead letters with its error; False where the receipt is old."""
        with self._engine.begin() as connection:
            if not self._delete(connection, [message]):
                return False
            self._bury(connection, message, error_class, error)
        return True

    def dead_letter_exhausted(self, message: Message) -> bool:
        """Move a message whose attempts are spent to the dead letters, with its last error."""
        with self._engine.begin() as connection:
            if not self._delete(connection, [message]):
                return False
            self._bury(connection, message, *_epitaph(self._tried(connection, message)))
        return True

    def depth(self) -> dict[str, Depth]:
        """How full each queue is, by name."""
        with self._engine.begin() as connection:
            rows = connection.execute(_DEPTH).all()
        found = {
            row.queue: Depth(row.waiting, row.in_flight, row.delayed, float(row.oldest_seconds))
            for row in rows
        }
        return {name: found.get(name, Depth(0, 0, 0, 0.0)) for name in self._topology.names}

    def _bury_crashed(self, connection: Connection, message: Message) -> bool:
        limit = self._topology.queue(message.queue).max_receives
        if message.receives <= limit:
            return False
        tried = self._tried(connection, message)
        if tried.attempts < limit and message.receives <= limit * UNCLAIMED_FACTOR:
            return False
        self._delete(connection, [message])
        self._bury(connection, message, *_epitaph(tried))
        return True

    def _tried(self, connection: Connection, message: Message) -> _Tried:
        row = connection.execute(
            _TRIED,
            {"tenant": message.tenant_id, "event": message.event_id, "queue": message.queue},
        ).one_or_none()
        return _Tried(0, None, None) if row is None else _Tried(*row)

    def _bury(
        self, connection: Connection, message: Message, error_class: ErrorClass, error: str
    ) -> None:
        connection.execute(
            _DEAD_LETTER,
            {
                "id": uuid4(),
                "tenant": message.tenant_id,
                "queue": message.queue,
                "event": message.event_id,
                "ordering_key": message.ordering_key,
                "error_class": error_class.value,
                "error_text": error,
                "receives": message.receives,
            },
        )

    def _delete(self, connection: Connection, messages: Sequence[Message]) -> int:
        deleted = 0
        for receipt in {message.receipt for message in messages}:
            own = [message for message in messages if message.receipt == receipt]
            deleted += connection.execute(
                _DELETE,
                {
                    "tenants": [str(message.tenant_id) for message in own],
                    "ids": [message.id for message in own],
                    "receipt": receipt,
                },
            ).rowcount
        return deleted

    def _visible(self, message: Message, delay: timedelta) -> bool:
        with self._engine.begin() as connection:
            changed = connection.execute(
                _VISIBLE,
                {
                    "tenant": message.tenant_id,
                    "id": message.id,
                    "receipt": message.receipt,
                    "seconds": delay.total_seconds(),
                },
            )
        return changed.rowcount == 1


class Listener:
    """Waits for NOTIFY on a connection of its own, and reconnects where it was cut."""

    def __init__(self, dsn: str) -> None:
        url = make_url(dsn)
        self._arguments: dict[str, Any] = {
            "dbname": url.database,
            "user": url.username,
            "password": url.password,
            "host": url.host or url.query.get("host"),
            "port": url.port,
        }
        self._connection: psycopg2.extensions.connection | None = None

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; True where something was published meanwhile.

        Also True at once where the connection is new: something may have been published while
        nobody listened.
        """
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
                return True
            connection = self._connection
            if not select.select([connection], [], [], timeout)[0]:
                return False
            connection.poll()
        except psycopg2.Error:
            self.close()
            time.sleep(min(timeout, 0.2))
            return False
        heard = bool(connection.notifies)
        connection.notifies.clear()
        return heard

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg2.extensions.connection:
        connection: psycopg2.extensions.connection = psycopg2.connect(**self._arguments)
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        return connection
