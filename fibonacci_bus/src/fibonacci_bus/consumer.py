"""What a worker asks of whoever handles a queue's events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from fibonacci_bus.event import Event

EVENT_COLUMNS = """id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth, replay_name, replayed_from, effects"""
"""In the order of ``Event``'s fields."""

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
        """Asked in the claim transaction; False acknowledges the event unhandled.

        Raises:
            Paused: the event waits, with its attempts, until its partition is resumed.
        """

    def run(self, event: Event, attempt: int) -> Commit:
        """Do the work with no transaction open; answers what the commit transaction does.

        The commit may raise ``Paused`` too: then nothing of the run is kept.
        """
