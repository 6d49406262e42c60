"""Events for tests, built the way the platform delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from alquimista_sdk.errors import InvalidEvent
from alquimista_sdk.events import (
    AgentEvent,
    EventContext,
    FractalDetail,
    Subject,
    parse_detail,
)

TENANT_ID = UUID("00000000-0000-4000-8000-000000000001")
"""The tenant of twins and events that name none."""
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in São Paulo: business time of twins and events that name none."""


def make_event(
    name: str,
    subject: Subject | UUID | None = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    last_message: str = "",
    source_channel: str = "web",
    tenant_id: UUID | None = None,
    detail: Mapping[str, Any] | FractalDetail | None = None,
    id: UUID | None = None,
    occurred_at: datetime = NOW,
    attempt: int = 1,
) -> AgentEvent:
    """Build an event; ``name`` is ``<source>.<type>``, such as ``alquimista.conversas.received``.

    ``subject`` may be a lead's id; left out it is the tenant. ``detail`` replaces what the other
    arguments would build. The detail goes through the wire's form and its parser, so that a test
    gets exactly what the platform would deliver. A fired schedule is ``alquimista.timer.<name>``.

    Raises:
        InvalidEvent: the name has no source, or the detail breaks the protocol.
    """
    source, _, kind = name.rpartition(".")
    if not source or not kind:
        raise InvalidEvent("name", f"{name!r} is not <source>.<type>")
    tenant = tenant_id or TENANT_ID
    if subject is None:
        subject = Subject("tenant", tenant)
    elif isinstance(subject, UUID):
        subject = Subject.lead(subject)
    if detail is None:
        detail = FractalDetail(
            subject=subject,
            context=EventContext(
                source=source_channel, last_message=last_message, metadata=dict(metadata or {})
            ),
        )
    wire = detail.to_wire() if isinstance(detail, FractalDetail) else detail
    return AgentEvent(
        id=id or uuid4(),
        source=source,
        type=kind,
        tenant_id=tenant,
        trace_id=uuid4(),
        occurred_at=occurred_at,
        detail=parse_detail(wire),
        attempt=attempt,
    )
