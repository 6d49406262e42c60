"""``AgentContext`` in the core's process: services opened by granted scopes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from alquimista.runtime.run import Run
from alquimista_sdk.context import SERVICES
from alquimista_sdk.errors import ScopeDenied
from alquimista_sdk.models import TenantFacts

ServiceFactory = Callable[[Run], Any]
Denied = Callable[[Run, str], None]
_CHANGING = frozenset({"write", "claim", "publish"})
_DYNAMIC = frozenset({"tools", "operations"})


class AgentLog:
    """Structured log lines of one run."""

    def __init__(self, run: Run) -> None:
        self._logger = logging.getLogger(f"alquimista.agents.{run.manifest.name}")
        self._fields = {
            "agent": run.manifest.name,
            "tenant_id": str(run.tenant.id),
            "trace_id": str(run.trace_id),
        }

    def info(self, message: str, **fields: Any) -> None:
        """Say what happened."""
        self._logger.info(message, extra={**self._fields, "metadata": fields})

    def warning(self, message: str, **fields: Any) -> None:
        """Say what a person should look at some day."""
        self._logger.warning(message, extra={**self._fields, "metadata": fields})

    def error(self, message: str, **fields: Any) -> None:
        """Say what went wrong."""
        self._logger.error(message, extra={**self._fields, "metadata": fields})


class ScopedService:
    """Lets a call through where the manifest's scopes open it; refuses and reports otherwise."""

    def __init__(self, run: Run, name: str, factory: ServiceFactory, denied: Denied) -> None:
        self._run = run
        self._name = name
        self._factory = factory
        self._denied = denied

    def __getattr__(self, method: str) -> Any:
        verb = SERVICES[self._name].get(method)
        if verb is None:
            raise AttributeError(f"context.{self._name} has no {method}")
        if self._name in _DYNAMIC:
            return self._dynamic(method)
        self._require(f"{self._name}:{verb}")
        if self._run.read_only and verb in _CHANGING:
            raise ScopeDenied(f"operations are read-only: {self._name}.{method}")
        self._run.check_deadline()
        return getattr(self._factory(self._run), method)

    def _dynamic(self, method: str) -> Callable[[str, Mapping[str, Any]], Mapping[str, Any]]:
        def call(name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
            self._require(f"{self._name}:{name}")
            self._run.check_deadline()
            answer: Mapping[str, Any] = getattr(self._factory(self._run), method)(name, payload)
            return answer

        return call

    def _require(self, scope: str) -> None:
        if scope not in self._run.manifest.scope_names:
            self._denied(self._run, scope)
            raise ScopeDenied(f"{self._run.manifest.slug} has no scope {scope}")


class RuntimeContext:
    """What a hook receives. It has no way to a session, an engine, Flask or the environment."""

    def __init__(self, run: Run, services: Mapping[str, ServiceFactory], denied: Denied) -> None:
        self.__run = run
        self.log = AgentLog(run)
        for name in SERVICES:
            setattr(self, name, ScopedService(run, name, services[name], denied))

    @property
    def tenant(self) -> TenantFacts:
        """The tenant that the run belongs to."""
        return self.__run.tenant

    @property
    def config(self) -> Mapping[str, Any]:
        """The tenant's configuration of this agent."""
        return self.__run.config

    @property
    def now(self) -> datetime:
        """Business time, fixed for this run."""
        return self.__run.agora

    @property
    def trace_id(self) -> UUID:
        """Joins every event, message and log line of one way."""
        return self.__run.trace_id

    def new_id(self, name: str) -> UUID:
        """An id that is the same for every run of this event and ``name``."""
        return self.__run.new_id(name)
