"""Which receivers an event goes to, found when it is published, in its transaction.

A process reads a tenant's receivers once in five seconds: one that was registered or changed
counts everywhere after that time at most, and publishing for the others costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.webhooks.service import ENTREGAS, WEBHOOKS
from alquimista.runtime.publishing import NewEvent, timer_event
from alquimista.runtime.topology import TIMER_SOURCE, WEBHOOK_TIMER
from fibonacci_bus import Event, Pattern, compile_pattern

READ_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    receivers: Sequence[tuple[UUID, Pattern]]


class WebhookFanout:
    """Plans a delivery for each receiver whose pattern matches; timers go to nobody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[UUID, _Known] = {}

    def plan(self, uow: UnitOfWork, events: Sequence[Event]) -> list[NewEvent]:
        """Write the deliveries of new events; answers the events that start them."""
        if not uow.effects:
            return []
        receivers = self._receivers(uow)
        if not receivers:
            return []
        rows: list[dict[str, Any]] = [
            {
                "id": uuid4(),
                "tenant_id": uow.tenant_id,
                "webhook_id": webhook_id,
                "event_id": event.id,
                "evento": f"{event.source}.{event.type}"[:255],
                "status": "pendente",
                "tentativas": 0,
                "proximo_em": uow.agora,
                "trace_id": event.trace_id,
                "created_at": uow.agora,
                "updated_at": uow.agora,
            }
            for event in events
            if event.source != TIMER_SOURCE
            for webhook_id, pattern in receivers
            if pattern.matches(event.envelope())
        ]
        if rows:
            uow.connection.execute(insert(ENTREGAS), rows)
        return [
            timer_event(WEBHOOK_TIMER, uow.tenant_id, row["id"], row["trace_id"]) for row in rows
        ]

    def forget(self, tenant_id: UUID) -> None:
        """Read a tenant's receivers anew: they were changed here."""
        self._known.pop(tenant_id, None)

    def _receivers(self, uow: UnitOfWork) -> Sequence[tuple[UUID, Pattern]]:
        now = self._clock()
        known = self._known.get(uow.tenant_id)
        if known is None or known.until <= now:
            rows = uow.connection.execute(
                select(WEBHOOKS.c.id, WEBHOOKS.c.padrao).where(
                    WEBHOOKS.c.tenant_id == uow.tenant_id, WEBHOOKS.c.ativo
                )
            ).all()
            found = [(row.id, compile_pattern(row.padrao)) for row in rows]
            known = self._known[uow.tenant_id] = _Known(now + READ_SECONDS, found)
        return known.receivers
