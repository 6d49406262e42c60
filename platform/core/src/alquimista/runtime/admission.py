"""Admission: installed plugins are taken one by one; a broken one is listed with its error."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from alquimista_sdk import hookspecs
from alquimista_sdk.errors import AdmissionRefused, AlquimistaError
from alquimista_sdk.manifest import Manifest, load_for_entry_point

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
    for entry_point in found:
        slug = entry_point.name
        manifest: Manifest | None = None
        try:
            manifest = load_for_entry_point(entry_point)
            if slug in admitted:
                raise AdmissionRefused(f"two packages register {slug!r}")
            module = importlib.import_module(entry_point.module)
            admitted[slug] = AdmittedAgent(manifest, _hooks_of(module, slug))
        except AlquimistaError as error:
            refused[slug] = RefusedAgent(slug, str(error), manifest)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin must not stop the boot
            refused[slug] = RefusedAgent(slug, f"{type(error).__name__}: {error}", manifest)
        if slug in refused:
            logger.error("agent refused", extra={"agent": slug, "error": refused[slug].error})
    return Catalogue(admitted, refused)


def _hooks_of(module: ModuleType, slug: str) -> Mapping[str, Any]:
    """Check the implementations and bind them through a plugin manager of the agent's own."""
    for name, value in vars(module).items():
        if name.startswith("agent_") and name not in HOOKS:
            raise AdmissionRefused(f"{name} is no hook; the hooks are {', '.join(HOOKS)}")
        options = getattr(value, f"{hookspecs.PROJECT}_impl", None)
        if options is None:
            if name in HOOKS and inspect.isfunction(value):
                raise AdmissionRefused(f"{name}: decorate it with alquimista_sdk.hookimpl")
            continue
        if name not in HOOKS:
            raise AdmissionRefused(f"{name} is decorated but is no hook")
        for option in _FORBIDDEN_OPTIONS:
            if options.get(option):
                raise AdmissionRefused(f"{name}: remove {option} from @hookimpl")
        if inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
            raise AdmissionRefused(f"{name}: hooks are synchronous; remove async")
        if inspect.isgeneratorfunction(value):
            raise AdmissionRefused(f"{name}: hooks return, they do not yield")
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=slug)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise AdmissionRefused(str(error)) from error
    hooks = {name: getattr(manager.hook, name) for name in HOOKS}
    implemented = {name: hook for name, hook in hooks.items() if hook.get_hookimpls()}
    if not implemented:
        raise AdmissionRefused("the module implements no hook")
    return implemented
