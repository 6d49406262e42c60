"""EventBridge patterns: exact, prefix, anything-but, exists, numeric; nested objects and arrays.

Semantics follow "Comparison operators for use in event patterns" of the EventBridge User Guide:
fields are joined by and, values of a field by or, an array in the event matches where any of its
elements does, and matching is on the JSON value ("1" is not 1). Arrays in arrays are flattened.
Operators look at leaves: a field that holds an object or an empty array does not exist for them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fibonacci_bus.errors import InvalidPattern

Test = Callable[[Any], bool]
_MISSING = object()
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    fields: tuple[tuple[str, Pattern | tuple[Test, ...]], ...]

    def matches(self, envelope: Mapping[str, Any]) -> bool:
        """Whether every field of the pattern is met by the envelope."""
        return all(
            _field_matches(condition, envelope.get(name, _MISSING))
            for name, condition in self.fields
        )


def compile_pattern(pattern: Mapping[str, Any]) -> Pattern:
    """Compile a pattern.

    Raises:
        InvalidPattern: with the path of the fault.
    """
    return _compile(pattern, "$")


def _compile(pattern: Any, path: str) -> Pattern:
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPattern(path, "a pattern is an object with at least one field")
    fields: list[tuple[str, Pattern | tuple[Test, ...]]] = []
    for name, value in pattern.items():
        here = f"{path}.{name}"
        if isinstance(value, Mapping):
            fields.append((name, _compile(value, here)))
        elif isinstance(value, list | tuple):
            if not value:
                raise InvalidPattern(here, "an empty list matches nothing")
            fields.append(
                (name, tuple(_test(item, f"{here}[{i}]") for i, item in enumerate(value)))
            )
        else:
            raise InvalidPattern(here, "values stand in a list")
    return Pattern(tuple(fields))


def _field_matches(condition: Pattern | tuple[Test, ...], value: Any) -> bool:
    elements = tuple(_flat(value))
    if isinstance(condition, Pattern):
        objects = [element for element in elements if isinstance(element, Mapping)] or [{}]
        return any(condition.matches(element) for element in objects)
    leaves = [element for element in elements if not isinstance(element, Mapping)] or [_MISSING]
    return any(test(leaf) for test in condition for leaf in leaves)


def _flat(value: Any) -> Iterator[Any]:
    """The elements of an array however deep, or the value itself."""
    if isinstance(value, list | tuple):
        for element in value:
            yield from _flat(element)
    else:
        yield value


def _test(item: Any, path: str) -> Test:
    if not isinstance(item, Mapping):
        if isinstance(item, list | tuple):
            raise InvalidPattern(path, "lists do not nest")
        return _exact(item)
    if len(item) != 1:
        raise InvalidPattern(path, "one operator at a time")
    name, argument = next(iter(item.items()))
    build = _OPERATORS.get(name)
    if build is None:
        raise InvalidPattern(path, f"unknown operator {name!r}")
    return build(argument, f"{path}.{name}")


def _exact(wanted: Any) -> Test:
    return lambda value: _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if value is None or wanted is None:
        return value is wanted
    if isinstance(value, str) != isinstance(wanted, str):
        return False
    return bool(value == wanted)


def _prefix(argument: Any, path: str) -> Test:
    if not isinstance(argument, str) or not argument:
        raise InvalidPattern(path, "a prefix is a text")
    return lambda value: isinstance(value, str) and value.startswith(argument)


def _anything_but(argument: Any, path: str) -> Test:
    if isinstance(argument, Mapping):
        if set(argument) != {"prefix"}:
            raise InvalidPattern(path, "anything-but takes values or a prefix")
        prefixes = argument["prefix"]
        tests = tuple(
            _prefix(prefix, f"{path}.prefix")
            for prefix in (prefixes if isinstance(prefixes, list | tuple) else [prefixes])
        )
    else:
        values = argument if isinstance(argument, list | tuple) else [argument]
        if not values or any(isinstance(value, list | tuple | Mapping) for value in values):
            raise InvalidPattern(path, "anything-but takes values or a prefix")
        tests = tuple(_exact(value) for value in values)
    return lambda value: value is not _MISSING and not any(test(value) for test in tests)


def _exists(argument: Any, path: str) -> Test:
    if not isinstance(argument, bool):
        raise InvalidPattern(path, "exists takes true or false")
    return lambda value: (value is not _MISSING) is argument


def _numeric(argument: Any, path: str) -> Test:
    if not isinstance(argument, list | tuple) or len(argument) not in (2, 4):
        raise InvalidPattern(path, "numeric takes one or two comparisons")
    bounds: list[tuple[Callable[[float, float], bool], float]] = []
    for index in range(0, len(argument), 2):
        sign, bound = argument[index], argument[index + 1]
        if sign not in _COMPARISONS:
            raise InvalidPattern(f"{path}[{index}]", f"unknown comparison {sign!r}")
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise InvalidPattern(f"{path}[{index + 1}]", "must be a number")
        bounds.append((_COMPARISONS[sign], bound))
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and all(compare(value, bound) for compare, bound in bounds)
    )


_OPERATORS: Mapping[str, Callable[[Any, str], Test]] = {
    "prefix": _prefix,
    "anything-but": _anything_but,
    "exists": _exists,
    "numeric": _numeric,
}
