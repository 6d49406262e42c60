"""One message: claim, run, commit, and what becomes of it where one of them fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic

from sqlalchemy.exc import DBAPIError

from fibonacci_bus.consumer import Consumer, Scope
from fibonacci_bus.driver import unreachable
from fibonacci_bus.errors import BreakerOpen, ErrorClass, LostClaim, Paused, cut_off, described
from fibonacci_bus.event import Event
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
from fibonacci_bus.queues import Message

logger = logging.getLogger(__name__)
MAX_CONFLICTS = 3
_BUSY_DELAY = timedelta(milliseconds=200)
_BACKOFF_BASE = 2.0
_BACKOFF_LIMIT = 300.0


class Delivery:
    """Brings one message at a time to its consumer; ``claims`` notes what a worker holds."""

    def __init__(
        self,
        reader: MessageSource,
        scope: Scope,
        consumers: Mapping[str, Consumer],
        classify: Callable[[BaseException], ErrorClass],
        on_critical: Callable[[Event, BaseException], None] | None,
        margin: timedelta,
        jitter: Callable[[], float],
        claims: dict[Message, Claimed | None],
    ) -> None:
        self._reader = reader
        self._scope = scope
        self._consumers = consumers
        self._classify = classify
        self._on_critical = on_critical
        self._margin = margin
        self._jitter = jitter
        self._claims = claims

    def handle(self, message: Message) -> bool:
        """Handle one message; True where it is to be acknowledged."""
        started = monotonic()
        owned = self.own(message)
        if isinstance(owned, bool):
            return owned
        return self.finish(self._consumers[message.queue], message, *owned, started)

    def own(self, message: Message) -> tuple[Claimed, Event] | bool:
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
        except Paused:
            self._reader.pause(message)
            return False
        except Exhausted:
            self._reader.dead_letter_exhausted(message)
            return False
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            self._unclaimed(message, error)
            return False
        self._claims[message] = claimed
        return claimed, event

    def finish(
        self, consumer: Consumer, message: Message, claimed: Claimed, event: Event, started: float
    ) -> bool:
        """Run and commit a claimed event; True where it is to be acknowledged."""
        try:
            self._work(consumer, claimed, event, started)
        except LostClaim:
            logger.warning("claim lost", extra={"consumer": consumer.name})
            return False
        except Paused:
            self._put_off(message, claimed)
            return False
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            self.failed(message, claimed, event, error)
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
                    settle(connection, claimed, elapsed)
                    commit(connection)
                return
            except Exception as error:
                if self._classify(error) is not ErrorClass.CONFLICT or conflicts == MAX_CONFLICTS:
                    raise

    def failed(
        self, message: Message, claimed: Claimed, event: Event, error: BaseException
    ) -> None:
        """A claimed event's run failed: give the claim back, and wait, or bury the message."""
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
            self._reader.release(message, backoff(claimed.attempt, self._jitter()))
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

    def _put_off(self, message: Message, claimed: Claimed) -> None:
        """The partition was paused while the event ran: nothing of the run is kept."""
        with self._scope(message.tenant_id) as connection:
            if not give_back(connection, claimed):
                return
        self._reader.pause(message)

    def _unclaimed(self, message: Message, error: Exception) -> None:
        """The claim itself failed, such as for a tenant that is gone: receives count as tries."""
        said = described(error)
        logger.error("claim failed", extra={"consumer": message.queue, "error": said})
        if message.receives < self._limit(message):
            self._reader.release(message, backoff(message.receives, self._jitter()))
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


def backoff(attempt: int, jitter: float) -> timedelta:
    """Exponential, with full jitter (0 to 1) on its upper half, at most five minutes."""
    span = min(_BACKOFF_LIMIT, _BACKOFF_BASE**attempt)
    return timedelta(seconds=span * (0.5 + jitter / 2))
