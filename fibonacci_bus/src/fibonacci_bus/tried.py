"""What the inbox knows of an event's attempts: the epitaph of a message that nobody can ask."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.errors import ErrorClass

_TRIED = text(
    f"""
    SELECT attempts, last_error_class, last_error FROM {SCHEMA}.inbox
    WHERE tenant_id = :tenant AND event_id = :event AND consumer = :queue
    """
)


@dataclass(frozen=True, slots=True)
class Tried:
    """Attempts so far, and how the last one failed where it lived to say so."""

    attempts: int
    error_class: str | None
    error: str | None

    @property
    def epitaph(self) -> tuple[ErrorClass, str]:
        """Class and text of the error for the dead letter."""
        if self.error_class is not None and self.error is not None:
            return ErrorClass(self.error_class), self.error
        if self.attempts:
            return ErrorClass.TRANSIENT, "the worker died each time"
        return ErrorClass.TRANSIENT, "received again and again, never claimed"


def tried(connection: Connection, tenant_id: UUID, event_id: UUID, queue: str) -> Tried:
    """What is known of an event on a queue; nothing where it was never claimed."""
    row = connection.execute(
        _TRIED, {"tenant": tenant_id, "event": event_id, "queue": queue}
    ).one_or_none()
    return Tried(0, None, None) if row is None else Tried(*row)
