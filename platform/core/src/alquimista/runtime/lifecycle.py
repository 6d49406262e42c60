"""Calling an agent outside events: activation, upgrade, deactivation, and operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from alquimista.db.session import Database, UnitOfWork
from alquimista.runtime.admission import AdmittedAgent, Catalogue
from alquimista.runtime.context import RuntimeContext
from alquimista.runtime.operations import OperationCaller
from alquimista.runtime.run import Run
from alquimista.runtime.runner import Tenants
from alquimista_sdk.errors import NotFound, OperationUnavailable


class AgentHooks:
    """Each hook is one run: reads are immediate, writes commit together when it returns."""

    def __init__(
        self,
        catalogue: Catalogue,
        database: Database,
        tenants: Tenants,
        make_context: Callable[[Run], RuntimeContext],
        operations: OperationCaller,
    ) -> None:
        self._catalogue = catalogue
        self._database = database
        self._tenants = tenants
        self._make_context = make_context
        self._operations = operations

    def on_activate(self, tenant_id: UUID, slug: str) -> None:
        """Tell an agent that the tenant has activated it."""
        self._call(tenant_id, slug, "agent_on_activate")

    def on_upgrade(self, tenant_id: UUID, slug: str, from_version: str) -> None:
        """Tell an agent that the tenant's activation moves to the installed version."""
        self._call(tenant_id, slug, "agent_on_upgrade", from_version=from_version)

    def on_deactivate(self, tenant_id: UUID, slug: str) -> None:
        """Tell an agent that the tenant is deactivating it."""
        self._call(tenant_id, slug, "agent_on_deactivate")

    def operation(
        self, tenant_id: UUID, name: str, payload: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Call an operation on behalf of the tenant.

        Raises:
            OperationUnavailable: no agent active for the tenant offers it.
        """
        agent = self._catalogue.offering(name)
        if agent is None:
            raise OperationUnavailable(f"no installed agent offers {name}")
        return self._operations.call(self._open(tenant_id, agent), name, payload)

    def _call(self, tenant_id: UUID, slug: str, name: str, **arguments: Any) -> None:
        agent = self._catalogue.admitted.get(slug)
        if agent is None:
            raise NotFound(f"agente {slug} não encontrado")
        hook = agent.hooks.get(name)
        if hook is None:
            return
        run = self._open(tenant_id, agent)
        hook(context=self._make_context(run), **arguments)
        with self._database.unit_of_work(tenant_id) as uow:
            run.commit(uow)

    def _open(self, tenant_id: UUID, agent: AdmittedAgent) -> Run:
        with self._database.unit_of_work(tenant_id) as uow:
            return Run(
                database=self._database,
                tenant=self._tenants.facts(uow),
                manifest=agent.manifest,
                config=self._config(uow, agent.slug),
                agora=uow.agora,
                trace_id=uuid4(),
                deadline=monotonic() + agent.manifest.timeout_s,
            )

    def _config(self, uow: UnitOfWork, slug: str) -> Mapping[str, Any]:
        return self._tenants.config(uow.connection, uow.tenant_id, slug) or {}
