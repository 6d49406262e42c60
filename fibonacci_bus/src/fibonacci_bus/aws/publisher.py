"""Publishing in the AWS home: stored as pending with the caller's work, pushed after the commit.

A push that fails, or a process that dies between commit and push, leaves the event pending; a sweep
finds it. EventBridge may so get an event twice; the inbox makes that one.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from fibonacci_bus.aws.declaration import BUS_NAME
from fibonacci_bus.aws.entry import Entry, batches, entry_of
from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.event import MAX_DEPTH, Event
from fibonacci_bus.publisher import PENDING, SENT, bury_loop, store
from fibonacci_bus.topology import Topology
from fibonacci_bus.worker import Scope

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

logger = logging.getLogger(__name__)
RETRYABLE = frozenset(
    {"InternalFailure", "InternalException", "ThrottlingException", "ServiceUnavailable"}
)
"""Codes of an entry that are worth another call (EventBridge API, ``PutEventsResultEntry``)."""
_COLLECTED = "fibonacci_bus.pending"
_BACKOFF_BASE = 0.1
_BACKOFF_LIMIT = 5.0
_MARK = text(
    f"UPDATE {SCHEMA}.events SET status = '{SENT}' WHERE tenant_id = :tenant "
    f"AND id = ANY(CAST(:ids AS uuid[])) AND status = '{PENDING}'"
)
_OLD = (
    "(published_at <= clock_timestamp() - make_interval(secs => :age)"
    " OR published_at > clock_timestamp() + interval '1 minute')"
)
"""Or of a time to come: the server's clock was ahead when it was stored, and went back."""
_TENANTS = text(
    f"SELECT tenant_id FROM {SCHEMA}.events WHERE status = '{PENDING}' AND {_OLD} "
    "GROUP BY tenant_id ORDER BY min(published_at)"
)
_LEFTOVERS = text(
    f"""
    SELECT published_at, id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth
    FROM {SCHEMA}.events
    WHERE tenant_id = :tenant AND status = '{PENDING}' AND replayed_from IS NULL
      AND {_OLD}
      AND (published_at, id) > (CAST(:since AS timestamptz), CAST(:last AS uuid))
    ORDER BY published_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
_Cursor = tuple[datetime | str, UUID]
_START: _Cursor = ("-infinity", UUID(int=0))


class EventBridgePublisher:
    """Stores, pushes and sweeps. ``scope`` opens a tenant's transaction (the application's login).

    ``attempts`` is how often an entry is sent before it is left to the sweep.
    """

    def __init__(
        self,
        client: EventBridgeClient,
        topology: Topology,
        scope: Scope,
        *,
        bus_name: str = BUS_NAME,
        attempts: int = 5,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._topology = topology
        self._scope = scope
        self._bus_name = bus_name
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter

    def publish(self, connection: Connection, events: Sequence[Event]) -> list[Event]:
        """Store events as pending in the caller's transaction; answers those that are new.

        Inside ``pushing`` they are pushed by itself after the commit; elsewhere the caller passes
        them to ``push`` once it has committed, or leaves them to the sweep. Idempotent by event id;
        a chain deeper than 50 becomes dead letters, and is never pushed.

        Raises:
            EventTooLarge: over 256 KB as JSON or as an EventBridge entry.
            ValueError: the detail uses the bus's reserved key.
        """
        shallow = [event for event in events if event.depth <= MAX_DEPTH]
        for event in shallow:
            entry_of(event, self._bus_name)
        deep = [event for event in events if event.depth > MAX_DEPTH]
        self._bury(connection, deep)
        stored = store(connection, shallow, status=PENDING) if shallow else set()
        fresh = {event.id: event for event in shallow if event.id in stored}
        connection.info.get(_COLLECTED, []).extend(fresh.values())
        return list(fresh.values())

    def pushing(self, scope: Scope | None = None) -> Scope:
        """A scope whose transactions push, after their commit, what was published in them.

        A push that fails raises nothing: the work is committed, and the sweep pushes again.
        """
        inner = self._scope if scope is None else scope

        @contextmanager
        def opened(tenant_id: UUID) -> Iterator[Connection]:
            with inner(tenant_id) as connection, _collecting(connection) as events:
                yield connection
            self.push(events)

        return opened

    def push(self, events: Sequence[Event]) -> int:
        """Push committed events and mark them; answers how many EventBridge took. Never raises
        for EventBridge or the database: what is not pushed or not marked is the sweep's.
        """
        accepted = self._send([entry_of(event, self._bus_name) for event in events])
        self._mark_pushed(accepted)
        return len(accepted)

    def push_copies(self, copies: Sequence[tuple[Event, Sequence[str]]]) -> int:
        """Push what a replay copied, each for its queues only; as ``push`` else.

        What is not pushed stays pending, and is left to a replay of the same name: the sweep does
        not know the queues.
        """
        entries = [entry_of(event, self._bus_name, queues) for event, queues in copies]
        accepted = self._send(entries)
        self._mark_pushed(accepted)
        return len(accepted)

    def _mark_pushed(self, accepted: Sequence[Event]) -> None:
        for tenant_id in {event.tenant_id for event in accepted}:
            own = [event.id for event in accepted if event.tenant_id == tenant_id]
            try:
                with self._scope(tenant_id) as connection:
                    _mark(connection, tenant_id, own)
            except DBAPIError as error:
                logger.warning("pushed, not marked: %s", type(error.orig).__name__)

    def sweep(
        self, relay: Engine, *, older_than: timedelta = timedelta(seconds=30), limit: int = 100
    ) -> int:
        """Push what is still pending ``older_than`` after it was stored; answers how many.

        ``relay`` finds the tenants; their transactions read the events, locked so that two sweeps
        never push the same one. The locks are held during the call to EventBridge: nobody else
        wants them. A tenant that fails is logged and does not hold up the others.
        """
        with relay.begin() as connection:
            found = connection.execute(_TENANTS, {"age": older_than.total_seconds()})
            tenants = list(found.scalars())
        pushed = 0
        for tenant_id in tenants:
            try:
                pushed += self._sweep_tenant(tenant_id, older_than, limit)
            except Exception:
                logger.exception("sweep failed", extra={"tenant_id": str(tenant_id)})
        return pushed

    def _sweep_tenant(self, tenant_id: UUID, older_than: timedelta, limit: int) -> int:
        pushed, cursor = 0, _START
        while True:
            with self._scope(tenant_id) as connection:
                rows = connection.execute(
                    _LEFTOVERS,
                    {
                        "tenant": tenant_id,
                        "age": older_than.total_seconds(),
                        "since": cursor[0],
                        "last": cursor[1],
                        "limit": limit,
                    },
                ).all()
                events = [
                    Event(**{k: v for k, v in row._mapping.items() if k != "published_at"})
                    for row in rows
                ]
                accepted = self._send([entry_of(event, self._bus_name) for event in events])
                _mark(connection, tenant_id, [event.id for event in accepted])
            pushed += len(accepted)
            if len(rows) < limit:
                return pushed
            cursor = (rows[-1].published_at, rows[-1].id)

    def _send(self, entries: Sequence[Entry]) -> list[Event]:
        """Call PutEvents; answers what it took. An error of AWS is logged and ends the sending."""
        from botocore.exceptions import BotoCoreError, ClientError

        accepted: list[Event] = []
        try:
            for batch in batches(entries):
                self._put(batch, accepted)
        except (BotoCoreError, ClientError) as error:
            logger.warning(
                "EventBridge unreachable, left to the sweep: %s",
                error,
                extra={"waiting": len(entries) - len(accepted)},
            )
        return accepted

    def _put(self, batch: list[Entry], accepted: list[Event]) -> None:
        waiting = batch
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(self.backoff(attempt))
            answer = self._client.put_events(Entries=[entry.request for entry in waiting])
            again: list[Entry] = []
            for entry, result in zip(waiting, answer["Entries"], strict=True):
                code = result.get("ErrorCode")
                if code is None:
                    accepted.append(entry.event)
                elif code in RETRYABLE:
                    again.append(entry)
                else:
                    _refused(entry.event, code, result.get("ErrorMessage", ""))
            waiting = again
            if not waiting:
                return
        logger.warning("EventBridge is busy, left to the sweep", extra={"waiting": len(waiting)})

    def backoff(self, attempt: int) -> float:
        """Seconds before another call: exponential with jitter on its upper half, at most 5."""
        span: float = min(_BACKOFF_LIMIT, _BACKOFF_BASE * 2**attempt)
        return span * (0.5 + self._jitter() / 2)

    def _bury(self, connection: Connection, deep: Sequence[Event]) -> None:
        stored = store(connection, deep, status=SENT) if deep else set()
        for event in {event.id: event for event in deep if event.id in stored}.values():
            for queue in self._topology.queues_for(event):
                bury_loop(connection, event, queue)


@contextmanager
def _collecting(connection: Connection) -> Iterator[list[Event]]:
    """Note what ``publish`` stores on this connection while the context is open."""
    info = connection.info
    outer = info.get(_COLLECTED)
    events: list[Event] = []
    info[_COLLECTED] = events
    try:
        yield events
    finally:
        # The dictionary belongs to the pooled connection and outlives this transaction.
        info.pop(_COLLECTED, None)
        if outer is not None:
            info[_COLLECTED] = outer


def _mark(connection: Connection, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    if ids:
        connection.execute(_MARK, {"tenant": tenant_id, "ids": [str(one) for one in ids]})


def _refused(event: Event, code: str, message: str) -> None:
    logger.error(
        "EventBridge refused an event: %s %s",
        code,
        message,
        extra={"event_id": str(event.id), "error_class": code},
    )
