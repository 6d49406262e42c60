"""The runner: an admitted agent as a consumer of the bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection

from alquimista.db.session import Database, UnitOfWork
from alquimista.runtime.admission import AdmittedAgent
from alquimista.runtime.context import RuntimeContext
from alquimista.runtime.publishing import EventPublisher
from alquimista.runtime.run import Run
from alquimista.runtime.topology import deadline_of
from alquimista_sdk.errors import DeadlineExceeded, PermanentError
from alquimista_sdk.events import AgentEvent, parse_detail
from alquimista_sdk.models import TenantFacts
from fibonacci_bus.errors import Paused
from fibonacci_bus.event import Event

_ADMITTED_LIMIT = 256
"""Claims whose transaction failed leave their reading behind; what is missing is read again."""


class Tenants(Protocol):
    """What the runtime asks of the platform about tenants and activations."""

    def facts(self, uow: UnitOfWork) -> TenantFacts:
        """The facts of the unit's tenant."""

    def config(
        self, connection: Connection, tenant_id: UUID, slug: str
    ) -> Mapping[str, Any] | None:
        """The configuration of an agent where it is active and its tenant is not suspended."""

    def admission(
        self, connection: Connection, tenant_id: UUID, slug: str
    ) -> tuple[Mapping[str, Any], TenantFacts] | None:
        """What ``config`` answers, with the tenant's facts."""

    def suspended(self, connection: Connection, tenant_id: UUID, slug: str) -> bool:
        """Whether an active agent, or its tenant, is suspended for now: its events wait."""


@dataclass(frozen=True, slots=True)
class _Admitted:
    """What a run needs of the tenant, as it was when the event was claimed."""

    facts: TenantFacts
    config: Mapping[str, Any]
    detail: Mapping[str, Any]
    agora: datetime


class AgentConsumer:
    """Claims are admitted only for tenants that activated the agent; rechecked at the commit."""

    def __init__(
        self,
        agent: AdmittedAgent,
        database: Database,
        tenants: Tenants,
        publisher: EventPublisher,
        make_context: Callable[[Run], RuntimeContext],
        limit: timedelta | None = None,
    ) -> None:
        self.name = agent.slug
        self.deadline = deadline_of(agent.manifest.timeout_s, limit)
        self._agent = agent
        self._database = database
        self._tenants = tenants
        self._publisher = publisher
        self._make_context = make_context
        self._admitted: dict[UUID, _Admitted] = {}

    def admit(self, connection: Connection, event: Event) -> bool:
        """Whether the event's tenant has the agent active; reads what the run needs, meanwhile.

        Raises:
            Paused: the agent or its tenant is suspended.
        """
        found = self._tenants.admission(connection, event.tenant_id, self.name)
        if found is None:
            self._wait_if_suspended(connection, event)
            return False
        uow = self._database.join(connection, event.tenant_id)
        if len(self._admitted) > _ADMITTED_LIMIT:
            self._admitted.clear()
        self._admitted[event.id] = self._read(uow, event, *found)
        return True

    def run(self, event: Event, attempt: int) -> Callable[[Connection], None]:
        """Run the hook with no transaction open; answers what the commit does."""
        run = self._open(event, attempt)
        hook = self._agent.hooks.get("agent_handle_event")
        if hook is None:
            raise PermanentError(f"{self.name} subscribes but has no agent_handle_event")
        assert run.event is not None
        hook(event=run.event, context=self._make_context(run))
        if monotonic() > run.deadline:
            raise DeadlineExceeded(f"{self.name} ran past {self._agent.manifest.timeout_s} s")

        def commit(connection: Connection) -> None:
            if self._tenants.config(connection, event.tenant_id, self.name) is None:
                self._wait_if_suspended(connection, event)
                return
            run.commit(self._database.join(connection, event.tenant_id))

        return commit

    def _wait_if_suspended(self, connection: Connection, event: Event) -> None:
        if self._tenants.suspended(connection, event.tenant_id, self.name):
            raise Paused(f"{self.name} is suspended for {event.tenant_id}")

    def _open(self, event: Event, attempt: int) -> Run:
        admitted = self._admitted.pop(event.id, None)
        if admitted is None:
            with self._database.unit_of_work(event.tenant_id) as uow:
                config = self._tenants.config(uow.connection, event.tenant_id, self.name)
                admitted = self._read(uow, event, config or {}, self._tenants.facts(uow))
        return Run(
            database=self._database,
            tenant=admitted.facts,
            manifest=self._agent.manifest,
            config=admitted.config,
            agora=admitted.agora,
            trace_id=event.trace_id,
            event=AgentEvent(
                id=event.origin_id,
                source=event.source,
                type=event.type,
                tenant_id=event.tenant_id,
                trace_id=event.trace_id,
                occurred_at=event.occurred_at,
                detail=parse_detail(admitted.detail),
                attempt=attempt,
                replayed=event.replayed,
            ),
            replay=event.replay_name,
            effects=event.effects,
            event_depth=event.depth,
            deadline=monotonic() + self.deadline.total_seconds(),
        )

    def _read(
        self, uow: UnitOfWork, event: Event, config: Mapping[str, Any], facts: TenantFacts
    ) -> _Admitted:
        return _Admitted(facts, config, self._publisher.open_detail(uow, event), uow.agora)
