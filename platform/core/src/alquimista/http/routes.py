"""Every route of an app, with the permission it asks for or the reason why it asks for none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask

from alquimista.http.auth import PERMISSION, PUBLIC

_ADDED_BY_FLASK = frozenset({"HEAD", "OPTIONS"})
_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one rule: exactly one of ``permission`` and ``reason`` is set."""

    method: str
    rule: str
    permission: str | None
    reason: str | None

    @property
    def path(self) -> str:
        """The rule as OpenAPI writes it."""
        return openapi_path(self.rule)


def openapi_path(rule: str) -> str:
    """A rule as OpenAPI writes it, with ``{name}`` for what varies."""
    return _CONVERTED.sub(r"{\1}", rule)


def routes(app: Flask) -> Iterator[Route]:
    """Each method of each rule but HEAD and OPTIONS, by rule and method."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda found: found.rule):
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - _ADDED_BY_FLASK):
            yield Route(
                method,
                rule.rule,
                _attribute(view, PERMISSION),
                _attribute(view, PUBLIC),
            )


def _attribute(view: Any, name: str) -> str | None:
    """An attribute of a view, or of what its decorators wrap."""
    while view is not None:
        found = getattr(view, name, None)
        if found is not None:
            return str(found)
        view = getattr(view, "__wrapped__", None)
    return None
