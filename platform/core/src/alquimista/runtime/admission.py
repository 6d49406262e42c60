"""Admission: installed plugins are taken one by one; a broken one is listed with its error."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby
from types import ModuleType
from typing import Any

import pluggy

from alquimista.runtime.topology import CORE_NAMESPACE, CORE_QUEUES
from alquimista_sdk import hookspecs
from alquimista_sdk.errors import AdmissionRefused, AlquimistaError, PermanentError
from alquimista_sdk.manifest import Manifest, load_for_entry_point
from fibonacci_bus.errors import InvalidPattern, described
from fibonacci_bus.pattern import compile_pattern

logger = logging.getLogger(__name__)
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("agent_"))
_FORBIDDEN_OPTIONS = ("wrapper", "hookwrapper", "tryfirst", "trylast", "specname", "optionalhook")


@dataclass(frozen=True, slots=True)
class AdmittedAgent:
    """A plugin that may run. Its hooks are called one agent at a time, never broadcast."""

    manifest: Manifest
    hooks: Mapping[str, Any]

    @property
    def slug(self) -> str:
        """The agent's one name."""
        return self.manifest.slug


@dataclass(frozen=True, slots=True)
class RefusedAgent:
    """A plugin that may not run, and why (English, for engineers)."""

    slug: str
    error: str
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What admission found."""

    admitted: Mapping[str, AdmittedAgent] = field(default_factory=dict)
    refused: Mapping[str, RefusedAgent] = field(default_factory=dict)

    def offering(self, operation: str) -> AdmittedAgent | None:
        """The agent that offers an operation."""
        for agent in self.admitted.values():
            if agent.manifest.operation(operation) is not None:
                return agent
        return None


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of the group ``alquimista.agents``, by name."""
    found = entry_points(group=hookspecs.ENTRY_POINT_GROUP)
    return tuple(sorted(found, key=lambda entry_point: entry_point.name))


def admit_all(found: Iterable[EntryPoint]) -> Catalogue:
    """Admit what can be admitted. Never raises for a plugin's fault, whatever its code does."""
    admitted: dict[str, AdmittedAgent] = {}
    refused: dict[str, RefusedAgent] = {}
    for slug, twins in groupby(sorted(found, key=_name), key=_name):
        entry_point, *others = twins
        manifest: Manifest | None = None
        try:
            if others:
                raise AdmissionRefused(f"two packages register {slug!r}: uninstall one of them")
            manifest = load_for_entry_point(entry_point)
            _check_manifest(manifest, admitted.values())
            module = importlib.import_module(entry_point.module)
            admitted[slug] = AdmittedAgent(manifest, _hooks_of(module, manifest))
        except KeyboardInterrupt:
            raise
        except AlquimistaError as error:
            refused[slug] = RefusedAgent(slug, str(error), manifest)
        except BaseException as error:  # noqa: BLE001 - a plugin must not stop the boot
            refused[slug] = RefusedAgent(slug, described(error), manifest)
        if slug in refused:
            logger.error("agent refused", extra={"agent": slug, "error": refused[slug].error})
    return Catalogue(admitted, refused)


def _name(entry_point: EntryPoint) -> str:
    return entry_point.name


def _check_manifest(manifest: Manifest, others: Iterable[AdmittedAgent]) -> None:
    """What only the platform knows: its own names, its bus, and the other agents."""
    if manifest.slug in CORE_QUEUES:
        raise AdmissionRefused(f"slug: {manifest.slug!r} is the platform's; choose another")
    if manifest.source.partition(".")[0] == CORE_NAMESPACE:
        raise AdmissionRefused(f"source: {CORE_NAMESPACE}.* is the platform's; choose another")
    for subscription in manifest.subscriptions:
        try:
            compile_pattern(subscription.pattern)
        except InvalidPattern as error:
            raise AdmissionRefused(f"subscriptions.{subscription.name}: {error}") from error
    for other in (agent.manifest for agent in others):
        if other.source == manifest.source:
            raise AdmissionRefused(f"source: {manifest.source!r} belongs to {other.slug}")
        for operation in manifest.operations:
            if other.operation(operation.name) is not None:
                raise AdmissionRefused(f"operations: {other.slug} offers {operation.name!r}")


def _hooks_of(module: ModuleType, manifest: Manifest) -> Mapping[str, Any]:
    """Check the implementations and bind them through a plugin manager of the agent's own."""
    _check_module(module)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=manifest.slug)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise AdmissionRefused(str(error)) from error
    hooks = {name: getattr(manager.hook, name) for name in HOOKS}
    implemented = {name: hook for name, hook in hooks.items() if hook.get_hookimpls()}
    if not implemented:
        raise AdmissionRefused("the module implements no hook")
    for needed, table in (
        ("agent_handle_event", manifest.subscriptions or manifest.schedules),
        ("agent_invoke", manifest.operations),
    ):
        if table and needed not in implemented:
            raise AdmissionRefused(f"agent.toml promises what needs {needed}: implement it")
    return {name: _contained(name, hook) for name, hook in implemented.items()}


def _contained(name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    """A hook whose SystemExit is the agent's fault like any other, and ends no process."""

    def call(**arguments: Any) -> Any:
        try:
            return hook(**arguments)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise PermanentError(f"{name} raised {described(error)}") from error

    return call


def _check_module(module: ModuleType) -> None:
    for name, value in vars(module).items():
        if name.startswith("agent_") and name not in HOOKS:
            raise AdmissionRefused(f"{name} is no hook; the hooks are {', '.join(HOOKS)}")
        options = getattr(value, f"{hookspecs.PROJECT}_impl", None)
        if options is None:
            if name in HOOKS:
                raise AdmissionRefused(f"{name}: decorate it with alquimista_sdk.hookimpl")
            continue
        for option in _FORBIDDEN_OPTIONS:
            if options.get(option):
                raise AdmissionRefused(f"{name}: remove {option} from @hookimpl")
        if name not in HOOKS:
            raise AdmissionRefused(f"{name} is decorated but is no hook")
        if inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
            raise AdmissionRefused(f"{name}: hooks are synchronous; remove async")
        if inspect.isgeneratorfunction(value):
            raise AdmissionRefused(f"{name}: hooks return, they do not yield")
