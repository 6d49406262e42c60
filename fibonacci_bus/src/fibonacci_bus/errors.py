"""What the bus raises, and the three classes by which it decides."""

from __future__ import annotations

from enum import StrEnum


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


class EventTooLarge(BusError):
    """The envelope is over 256 KB, EventBridge's limit per entry."""


class LostClaim(BusError):
    """Another worker has the event: everything of this run must be discarded."""
