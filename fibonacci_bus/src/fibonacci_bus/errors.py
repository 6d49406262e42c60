"""What the bus raises, and the three classes by which it decides."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

_TEXT_LIMIT = 4000


class ErrorClass(StrEnum):
    """Transient is run again, permanent is dead-lettered, critical is dead-lettered and alerted."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    CRITICAL = "critical"
    CONFLICT = "conflict"


class BusError(Exception):
    """Root of the bus's errors."""


class InvalidPattern(BusError):
    """A rule's pattern is wrong; ``path`` names the place."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class InvalidDeclaration(BusError):
    """A declaration of queues and rules cannot be read."""


class EventTooLarge(BusError):
    """The envelope is over 256 KB, EventBridge's limit per entry."""


class LostClaim(BusError):
    """Another worker has the event: everything of this run must be discarded."""


class BreakerOpen(BusError):
    """The breaker lets nothing through for ``retry_after``: the service behind it fails.

    An event whose run ends in it, itself or as the cause, waits that long and burns no attempt.
    """

    def __init__(self, name: str, retry_after: timedelta) -> None:
        super().__init__(f"{name} is cut off for {retry_after.total_seconds():.0f} s")
        self.name = name
        self.retry_after = retry_after


class Paused(BusError):
    """Raised by ``Consumer.admit``, or in the commit: the event's partition waits for now.

    The event stays on its queue, unreceived and with its attempts, until the queue's messages of
    that partition are resumed (``fibonacci_bus.pausing``); on SQS it comes again by itself.
    """


def cut_off(error: BaseException) -> BreakerOpen | None:
    """The open breaker that ended a run, if it was one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, BreakerOpen):
            return seen
        seen = seen.__cause__
    return None


def described(error: BaseException) -> str:
    """An error's class and text, at most 4,000 characters that PostgreSQL can store.

    The text is a stranger's: it may hold NUL or half a surrogate pair, be endless, or fail.
    """
    try:
        words = str(error)
    except Exception as failure:  # noqa: BLE001 - a text that cannot be read is told, not raised
        words = f"(no text: {type(failure).__name__})"
    clean = words[:_TEXT_LIMIT].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return f"{type(error).__name__}: {clean}"
