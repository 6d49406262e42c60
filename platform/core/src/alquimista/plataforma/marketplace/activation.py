"""Activating and deactivating as a person asks for it: the use case, then the agent's own hook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.marketplace import service
from alquimista.plataforma.marketplace.service import Ativacao, GanchoFalhou
from alquimista.runtime.admission import Catalogue
from alquimista.runtime.ports import Ports

logger = logging.getLogger(__name__)


class Hooks(Protocol):
    """The agents' own code around an activation."""

    def on_activate(self, tenant_id: UUID, slug: str) -> None:
        """Tell an agent that the tenant has activated it."""

    def on_upgrade(self, tenant_id: UUID, slug: str, from_version: str) -> None:
        """Tell an agent that the tenant's activation moves to the installed version."""

    def on_deactivate(self, tenant_id: UUID, slug: str) -> None:
        """Tell an agent that the tenant is deactivating it."""


Confere = Callable[[int], None]
"""Takes the version of the locked activation; raises where the caller read another."""


class Activations:
    """Commits first, then runs the hook: a hook may take minutes and holds no transaction."""

    def __init__(
        self, database: Database, ports: Ports, catalogue: Catalogue, hooks: Hooks
    ) -> None:
        self._database = database
        self._ports = ports
        self._catalogue = catalogue
        self._hooks = hooks

    def activate(
        self,
        tenant_id: UUID,
        slug: str,
        config: Mapping[str, Any] | None,
        ator: Ator,
        confere: Confere | None = None,
    ) -> Ativacao:
        """Activate an agent and tell it; a hook that fails takes the activation back.

        ``confere`` holds what the caller read against the locked activation.

        Raises:
            GanchoFalhou: the agent's own code failed.
            AlquimistaError: as ``service.activate``.
        """
        with self._database.unit_of_work(tenant_id) as uow:
            _hold(uow, slug, confere)
            done = service.activate(self._ports, uow, self._catalogue, slug, config, ator)
        try:
            if done.nova:
                self._hooks.on_activate(tenant_id, slug)
            elif done.anterior is not None and done.atualizada:
                self._hooks.on_upgrade(tenant_id, slug, done.anterior)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            logger.error("activation hook failed", exc_info=error, extra={"agent": slug})
            with self._database.unit_of_work(tenant_id) as uow:
                service.deactivate(
                    self._ports, uow, self._catalogue, slug, ator, motivo=type(error).__name__
                )
            raise GanchoFalhou(
                f"O agente falhou ao ser ativado e ficou desativado: {fault}"
            ) from error
        return done

    def deactivate(
        self, tenant_id: UUID, slug: str, ator: Ator, confere: Confere | None = None
    ) -> bool:
        """Tell an agent and deactivate it; a hook that fails is audited and stops nothing.

        ``confere`` is asked before the agent is told, and again before it is deactivated.

        Raises:
            NotFound: the tenant never had it and it is not installed.
        """
        with self._database.unit_of_work(tenant_id) as uow:
            _hold(uow, slug, confere)
            active = service.is_active(uow, slug)
        if active and slug in self._catalogue.admitted:
            self._tell_deactivated(tenant_id, slug)
        with self._database.unit_of_work(tenant_id) as uow:
            _hold(uow, slug, confere)
            return service.deactivate(self._ports, uow, self._catalogue, slug, ator)

    def _tell_deactivated(self, tenant_id: UUID, slug: str) -> None:
        try:
            self._hooks.on_deactivate(tenant_id, slug)
        except Exception as error:
            logger.error("deactivation hook failed", exc_info=error, extra={"agent": slug})
            with self._database.unit_of_work(tenant_id) as uow:
                record(
                    uow,
                    Ator("agente", slug, slug),
                    "agente_gancho",
                    alvo_tipo="agente",
                    resultado="erro",
                    detalhes={"agente": slug, "erro": type(error).__name__},
                )


def _hold(uow: UnitOfWork, slug: str, confere: Confere | None) -> None:
    if confere is not None:
        confere(service.revision(uow, slug))
