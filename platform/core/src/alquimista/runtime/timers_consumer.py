"""The platform's own consumer: a due timer calls the use case that registered its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from alquimista.db.session import Database, UnitOfWork
from alquimista.runtime.topology import PLATFORM_QUEUE, SENDER_TIMEOUT
from alquimista_sdk.errors import PermanentError
from fibonacci_bus.event import Event

OnTimer = Callable[[UnitOfWork, UUID], None]


class TimersConsumer:
    """Everything happens in the commit transaction, so it happens once."""

    name = PLATFORM_QUEUE

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, OnTimer],
        deadline: timedelta = SENDER_TIMEOUT,
    ) -> None:
        self.deadline = deadline
        self._database = database
        self._handlers = handlers

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything on this queue is the core's own; a replay without effects fires nothing."""
        return event.effects

    def run(self, event: Event, attempt: int) -> Callable[[Connection], None]:
        """Find the kind's use case; it runs in the commit."""
        handler = self._handlers.get(event.type)
        if handler is None:
            raise PermanentError(f"nothing handles timers of kind {event.type!r}")
        ref_id = UUID(event.detail["context"]["metadata"]["ref_id"])
        return lambda connection: handler(self._database.join(connection, event.tenant_id), ref_id)
