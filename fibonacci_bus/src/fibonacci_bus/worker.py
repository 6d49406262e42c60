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
from fibonacci_bus.delivery import Delivery
from fibonacci_bus.driver import unreachable, why
from fibonacci_bus.errors import ErrorClass, Paused
from fibonacci_bus.event import Event
from fibonacci_bus.groups import (
    GroupRefused,
    Ready,
    claim_whole,
    commit_whole,
    grouped,
    run_whole,
)
from fibonacci_bus.inbox import Claimed, give_back
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.queues import Listener, Message

__all__ = ["Commit", "Consumer", "Scope", "Worker", "unreachable"]
logger = logging.getLogger(__name__)
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
        self._margin = lease_margin
        self._held: dict[Message, Claimed | None] = {}
        self._one = Delivery(
            reader, scope, self._consumers, classify, on_critical, lease_margin, jitter, self._held
        )

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
        self._hold([message])
        settled = self._one.handle(message)
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
        self._hold(messages)
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
                done = list(filter(self._one.handle, ours))
            for message in set(group) - set(done):
                del self._held[message]
            handled.extend(done)
        return handled

    def _hold(self, messages: Sequence[Message]) -> None:
        self._held.clear()
        self._held.update(dict.fromkeys(messages))

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
            if not isinstance(error, GroupRefused | Paused):
                logger.info("group not done", extra={"consumer": consumer.name}, exc_info=True)
            return [message for message in messages if self._one.handle(message)]
        acked = dict.fromkeys(messages)
        for message, failure in failed:
            owned = self._one.own(message)  # the attempt is counted after the fact
            if isinstance(owned, bool):
                if owned:
                    continue
            else:
                self._one.failed(message, *owned, failure)
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
            if not isinstance(error, GroupRefused | Paused):
                logger.info("group not claimed", extra={"consumer": consumer.name}, exc_info=True)
            return [message for message in messages if self._one.handle(message)]
        self._held.update({message: claimed for message, claimed, _ in claims})
        ready: list[Ready] = []
        for message, claimed, event in claims:
            try:
                ready.append((message, claimed, event, consumer.run(event, claimed.attempt)))
            except Exception as error:
                if isinstance(error, DBAPIError) and unreachable(error):
                    raise
                self._one.failed(message, claimed, event, error)
        if not ready:
            return []
        try:
            commit_whole(self._scope, ready, started)
        except Exception as error:
            if isinstance(error, DBAPIError) and unreachable(error):
                raise
            return [item[0] for item in ready if self._one.finish(consumer, *item[:3], started)]
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
