"""The tool registry of an account as a ``ToolSource``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alquimista.http.errors import AcessoNegado
from alquimista.plataforma.audit.service import record
from alquimista.tools.catalogue import build_registry
from alquimista.tools.offer import offered
from alquimista.tools.registry import ToolRegistry
from alquimista_integrations.mcp.offer import OfferedTool, UnknownTool

if TYPE_CHECKING:
    from alquimista.bootstrap import System
    from alquimista.plataforma.identity.domain import Principal

PERMISSAO = "tools:call"


class AccountTools:
    """The account's tools for a key with ``tools:call``; each call is audited."""

    def __init__(self, system: System, caller: Principal) -> None:
        if PERMISSAO not in caller.permissoes:
            raise AcessoNegado(f"Seu acesso não inclui a permissão {PERMISSAO}.")
        self._system = system
        self._caller = caller

    def tools(self) -> Sequence[OfferedTool]:
        """What the account has, by name."""
        return offered(self._registry())

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call one with its input and output checked. Raises as ``ToolRegistry.call``."""
        registry = self._registry()
        if name not in registry.names:
            raise UnknownTool(f"A ferramenta {name} não existe.")
        with self._system.database.unit_of_work(self._caller.tenant_id) as uow:
            record(uow, self._caller.ator, "ferramenta.chamada", detalhes={"ferramenta": name})
        return registry.call(name, dict(arguments))

    def _registry(self) -> ToolRegistry:
        with self._system.database.unit_of_work(self._caller.tenant_id) as uow:
            tenant = self._system.services.tenants.facts(uow)
        registered = self._system.services.servidores.registered(tenant.id)
        return build_registry(
            tenant, self._system.database, self._system.settings, None, registered
        )
