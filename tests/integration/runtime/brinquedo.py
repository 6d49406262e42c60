"""Toy agents: a manifest made of data, and hooks that a test writes on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from alquimista.bootstrap import System
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.marketplace import service as marketplace
from alquimista.runtime.admission import AdmittedAgent, Catalogue
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.context import SCOPES
from alquimista_sdk.events import EventContext, FractalDetail, Subject
from alquimista_sdk.manifest import Manifest, Operation, Schedule, Scope, Subscription
from tests.integration.envio.bancada import Bancada

Handler = Callable[..., None]
Invoke = Callable[..., Mapping[str, Any] | None]
ANY: Mapping[str, Any] = {"type": "object"}


def nothing(event: Any, context: Any) -> None:
    """Handle nothing."""


@dataclass
class Brinquedo:
    """An agent that listens to ``nigredo.<name>.faz``; ``handle`` and ``invoke`` may be set."""

    name: str = "um"
    handle: Handler = nothing
    invoke: Invoke = lambda operation, payload, context: None
    operations: tuple[Operation, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    extra_scopes: tuple[str, ...] = ()
    scopes: frozenset[str] = SCOPES
    timeout_s: int = 5
    calls: list[Any] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The agent's one name."""
        return f"brinquedo_{self.name}"

    @property
    def source(self) -> str:
        """Where its events come from."""
        return f"nigredo.{self.name}"

    def manifest(self) -> Manifest:
        """What the platform knows of it."""
        names = sorted(self.scopes) + list(self.extra_scopes)
        return Manifest(
            slug=self.slug,
            name=self.name,
            version="0.1.0",
            title=self.name,
            description="Um agente de teste.",
            category="prospeccao",
            publisher="Teste",
            sdk=">=0.1,<0.2",
            source=self.source,
            timeout_s=self.timeout_s,
            memory_mb=256,
            scopes=tuple(Scope(name, "Teste.") for name in names),
            subscriptions=(Subscription("faz", {"source": [self.source], "detail-type": ["faz"]}),),
            schedules=self.schedules,
            operations=self.operations,
            publishes=(f"{self.source}.feito",),
        )

    def admitted(self) -> AdmittedAgent:
        """As admission would answer."""

        def handle(event: Any, context: Any) -> None:
            self.calls.append(event)
            self.handle(event, context)

        def invoke(operation: str, payload: Any, context: Any) -> Any:
            return self.invoke(operation, payload, context)

        hooks = {"agent_handle_event": handle, "agent_invoke": invoke}
        return AdmittedAgent(self.manifest(), hooks)


def catalogue_of(*agents: Brinquedo) -> Catalogue:
    """A catalogue of toys."""
    return Catalogue({agent.slug: agent.admitted() for agent in agents})


@dataclass
class Oficina(Bancada):
    """A tenant whose agents are toys."""

    agents: tuple[Brinquedo, ...] = ()

    @classmethod
    def abrir(cls, system: System, *agents: Brinquedo) -> Oficina:
        """A tenant with the toys active."""
        base = Bancada.montar(system)
        made = cls(system, base.tenant_id, base.campanha_id, agents)
        marketplace.sync_catalogue(system.settings.owner_dsn, system.services.catalogue)
        for agent in agents:
            made.ativa(agent)
        return made

    def ativa(self, agent: Brinquedo) -> None:
        """Activate a toy."""
        services = self.system.services
        with self.uow() as uow:
            marketplace.activate(services.ports, uow, services.catalogue, agent.slug, {}, SISTEMA)

    def pede(self, agent: Brinquedo, lead_id: UUID | None = None, **metadata: Any) -> UUID:
        """Publish what the toy listens to; the event's id."""
        subject = Subject.lead(lead_id) if lead_id else Subject("tenant", self.tenant_id)
        detail = FractalDetail(subject=subject, context=EventContext(metadata=metadata))
        with self.uow() as uow:
            [event_id] = self.system.services.publisher.publish(
                uow, [NewEvent(agent.source, "faz", detail, uuid4())]
            )
        return event_id

    def roda(self, *agents: Brinquedo) -> None:
        """Handle what is due now on the toys' queues."""
        queues = tuple(agent.slug for agent in agents or self.agents)
        worker = self.system.worker(queues)
        while worker.run_once(10):
            continue

    def executa(self, sql: str) -> None:
        """A statement of the owner login, as an operator's command runs it."""
        with self.owner() as connection:
            connection.execute(text(sql))

    def caixa(self, event_id: UUID) -> Row[Any]:
        """The inbox row of an event."""
        with self.owner() as connection:
            return connection.execute(
                text("SELECT * FROM fibonacci_core.inbox WHERE event_id = :id"), {"id": event_id}
            ).one()
