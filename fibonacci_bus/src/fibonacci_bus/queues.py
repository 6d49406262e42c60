"""Queues in PostgreSQL, seen by the relay login: receive, acknowledge, release, dead-letter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, text

from fibonacci_bus.clock import show_hidden
from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.depth import Depth, depths
from fibonacci_bus.driver import array, fetch
from fibonacci_bus.errors import ErrorClass
from fibonacci_bus.listener import Listener
from fibonacci_bus.topology import Topology
from fibonacci_bus.tried import Tried, tried

__all__ = ["Depth", "Listener", "Message", "QueueReader"]
_RECEIVE = f"""
    SELECT r_tenant::text, r_id, r_queue, r_event::text, r_key, r_receives, r_parked
    FROM {SCHEMA}.queue_receive(
        %(names)s::text[], %(seconds)s::double precision[], %(queue_limits)s::integer[],
        %(partition_limits)s::integer[], %(cursors)s::uuid[], %(batch)s, %(span)s,
        %(receipt)s::uuid, %(tenants)s::uuid[], %(ids)s::bigint[], %(receipts)s::uuid[])
    """
_ACK = f"""
    SELECT {SCHEMA}.queue_ack(%(tenants)s::uuid[], %(ids)s::bigint[], %(receipts)s::uuid[])
    """
_VISIBLE = text(
    f"""
    UPDATE {SCHEMA}.queue_messages
    SET visible_at = clock_timestamp() + make_interval(secs => :seconds), state = :state
    WHERE tenant_id = :tenant AND id = :id AND receipt = :receipt
    """
)
_RESEND = text(
    f"""
    UPDATE {SCHEMA}.queue_messages
    SET visible_at = clock_timestamp() + make_interval(secs => :seconds), state = 'waiting',
        receipt = NULL, receives = greatest(receives - 1, 0)
    WHERE tenant_id = :tenant AND id = :id AND receipt = :receipt
    """
)
_PAUSE = text(
    f"""
    UPDATE {SCHEMA}.queue_messages
    SET state = 'paused', visible_at = 'infinity', receipt = NULL,
        receives = greatest(receives - 1, 0)
    WHERE tenant_id = :tenant AND id = :id AND receipt = :receipt
    """
)
_YOUNG = text(
    f"""
    SELECT enqueued_at > clock_timestamp() - CAST(:age AS interval) FROM {SCHEMA}.queue_messages
    WHERE tenant_id = :tenant AND id = :id
    """
)
_DEAD_LETTER = text(
    f"""
    INSERT INTO {SCHEMA}.dead_letters
        (id, tenant_id, queue, event_id, ordering_key, error_class, error_text, receives)
    VALUES (:id, :tenant, :queue, :event, :ordering_key, :error_class, :error_text, :receives)
    """
)
_NUMBER = itemgetter(1)
"""Where a received row says its number."""
_LOOK_SECONDS = 0.5
_UNHIDE_SECONDS = 20.0
UNCLAIMED_FACTOR = 10
"""A message that no consumer ever claims is buried after this many times ``max_receives``."""
UNCLAIMED_AGE = timedelta(hours=1)
"""And not before it is this old: where a disk is full, every claim fails until there is room."""
_SINGLES: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()
_FIRST = "00000000-0000-0000-0000-000000000000"
_SEARCH_SPAN = 20
"""After blocked messages were met, a receive looks at so many times its batch, to park more."""


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

    def __hash__(self) -> int:
        """By the number alone: two receives of one message are rare, hashing identifiers is not."""
        return hash(self.id)


class QueueReader:
    """The relay's side of the queues. Threads may share one."""

    def __init__(self, engine: Engine, topology: Topology) -> None:
        self._engine = engine
        self._single = _single(engine)
        self._topology = topology
        self._cursors: dict[str, str] = {}
        self._blocked = False
        self._unhid = time.monotonic()

    @property
    def topology(self) -> Topology:
        """The queues' settings."""
        return self._topology

    @property
    def keeps_order(self) -> bool:
        """A receive hands out nothing of an ordering key while something of it is in flight."""
        return True

    def receive(self, queues: Sequence[str], limit: int = 10) -> list[Message]:
        """Take up to ``limit`` visible messages; those tried too often are dead-lettered.

        Partitions take turns: a batch is shared among those that wait, and the next begins after
        the last partition served. Of an ordering key only the first message is handed out, and
        none while another of its key is in flight or waits for its next try.

        Tries are the inbox's attempts, not receives: a worker that dies takes its whole batch
        along, and the neighbours of the message that killed it were never tried.
        """
        return self.ack_and_receive((), queues, limit)

    def ack_and_receive(
        self, handled: Sequence[Message], queues: Sequence[str], limit: int = 10
    ) -> list[Message]:
        """Remove handled messages and take the next ones, in one round trip.

        Neither waits for the disk: after a crash of the server an acknowledged message may come
        again, and the inbox, whose commit does wait, knows that it is done.
        """
        span = limit * _SEARCH_SPAN if self._blocked else limit
        while True:
            receipt = uuid4()
            rows = self._take(handled, queues, limit, span, receipt)
            tenants = {tenant_id: UUID(tenant_id) for tenant_id in {row[0] for row in rows}}
            received = [
                Message(tenants[tenant_id], number, queue, UUID(event_id), key, receives, receipt)
                for tenant_id, number, queue, event_id, key, receives, parked in rows
                if not parked
            ]
            self._blocked = len(rows) - len(received) > limit // 2
            if received or not rows:
                break
            handled, span = (), limit * _SEARCH_SPAN
        if not received and time.monotonic() - self._unhid > _UNHIDE_SECONDS:
            self._unhide(queues)
        return [message for message in received if not self._bury_crashed(message)]

    def receive_wait(
        self, listener: Listener, queues: Sequence[str], wait: timedelta, limit: int = 10
    ) -> list[Message]:
        """Long poll: as ``receive``, but wait up to ``wait`` for something to be published."""
        end = time.monotonic() + wait.total_seconds()
        while True:
            received = self.receive(queues, limit)
            left = end - time.monotonic()
            if received or left <= 0:
                return received
            listener.wait(min(left, _LOOK_SECONDS))

    def ack(self, messages: Sequence[Message]) -> int:
        """Remove handled messages; a copy that somebody else received since stays."""
        if not messages:
            return 0
        with self._single.connect() as connection:
            return self._delete(connection, messages)

    def release(self, message: Message, delay: timedelta) -> bool:
        """Make a message visible again after ``delay``; False where the receipt is old."""
        return self._visible(message, delay, "waiting")

    def give_back(self, message: Message) -> bool:
        """Make a message visible at once; False where the receipt is old."""
        return self._visible(message, timedelta(0), "waiting")

    def extend(self, message: Message, visibility: timedelta) -> bool:
        """Keep a message invisible longer; False where the receipt is old."""
        return self._visible(message, visibility, "in_flight")

    def resend_delayed(self, message: Message, delay: timedelta) -> bool:
        """Put a message back, unreceived, at its old place in the order: no receive is burnt."""
        with self._single.connect() as connection:
            changed = connection.execute(
                _RESEND,
                {
                    "tenant": message.tenant_id,
                    "id": message.id,
                    "receipt": message.receipt,
                    "seconds": delay.total_seconds(),
                },
            )
        return changed.rowcount == 1

    def pause(self, message: Message) -> bool:
        """Put a message away, unreceived, until its partition is resumed.

        It keeps its place: what comes after it under its ordering key waits behind it.
        """
        with self._single.connect() as connection:
            changed = connection.execute(
                _PAUSE,
                {"tenant": message.tenant_id, "id": message.id, "receipt": message.receipt},
            )
        return changed.rowcount == 1

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
            self._bury(connection, message, *self._tried(connection, message).epitaph)
        return True

    def depth(self) -> dict[str, Depth]:
        """How full each queue is, by name."""
        with self._engine.begin() as connection:
            return depths(connection, self._topology.names)

    def _take(
        self,
        handled: Sequence[Message],
        queues: Sequence[str],
        limit: int,
        span: int,
        receipt: UUID,
    ) -> list[tuple[Any, ...]]:
        settings = [self._topology.queue(name) for name in queues]
        with self._single.connect() as connection:
            rows = fetch(
                connection,
                _RECEIVE,
                {
                    "names": [queue.name for queue in settings],
                    "seconds": [queue.visibility_timeout.total_seconds() for queue in settings],
                    "queue_limits": [queue.concurrency for queue in settings],
                    "partition_limits": [queue.partition_concurrency for queue in settings],
                    "cursors": array(self._cursors.get(queue.name, _FIRST) for queue in settings),
                    "batch": limit,
                    "span": span,
                    "receipt": str(receipt),
                    **_named(handled),
                },
            )
        self._turn(rows)
        return sorted(rows, key=_NUMBER)

    def _unhide(self, queues: Sequence[str]) -> None:
        self._unhid = time.monotonic()
        with self._single.connect() as connection:
            show_hidden(connection, [self._topology.queue(name) for name in queues])

    def _turn(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """The next receive begins after the last partition served, which is a ring."""
        served: dict[str, set[str]] = {}
        for tenant, queue in {(row[0], row[2]) for row in rows}:
            served.setdefault(queue, set()).add(tenant)
        for queue, partitions in served.items():
            start = self._cursors.get(queue, _FIRST)
            self._cursors[queue] = max(partitions, key=lambda item: (item <= start, item))

    def _bury_crashed(self, message: Message) -> bool:
        limit = self._topology.queue(message.queue).max_receives
        if message.receives <= limit:
            return False
        with self._engine.begin() as connection:
            known = self._tried(connection, message)
            if known.attempts < limit and (
                message.receives <= limit * UNCLAIMED_FACTOR or _is_young(connection, message)
            ):
                return False
            self._delete(connection, [message])
            self._bury(connection, message, *known.epitaph)
        return True

    def _tried(self, connection: Connection, message: Message) -> Tried:
        return tried(connection, message.tenant_id, message.event_id, message.queue)

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
        ((removed,),) = fetch(connection, _ACK, _named(messages))
        return int(removed)

    def _visible(self, message: Message, delay: timedelta, state: str) -> bool:
        with self._single.connect() as connection:
            changed = connection.execute(
                _VISIBLE,
                {
                    "tenant": message.tenant_id,
                    "id": message.id,
                    "receipt": message.receipt,
                    "seconds": delay.total_seconds(),
                    "state": state,
                },
            )
        return changed.rowcount == 1


def _is_young(connection: Connection, message: Message) -> bool:
    named = {"tenant": message.tenant_id, "id": message.id, "age": UNCLAIMED_AGE}
    return connection.execute(_YOUNG, named).scalar_one_or_none() is True


def _single(engine: Engine) -> Engine:
    """For statements that are their own transaction: one round trip each.

    Its connections are never in another mode, since changing a pooled one to and fro costs two
    round trips more. The relay's rights need no tenant.
    """
    found = _SINGLES.get(engine)
    if found is None:
        pool = engine.pool.recreate()
        found = create_engine(
            engine.url,
            pool=pool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=engine.hide_parameters,
        )
        _SINGLES[engine] = found
    return found


def _named(messages: Sequence[Message]) -> dict[str, str]:
    return {
        "tenants": array(message.tenant_id for message in messages),
        "ids": array(message.id for message in messages),
        "receipts": array(message.receipt for message in messages),
    }
