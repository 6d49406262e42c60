"""An event as the bus carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

MAX_BYTES = 256 * 1024
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Event:
    """Immutable. ``tenant_id`` is the partition; one ``ordering_key`` is handled one at a time.

    ``occurred_at`` is the application's time (aware); ``depth`` counts the events before it in
    its chain of causes.

    ``replay_name`` is set on a copy that a replay made, and on what was caused by one;
    ``replayed_from`` is the copy's original. Without ``effects`` whoever handles the event leaves
    the world outside the database alone.
    """

    id: UUID
    source: str
    type: str
    detail: Mapping[str, Any]
    tenant_id: UUID
    trace_id: UUID
    occurred_at: datetime
    ordering_key: str | None = None
    causation_id: UUID | None = None
    depth: int = 0
    replay_name: str | None = None
    replayed_from: UUID | None = None
    effects: bool = True

    @property
    def replayed(self) -> bool:
        """Whether this is a replay's copy of an earlier event."""
        return self.replayed_from is not None

    @property
    def origin_id(self) -> UUID:
        """The id of the event as it was first published: the same for every replay."""
        return self.replayed_from or self.id

    def envelope(self) -> dict[str, Any]:
        """The event in EventBridge's shape, which patterns are matched against."""
        envelope: dict[str, Any] = {
            "id": str(self.origin_id),
            "source": self.source,
            "detail-type": self.type,
            "account": str(self.tenant_id),
            "time": self.occurred_at.isoformat(),
            "detail": self.detail,
        }
        if self.replay_name is not None:
            envelope["replay-name"] = self.replay_name
        return envelope
