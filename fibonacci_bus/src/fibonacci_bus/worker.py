"""The worker: claim, run, commit, acknowledge. No transaction is open while a consumer runs."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from time import monotonic

from sqlalchemy.exc import DBAPIError

from fibonacci_bus.consumer import Commit, Consumer, Scope
from fibonacci_bus.driver import unreachable, why
from fibonacci_bus.errors import BreakerOpen, ErrorClass, LostClaim, cut_off, described
from fibonacci_bus.event import Event
from fibonacci_bus.groups import (
    GroupRefused,
    Ready,
    claim_whole,
    commit_whole,
    grouped,
    run_whole,
)
from fibonacci_bus.inbox import (
    AlreadyDone,
    Claimed,
    Exhausted,
    NotClaimed,
    Skipped,
    claim_and_load,
    fail,
    give_back,
    settle,
)
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.queues import Listener, Message

__all__ = ["Commit", "Consumer", "Scope", "Worker", "unreachable"]
logger = logging.getLogger(__name__)
MAX_CONFLICTS = 3
_BUSY_DELAY = timedelta(milliseconds=200)
_BACKOFF_BASE = 2.0
_BACKOFF_LIMIT = 300.0
_POLL_SECONDS = 0.5
_FLUSH_SECONDS = 0.05


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
        self._reader.ack(self._handle_all(messages))
        self._held.clear()
        return len(messages)

    def run_until_empty(self, batch: int = 10) -> int:
        """Handle messages until none is visible; answers how many were received.

        Raises:
            DBAPIError: as ``run_once``.
        """
        self._give_back()
        received = 0
        handled: list[Message] = []
        while messages := self._reader.ack_and_receive(handled, tuple(self._consumers), batch):
            self._held.clear()
            received += len(messages)
            handled = self._handle_all(messages)
        self._held.clear()
        return received

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
        """Handle messages until ``stop``; a database that went away is waited for.

        What a batch has handled is acknowledged by the statement that receives the next.
        """
        handled: list[Message] = []
        while not stop.is_set():
            try:
                self._give_back(handled)
                messages = self._reader.ack_and_receive(handled, tuple(self._consumers), batch)
                self._held.clear()
                handled = []
                if listener is not None and len(messages) == batch:
                    listener.wake()
                handled = self._handle_all(messages)
            except DBAPIError as error:
                if not unreachable(error):
                    raise
                logger.warning("database unreachable: %s", why(error))
                stop.wait(_POLL_SECONDS)
                continue
            if not messages:
                if listener is not None:
                    listener.wait(_POLL_SECONDS)
                else:
                    stop.wait(_POLL_SECONDS / 10)
        self._reader.ack(handled)
        self._held.clear()

    def _handle_all(self, messages: Sequence[Message]) -> list[Message]:
        """Handle a batch; answers what is to be acknowledged.

        Slow batches are acknowledged on the way, and what waits for its turn is kept invisible.
        """
        received = flushed = monotonic()
        self._held = dict.fromkeys(messages)
        handled: list[Message] = []
        for group in grouped(messages, self._reader.topology):
            if handled and monotonic() - flushed > _FLUSH_SECONDS:
                self._reader.ack(handled)
                for message in handled:
                    del self._held[message]
                handled, flushed = [], monotonic()
            ours = [message for message in group if self._still_ours(message, received)]
            if ours and self._reader.keeps_order and self._fresh(ours[0]):
                done = self._handle_unclaimed(ours)
            elif len(ours) > 1:
                done = self._handle_group(ours)
            else:
                done = list(filter(self._handle, ours))
            for message in set(group) - set(done):
                del self._held[message]
            handled.extend(done)
        return handled

    def _fresh(self, message: Message) -> bool:
        """Whether a message that is new may be run without a claim."""
        return message.receives == 1 and self._reader.topology.queue(message.queue).group > 1

    def _still_ours(self, message: Message, received: float) -> bool:
        visibility = self._reader.topology.queue(message.queue).visibility_timeout
        if monotonic() - received < visibility.total_seconds() / 2:
            return True
        return self._reader.extend(message, visibility)

    def _handle_unclaimed(self, messages: list[Message]) -> list[Message]:
        """Run and commit several events together; answers those to be acknowledged."""
        consumer = self._consumers[messages[0].queue]
        try:
            failed = run_whole(self._scope, consumer, messages)
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            if not isinstance(error, GroupRefused):
                logger.info("group not done", extra={"consumer": consumer.name}, exc_info=True)
            return [message for message in messages if self._handle(message)]
        acked = dict.fromkeys(messages)
        for message, failure in failed:
            owned = self._own(message)  # the attempt is counted after the fact
            if isinstance(owned, bool):
                if owned:
                    continue
            else:
                self._failed(message, *owned, failure)
            del acked[message]
        return list(acked)

    def _handle_group(self, messages: list[Message]) -> list[Message]:
        """Claim, run and commit several events together; answers those to be acknowledged."""
        consumer = self._consumers[messages[0].queue]
        started = monotonic()
        try:
            claims = claim_whole(self._scope, consumer, messages, self._margin)
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            if not isinstance(error, GroupRefused):
                logger.info("group not claimed", extra={"consumer": consumer.name}, exc_info=True)
            return [message for message in messages if self._handle(message)]
        self._held.update({message: claimed for message, claimed, _ in claims})
        ready: list[Ready] = []
        for message, claimed, event in claims:
            try:
                ready.append((message, claimed, event, consumer.run(event, claimed.attempt)))
            except Exception as error:
                if isinstance(error, DBAPIError) and unreachable(error):
                    raise
                self._failed(message, claimed, event, error)
        if not ready:
            return []
        try:
            commit_whole(self._scope, ready, started)
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            return [item[0] for item in ready if self._finish(consumer, *item[:3], started)]
        return [item[0] for item in ready]

    def _give_back(self, handled: Sequence[Message] = ()) -> None:
        """After an interrupted batch: make its messages visible, without burning an attempt."""
        spared = set(handled)
        for message, claimed in list(self._held.items()):
            if message in spared:
                continue
            if claimed is not None:
                with self._scope(message.tenant_id) as connection:
                    give_back(connection, claimed)
            self._reader.give_back(message)
            del self._held[message]

    def _handle(self, message: Message) -> bool:
        """Handle one message; True where it is to be acknowledged."""
        started = monotonic()
        owned = self._own(message)
        if isinstance(owned, bool):
            return owned
        return self._finish(self._consumers[message.queue], message, *owned, started)

    def _own(self, message: Message) -> tuple[Claimed, Event] | bool:
        """Claim a message; where there is nothing to run, whether it is to be acknowledged."""
        try:
            claimed, event = self._claim(self._consumers[message.queue], message)
        except NotClaimed as refusal:
            if isinstance(refusal.answer, AlreadyDone):
                return True
            self._reader.resend_delayed(message, _BUSY_DELAY)
            return False
        except Skipped:
            return True
        except Exhausted:
            self._reader.dead_letter_exhausted(message)
            return False
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            self._unclaimed(message, error)
            return False
        self._held[message] = claimed
        return claimed, event

    def _finish(
        self, consumer: Consumer, message: Message, claimed: Claimed, event: Event, started: float
    ) -> bool:
        """Run and commit a claimed event; True where it is to be acknowledged."""
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
            answer = claim_and_load(
                connection,
                message.tenant_id,
                message.event_id,
                consumer.name,
                consumer.deadline + self._margin,
                message.ordering_key,
            )
            if not isinstance(answer, tuple):
                raise NotClaimed(answer)
            claimed, event = answer
            if claimed.attempt > self._limit(message):
                raise Exhausted
            if event is None:
                logger.warning("event is gone", extra={"consumer": consumer.name})
                raise Skipped
            if not consumer.admit(connection, event):
                raise Skipped
        return claimed, event

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
        breaker = cut_off(error)
        if breaker is not None and kind is ErrorClass.TRANSIENT:
            self._postpone(message, claimed, breaker)
            return
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

    def _postpone(self, message: Message, claimed: Claimed, breaker: BreakerOpen) -> None:
        """An open breaker stopped the run: wait for it, without burning an attempt."""
        logger.info("event waits", extra={"consumer": claimed.consumer, "breaker": breaker.name})
        with self._scope(message.tenant_id) as connection:
            if not give_back(connection, claimed):
                return
        spread = timedelta(seconds=self._jitter())
        self._reader.resend_delayed(message, breaker.retry_after + spread)

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
