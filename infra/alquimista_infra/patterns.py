"""Patterns that EventBridge takes and CloudFormation does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fibonacci_bus.aws import RuleDeclaration
from fibonacci_bus.errors import InvalidPattern


def check_template(rule: RuleDeclaration) -> None:
    """Refuse a null in a pattern: a template holds none, and CDK drops it without a word.

    ``[null]`` would become ``[]``, which EventBridge refuses, or leave the other values of its list
    alone, which matches something else (cloudformation-coverage-roadmap, issue 1378).

    Raises:
        InvalidPattern: with the path of the null.
    """
    _check(rule.pattern, rule.name)


def _check(value: Any, path: str) -> None:
    if value is None:
        raise InvalidPattern(path, "CloudFormation's templates take no null")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _check(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _check(item, f"{path}[{number}]")
