"""The worker: claim, run, commit, acknowledge. No transaction is open while a consumer runs."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from time import monotonic
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.errors import ErrorClass, LostClaim
from fibonacci_bus.event import Event
from fibonacci_bus.inbox import AlreadyDone, Busy, Claimed, claim, fail, settle
from fibonacci_bus.queues import Listener, Message, QueueReader

logger = logging.getLogger(__name__)
MAX_CONFLICTS = 3
_BUSY_DELAY = timedelta(milliseconds=200)
_BACKOFF_BASE = 2.0
_BACKOFF_LIMIT = 300.0
_POLL_SECONDS = 0.5
_LOAD = text(
    f"""
    SELECT id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth
    FROM {SCHEMA}.events WHERE tenant_id = :tenant AND id = :id
    """
)

Scope = Callable[[UUID], AbstractContextManager[Connection]]
Commit = Callable[[Connection], None]


class Consumer(Protocol):
    """Handles the events of one queue; ``name`` is the queue's."""

    @property
    def name(self) -> str:
        """The queue."""

    @property
    def deadline(self) -> timedelta:
        """How long a run may take."""

    def admit(self, connection: Connection, event: Event) -> bool:
        """Asked in the claim transaction; False acknowledges the event unhandled."""

    def run(self, event: Event, attempt: int) -> Commit:
        """Do the work with no transaction open; answers what the commit transaction does."""


class _NotClaimed(Exception):
    def __init__(self, answer: AlreadyDone | Busy) -> None:
        super().__init__()
        self.answer = answer


class _Skipped(Exception):
    pass


class Worker:
    """Moves messages of its consumers' queues, in batches."""

    def __init__(
        self,
        reader: QueueReader,
        scope: Scope,
        consumers: Iterable[Consumer],
        classify: Callable[[BaseException], ErrorClass],
        *,
        on_critical: Callable[[Event, BaseException], None] | None = None,
        lease_margin: timedelta = timedelta(seconds=30),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._reader = reader
        self._scope = scope
        self._consumers: Mapping[str, Consumer] = {c.name: c for c in consumers}
        self._classify = classify
        self._on_critical = on_critical
        self._margin = lease_margin
        self._jitter = jitter

    def run_once(self, batch: int = 10) -> int:
        """Handle up to ``batch`` messages; answers how many were received."""
        messages = self._reader.receive(tuple(self._consumers), batch)
        handled = [message for message in messages if self._handle(message)]
        self._reader.ack(handled)
        return len(messages)

    def run_forever(
        self, stop: threading.Event, listener: Listener | None = None, batch: int = 10
    ) -> None:
        """Handle messages until ``stop``; a database that went away is waited for."""
        while not stop.is_set():
            try:
                received = self.run_once(batch)
            except DBAPIError as error:
                if not _unreachable(error):
                    raise
                logger.warning("database unreachable: %s", type(error.orig).__name__)
                stop.wait(_POLL_SECONDS)
                continue
            if received == 0:
                if listener is not None:
                    listener.wait(_POLL_SECONDS)
                else:
                    stop.wait(_POLL_SECONDS / 10)

    def _handle(self, message: Message) -> bool:
        """Handle one message; True where it is to be acknowledged."""
        consumer = self._consumers[message.queue]
        started = monotonic()
        try:
            claimed, event = self._claim(consumer, message)
        except _NotClaimed as refusal:
            if isinstance(refusal.answer, AlreadyDone):
                return True
            self._reader.resend_delayed(message, _BUSY_DELAY)
            return False
        except _Skipped:
            return True
        try:
            self._work(consumer, claimed, event, started)
        except LostClaim:
            logger.warning("claim lost", extra={"consumer": consumer.name})
            return False
        except Exception as error:  # noqa: BLE001 - the boundary where errors are classed
            if isinstance(error, DBAPIError) and _unreachable(error):
                raise
            self._failed(message, claimed, event, error)
            return False
        return True

    def _claim(self, consumer: Consumer, message: Message) -> tuple[Claimed, Event]:
        with self._scope(message.tenant_id) as connection:
            answer = claim(
                connection,
                message.tenant_id,
                message.event_id,
                consumer.name,
                consumer.deadline + self._margin,
                message.ordering_key,
            )
            if not isinstance(answer, Claimed):
                raise _NotClaimed(answer)
            row = connection.execute(
                _LOAD, {"tenant": message.tenant_id, "id": message.event_id}
            ).one_or_none()
            if row is None:
                logger.warning("event is gone", extra={"consumer": consumer.name})
                raise _Skipped
            event = Event(*row)
            if not consumer.admit(connection, event):
                raise _Skipped
        return answer, event

    def _work(self, consumer: Consumer, claimed: Claimed, event: Event, started: float) -> None:
        for conflicts in range(MAX_CONFLICTS + 1):
            commit = consumer.run(event, claimed.attempt)
            try:
                with self._scope(event.tenant_id) as connection:
                    elapsed = int((monotonic() - started) * 1000)
                    settle(connection, claimed, event.trace_id, elapsed)
                    commit(connection)
                return
            except Exception as error:  # noqa: BLE001 - only conflicts are handled here
                if self._classify(error) is not ErrorClass.CONFLICT or conflicts == MAX_CONFLICTS:
                    raise

    def _failed(
        self, message: Message, claimed: Claimed, event: Event, error: BaseException
    ) -> None:
        kind = self._classify(error)
        said = f"{type(error).__name__}: {error}"
        logger.warning(
            "event failed",
            extra={"consumer": claimed.consumer, "error_class": kind.value, "error": said},
            exc_info=kind is not ErrorClass.CONFLICT,
        )
        if kind is ErrorClass.CONFLICT:
            kind = ErrorClass.TRANSIENT
        with self._scope(event.tenant_id) as connection:
            fail(connection, claimed, kind, said)
        last = claimed.attempt >= self._reader.topology.queue(message.queue).max_receives
        if kind is ErrorClass.TRANSIENT and not last:
            self._reader.release(message, self.backoff(claimed.attempt))
            return
        self._reader.dead_letter(message, kind, said)
        if kind is ErrorClass.CRITICAL and self._on_critical is not None:
            self._on_critical(event, error)

    def backoff(self, attempt: int) -> timedelta:
        """Exponential, with full jitter on its upper half, at most five minutes."""
        span = min(_BACKOFF_LIMIT, _BACKOFF_BASE**attempt)
        return timedelta(seconds=span * (0.5 + self._jitter() / 2))


def _unreachable(error: DBAPIError) -> bool:
    return error.connection_invalidated or type(error.orig).__name__ in (
        "OperationalError",
        "AdminShutdown",
        "CrashShutdown",
        "CannotConnectNow",
    )
