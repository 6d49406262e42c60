"""A twin with two leads, which several tests of the twin begin with."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from alquimista_sdk.models import Lead
from alquimista_sdk.testing import TwinContext, make_event
from alquimista_sdk_tests.manifests import everything

LEAD = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("33333333-3333-4333-8333-333333333333")
DAY = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def twin_with_leads() -> TwinContext:
    twin = TwinContext(everything())
    twin.store.add(Lead(LEAD, "A", "novo"), Lead(OTHER, "B", "novo"))
    return twin.for_event(make_event("x.y", LEAD))
