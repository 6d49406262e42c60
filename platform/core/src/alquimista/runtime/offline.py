"""Calling an operation without a database: for agents that only compute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

from alquimista.runtime.admission import Catalogue
from alquimista_sdk.context import SERVICES
from alquimista_sdk.errors import OperationUnavailable, ScopeDenied
from alquimista_sdk.models import TenantFacts

_NOBODY = UUID(int=0)


class _NoService:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> NoReturn:
        raise ScopeDenied(f"{self._name}.{method} needs a database")


class _NoModels:
    def active(self, operation: str) -> None:
        """No tenant has taught anything: the shipped model answers."""


class _NoLog:
    def info(self, message: str, **fields: Any) -> None:
        """Nothing is kept of what people paste into a terminal."""

    warning = error = info


class OfflineContext:
    """Tenant facts, config and time; every service refuses."""

    def __init__(self) -> None:
        self.tenant = TenantFacts(_NOBODY, "local")
        self.config: Mapping[str, Any] = {}
        self.now = datetime.now(UTC)
        self.trace_id = _NOBODY
        self.log = _NoLog()
        for name in SERVICES:
            setattr(self, name, _NoService(name))
        self.modelos = _NoModels()

    def new_id(self, name: str) -> UUID:
        """Always the same: nothing is written."""
        return _NOBODY


def call(catalogue: Catalogue, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Call a capability of an installed agent.

    Raises:
        OperationUnavailable: no installed agent offers it.
    """
    agent = catalogue.offering(name)
    hook = agent.hooks.get("agent_invoke") if agent is not None else None
    if hook is None:
        raise OperationUnavailable(f"no installed agent offers {name}")
    answer = hook(operation=name, payload=payload, context=OfflineContext())
    if answer is None:
        raise OperationUnavailable(f"nobody answers {name}")
    found: Mapping[str, Any] = answer
    return found
