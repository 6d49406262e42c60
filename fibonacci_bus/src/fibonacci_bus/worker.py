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
from fibonacci_bus.errors import ErrorClass, LostClaim, described
from fibonacci_bus.event import Event
from fibonacci_bus.inbox import AlreadyDone, Busy, Claimed, claim, fail, give_back, settle
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.queues import Listener, Message

logger = logging.getLogger(__name__)
MAX_CONFLICTS = 3
_BUSY_DELAY = timedelta(milliseconds=200)
_BACKOFF_BASE = 2.0
_BACKOFF_LIMIT = 300.0
_POLL_SECONDS = 0.5
_LOAD = text(
    f"""
    SELECT id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth, replay_name, replayed_from, effects
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
    """The event is acknowledged unhandled."""


class _Exhausted(Exception):
    """The event has had all its attempts: the workers that ran it died."""


class Worker:
    """Moves messages of its consumers' queues, in batches. One worker belongs to one thread."""

    def __init__(
        self,
        reader: MessageSource,
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
        self._held: dict[Message, Claimed | None] = {}

    @property
    def queues(self) -> tuple[str, ...]:
        """The names of the queues that are worked on."""
        return tuple(self._consumers)

    def run_once(self, batch: int = 10) -> int:
        """Handle up to ``batch`` messages; answers how many were received.

        Raises:
            DBAPIError: the database went away. What was received and not settled is given back
                by the next call.
        """
        self._give_back()
        messages = self._reader.receive(tuple(self._consumers), batch)
        self._held = dict.fromkeys(messages)
        handled = []
        for message in messages:
            if self._handle(message):
                handled.append(message)
            else:
                del self._held[message]
        self._reader.ack(handled)
        self._held.clear()
        return len(messages)

    def handle(self, message: Message) -> bool:
        """Handle one message that the caller received; True where the caller acknowledges it.

        False where it was released, sent again or dead-lettered, or where the claim was lost.

        Raises:
            DBAPIError: the database went away. The claim is given back by the next call.
        """
        self._give_back()
        self._held = {message: None}
        settled = self._handle(message)
        self._held.clear()
        return settled

    def run_forever(
        self, stop: threading.Event, listener: Listener | None = None, batch: int = 10
    ) -> None:
        """Handle messages until ``stop``; a database that went away is waited for."""
        while not stop.is_set():
            try:
                received = self.run_once(batch)
            except DBAPIError as error:
                if not unreachable(error):
                    raise
                logger.warning("database unreachable: %s", type(error.orig).__name__)
                stop.wait(_POLL_SECONDS)
                continue
            if received == 0:
                if listener is not None:
                    listener.wait(_POLL_SECONDS)
                else:
                    stop.wait(_POLL_SECONDS / 10)

    def _give_back(self) -> None:
        """After an interrupted batch: make its messages visible, without burning an attempt."""
        for message, claimed in list(self._held.items()):
            if claimed is not None:
                with self._scope(message.tenant_id) as connection:
                    give_back(connection, claimed)
            self._reader.give_back(message)
            del self._held[message]

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
        except _Exhausted:
            self._reader.dead_letter_exhausted(message)
            return False
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            self._unclaimed(message, error)
            return False
        self._held[message] = claimed
        try:
            self._work(consumer, claimed, event, started)
        except LostClaim:
            logger.warning("claim lost", extra={"consumer": consumer.name})
            return False
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
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
            if answer.attempt > self._limit(message):
                raise _Exhausted
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
            except Exception as error:
                if self._classify(error) is not ErrorClass.CONFLICT or conflicts == MAX_CONFLICTS:
                    raise

    def _failed(
        self, message: Message, claimed: Claimed, event: Event, error: BaseException
    ) -> None:
        kind = self._classify(error)
        said = described(error)
        logger.warning(
            "event failed",
            extra={"consumer": claimed.consumer, "error_class": kind.value, "error": said},
            exc_info=kind is not ErrorClass.CONFLICT,
        )
        if kind is ErrorClass.CONFLICT:
            kind = ErrorClass.TRANSIENT
        with self._scope(event.tenant_id) as connection:
            if not fail(connection, claimed, kind, said):
                return
        if kind is ErrorClass.TRANSIENT and claimed.attempt < self._limit(message):
            self._reader.release(message, self.backoff(claimed.attempt))
            return
        if kind is ErrorClass.CRITICAL:
            self._alert(event, error)
        self._reader.dead_letter(message, kind, said)

    def _unclaimed(self, message: Message, error: Exception) -> None:
        """The claim itself failed, such as for a tenant that is gone: receives count as tries."""
        said = described(error)
        logger.error("claim failed", extra={"consumer": message.queue, "error": said})
        if message.receives < self._limit(message):
            self._reader.release(message, self.backoff(message.receives))
        else:
            kind = self._classify(error)
            transient = kind is ErrorClass.CONFLICT
            self._reader.dead_letter(message, ErrorClass.TRANSIENT if transient else kind, said)

    def _alert(self, event: Event, error: BaseException) -> None:
        """Before the dead letter: a crash between the two alerts twice rather than never."""
        if self._on_critical is None:
            return
        try:
            self._on_critical(event, error)
        except Exception as failure:
            if isinstance(failure, DBAPIError) and unreachable(failure):
                raise
            logger.critical("alert failed", extra={"event_id": str(event.id)}, exc_info=True)

    def _limit(self, message: Message) -> int:
        return self._reader.topology.queue(message.queue).max_receives

    def backoff(self, attempt: int) -> timedelta:
        """Exponential, with full jitter on its upper half, at most five minutes."""
        span = min(_BACKOFF_LIMIT, _BACKOFF_BASE**attempt)
        return timedelta(seconds=span * (0.5 + self._jitter() / 2))


def unreachable(error: DBAPIError) -> bool:
    """Whether the database went away, rather than refused a statement."""
    return error.connection_invalidated or type(error.orig).__name__ in (
        "OperationalError",
        "AdminShutdown",
        "CrashShutdown",
        "CannotConnectNow",
    )
