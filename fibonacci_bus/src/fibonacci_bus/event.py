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

    def envelope(self) -> dict[str, Any]:
        """The event in EventBridge's shape, which patterns are matched against."""
        return {
            "id": str(self.id),
            "source": self.source,
            "detail-type": self.type,
            "account": str(self.tenant_id),
            "time": self.occurred_at.isoformat(),
            "detail": self.detail,
        }
