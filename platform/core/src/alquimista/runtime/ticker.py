"""The tick: due timers become events, each in a transaction of its tenant."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from croniter import croniter

from alquimista.db.session import Database, UnitOfWork
from alquimista.runtime.publishing import EventPublisher, NewEvent
from alquimista.runtime.topology import TIMER_SOURCE
from alquimista_sdk.events import EventContext, FractalDetail, Subject
from alquimista_sdk.manifest import Manifest
from fibonacci_bus.timers import Timer, Timers

logger = logging.getLogger(__name__)
SCHEDULE_PREFIX = "agenda:"
_BATCH = 200


class FusoHorario(Protocol):
    """Where the tenant's zone is looked up."""

    def __call__(self, uow: UnitOfWork) -> str:
        """The IANA name of the unit's tenant's zone."""


class Ticker:
    """Finds what is due across tenants and publishes it under each tenant."""

    def __init__(
        self,
        database: Database,
        timers: Timers,
        publisher: EventPublisher,
        manifests: Callable[[], Mapping[str, Manifest]],
        fuso: FusoHorario,
    ) -> None:
        self._database = database
        self._timers = timers
        self._publisher = publisher
        self._manifests = manifests
        self._fuso = fuso

    def tick(self, span: timedelta = timedelta(0)) -> int:
        """Publish what is due within ``span``; answers how many timers fired."""
        with self._database.relay_engine.begin() as relay:
            due = self._timers.find_due(relay, span=span, limit=_BATCH)
        fired = 0
        for tenant_id, group in groupby(sorted(due, key=_by_tenant), key=_by_tenant):
            fired += self._fire(tenant_id, list(group))
        return fired

    def _fire(self, tenant_id: UUID, due: Iterable[Timer]) -> int:
        with self._database.unit_of_work(tenant_id) as uow:
            taken = [timer for timer in due if self._timers.take(uow.connection, timer)]
            events: list[NewEvent] = []
            for timer in taken:
                if timer.kind.startswith(SCHEDULE_PREFIX):
                    events.extend(self._scheduled(uow, timer))
                else:
                    events.append(_timer_event(timer.kind, tenant_id, timer.ref_id))
            self._publisher.publish(uow, events)
        return len(taken)

    def _scheduled(self, uow: UnitOfWork, timer: Timer) -> list[NewEvent]:
        _, slug, name = timer.kind.split(":", 2)
        manifest = self._manifests().get(slug)
        schedule = next(
            (item for item in (manifest.schedules if manifest else ()) if item.name == name), None
        )
        if schedule is None:
            logger.info("schedule dropped: its agent no longer has it", extra={"agent": slug})
            return []
        self._timers.schedule(
            uow.connection,
            uow.tenant_id,
            next_run(schedule.cron, uow.agora, self._fuso(uow)),
            timer.kind,
            timer.ref_id,
        )
        return [_timer_event(name, uow.tenant_id, timer.ref_id, agente=slug)]


def next_run(cron: str, agora: datetime, fuso: str) -> datetime:
    """The first moment after ``agora`` that a cron expression names in a zone."""
    local = agora.astimezone(ZoneInfo(fuso))
    moment: datetime = croniter(cron, local).get_next(datetime)
    return moment.astimezone(agora.tzinfo)


def _by_tenant(timer: Timer) -> UUID:
    return timer.tenant_id


def _timer_event(kind: str, tenant_id: UUID, ref_id: UUID, agente: str | None = None) -> NewEvent:
    extras = {"agente": agente} if agente else {}
    return NewEvent(
        source=TIMER_SOURCE,
        type=kind,
        detail=FractalDetail(
            subject=Subject("tenant", tenant_id),
            context=EventContext(metadata={"ref_id": str(ref_id)}),
            extras=extras,
        ),
        trace_id=uuid4(),
    )
