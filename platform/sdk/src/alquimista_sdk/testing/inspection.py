"""Reading an agent's source without running it: imports, services used, events published."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from alquimista_sdk.context import SERVICES
from alquimista_sdk.hookspecs import ENTRY_POINT_GROUP

PRIVATE = frozenset({"alquimista", "alquimista_integrations", "fibonacci_bus"})
"""Packages of the platform that no agent may import."""
_DYNAMIC = ("tools", "operations")
_PROTOCOLS = {service.capitalize(): service for service in SERVICES}


@dataclass(frozen=True, slots=True)
class Use:
    """A call of a service: where it stands, and the scope that opens it (None: not known)."""

    place: str
    call: str
    scope: str | None


@dataclass(slots=True)
class Findings:
    """What was read in a package."""

    imports: dict[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    published: dict[str, str] = field(default_factory=dict)

    @property
    def scopes(self) -> set[str]:
        """The scopes that the calls need."""
        return {use.scope for use in self.uses if use.scope is not None}


def inspect_package(folder: Path) -> Findings:
    """Read every module below a folder.

    A service is recognised as ``<…context>.<service>.<method>``, through a name that was assigned
    ``context.<service>``, or through a parameter annotated with the service's protocol. The name
    of a tool, operation or event must be a literal or a constant of the package to be known.
    """
    trees = {
        path.relative_to(folder).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.py"))
    }
    constants: dict[str, str] = {}
    for tree in trees.values():
        constants |= _constants(tree)
    findings = Findings()
    for place, tree in trees.items():
        _read_module(place, tree, constants, findings)
    return findings


def foreign_imports(findings: Findings, package: str) -> dict[str, str]:
    """Imports of the platform's private packages or of another agent, with their place."""
    others = {item.module.partition(".")[0] for item in entry_points(group=ENTRY_POINT_GROUP)}
    forbidden = (PRIVATE | others) - {package}
    return {name: place for name, place in findings.imports.items() if name in forbidden}


def _constants(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found |= {item.id: value.value for item in targets if isinstance(item, ast.Name)}
    return found


def _read_module(
    place: str, tree: ast.Module, constants: dict[str, str], findings: Findings
) -> None:
    for node in ast.walk(tree):
        for name in _imported(node):
            findings.imports.setdefault(name, f"{place}:{getattr(node, 'lineno', 0)}")
    aliases = _aliases(tree)
    called = {
        id(node.func): node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        service = _service(node.value, aliases)
        if service is None or node.attr not in SERVICES[service]:
            continue
        argument = _first_argument(called.get(id(node)), constants)
        scope: str | None = f"{service}:{SERVICES[service][node.attr]}"
        if service in _DYNAMIC:
            scope = f"{service}:{argument}" if argument is not None else None
        where = f"{place}:{node.lineno}"
        findings.uses.append(Use(where, f"context.{service}.{node.attr}", scope))
        if service == "events" and argument is not None:
            findings.published.setdefault(argument, where)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (item.name.partition(".")[0] for item in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module.partition(".")[0]


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Names that stand for a service anywhere in the module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            service = _PROTOCOLS.get(_last_name(node.annotation) or "")
            if service is not None:
                found[node.arg] = service
        elif isinstance(node, ast.Assign):
            service = _service(node.value, {})
            if service is not None:
                found |= {name: service for item in node.targets if (name := _last_name(item))}
    return found


def _service(node: ast.expr, aliases: dict[str, str]) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr in SERVICES:
        owner = (_last_name(node.value) or "").strip("_").lower()
        if owner in ("ctx", "contexto") or owner.endswith("context"):
            return node.attr
    return aliases.get(_last_name(node) or "")


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return None


def _first_argument(call: ast.Call | None, constants: dict[str, str]) -> str | None:
    if call is None:
        return None
    values = [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("name", "type"))]
    if not values:
        return None
    if isinstance(values[0], ast.Constant) and isinstance(values[0].value, str):
        return values[0].value
    return constants.get(_last_name(values[0]) or "")
