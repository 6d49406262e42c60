"""EventBridge patterns: compiled from their JSON form, and matched one at a time.

Semantics follow "Comparison operators for use in event patterns" of the EventBridge User Guide and
the README of aws/event-ruler: fields are joined by and, values of a field by or, ``$or`` joins
patterns by or; an array in the event matches where any of its elements does, and conditions on
objects of an array must be met by one and the same object. Arrays in arrays are flattened.
Operators look at leaves: a field that holds an object or an empty array does not exist for them.

Two choices where EventBridge is silent or surprising: a dot in a field's name is a part of the name
(EventBridge reads ``{"a.b": …}`` as ``{"a": {"b": …}}`` too), and a field that stands twice in a
pattern, once outside an ``$or`` and once inside, is refused (event-ruler lets the last one win).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fibonacci_bus.errors import InvalidPattern
from fibonacci_bus.operators import Absent, Condition, parse_condition

OR = "$or"
MAX_BRANCHES = 1000
"""Combinations that the ``$or`` of one pattern may make; EventBridge's own limit."""
MAX_DEPTH = 100
_RESERVED = frozenset(
    {"prefix", "suffix", "anything-but", "exists", "numeric", "cidr", "wildcard"}
    | {"equals-ignore-case", "exactly"}
)
_MISSING = object()
_NO, _BY_ABSENCE, _BY_VALUE = 0, 1, 2

Path: TypeAlias = tuple[str, ...]
Fields: TypeAlias = dict[Path, tuple[Condition, ...]]


@dataclass(frozen=True, slots=True)
class Tree:
    """Conditions of one object: by field name those on its leaves and those on its objects."""

    fields: tuple[tuple[str, tuple[Condition, ...], bool, Tree | None], ...]
    may_be_absent: bool


class Branch:
    """A pattern without ``$or``: every field's condition must be met."""

    __slots__ = ("fields", "tree")

    def __init__(self, fields: Fields) -> None:
        self.fields: Mapping[Path, tuple[Condition, ...]] = fields
        self.tree = _tree(fields)

    def matches(self, envelope: Mapping[str, Any]) -> bool:
        """Whether every field of the branch is met by the envelope."""
        return _meets(self.tree, envelope) != _NO


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: it matches where one of its branches does."""

    branches: tuple[Branch, ...]

    def matches(self, envelope: Mapping[str, Any]) -> bool:
        """Whether the pattern is met by the envelope."""
        return any(branch.matches(envelope) for branch in self.branches)


def compile_pattern(pattern: Mapping[str, Any]) -> Pattern:
    """Compile a pattern.

    Raises:
        InvalidPattern: with the path of the fault.
    """
    return Pattern(tuple(Branch(fields) for fields in _parse(pattern, (), "$", False)))


def elements(value: Any) -> Iterator[Any]:
    """The elements of an array however deep, in order, or the value itself."""
    if not isinstance(value, list | tuple):
        yield value
        return
    stack = [iter(value)]
    while stack:
        for element in stack[-1]:
            if isinstance(element, list | tuple):
                stack.append(iter(element))
                break
            yield element
        else:
            stack.pop()


def _parse(pattern: Any, at: Path, path: str, in_or: bool) -> list[Fields]:
    """The branches that an object of a pattern stands for."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPattern(path, "a pattern is an object with at least one field")
    if len(at) >= MAX_DEPTH:
        raise InvalidPattern(path, f"objects nest {MAX_DEPTH} deep at most")
    branches: list[Fields] = [{}]
    for name, value in pattern.items():
        here = f"{path}.{name}"
        if not isinstance(name, str):
            raise InvalidPattern(here, "a field's name is a text")
        if in_or and name in _RESERVED:
            raise InvalidPattern(here, f"an operator's name is no field inside {OR}")
        branches = _both(branches, _parse_field(name, value, at, here, in_or), here)
    return branches


def _parse_field(name: str, value: Any, at: Path, here: str, in_or: bool) -> list[Fields]:
    if name == OR:
        return _parse_or(value, at, here)
    if isinstance(value, Mapping):
        return _parse(value, (*at, name), here, in_or)
    if not isinstance(value, list | tuple):
        raise InvalidPattern(here, "values stand in a list")
    if not value:
        raise InvalidPattern(here, "an empty list matches nothing")
    conditions = tuple(parse_condition(item, f"{here}[{i}]") for i, item in enumerate(value))
    return [{(*at, name): conditions}]


def _parse_or(value: Any, at: Path, here: str) -> list[Fields]:
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise InvalidPattern(here, f"{OR} takes a list of at least two objects")
    branches: list[Fields] = []
    for i, item in enumerate(value):
        branches += _parse(item, at, f"{here}[{i}]", True)
        if len(branches) > MAX_BRANCHES:
            raise InvalidPattern(here, f"more than {MAX_BRANCHES} combinations of {OR}")
    return branches


def _both(some: list[Fields], others: list[Fields], here: str) -> list[Fields]:
    """Every combination of two alternatives."""
    if len(some) * len(others) > MAX_BRANCHES:
        raise InvalidPattern(here, f"more than {MAX_BRANCHES} combinations of {OR}")
    for one in some:
        for other in others:
            if one.keys() & other.keys():
                raise InvalidPattern(here, "a field stands twice")
    return [{**one, **other} for one in some for other in others]


def _tree(fields: Mapping[Path, tuple[Condition, ...]]) -> Tree:
    leaves: dict[str, tuple[Condition, ...]] = {}
    below: dict[str, Fields] = {}
    for (name, *rest), conditions in fields.items():
        if rest:
            below.setdefault(name, {})[tuple(rest)] = conditions
        else:
            leaves[name] = conditions
    made = []
    for name in {**leaves, **below}:
        conditions = leaves.get(name, ())
        subtree = _tree(below[name]) if name in below else None
        made.append((name, conditions, _may_be_absent(conditions), subtree))
    return Tree(tuple(made), all(_may_be_absent(found) for found in fields.values()))


def _may_be_absent(conditions: tuple[Condition, ...]) -> bool:
    return any(isinstance(condition, Absent) for condition in conditions)


def _meets(tree: Tree, found: Mapping[str, Any]) -> int:
    """Whether an object meets a tree, and whether any value of it did or only absences.

    The difference decides in an array of objects: ``exists: false`` means that no object has the
    field, unless other conditions have chosen one object, which then is the one that lacks it.
    """
    result = _BY_ABSENCE
    for name, conditions, may_be_absent, subtree in tree.fields:
        met = _BY_ABSENCE
        value = found.get(name, _MISSING)
        if conditions:
            met = _leaf_meets(conditions, may_be_absent, value)
        if met and subtree is not None:
            met = max(met, below) if (below := _objects_meet(subtree, value)) else _NO
        if not met:
            return _NO
        result = max(result, met)
    return result


def _leaf_meets(conditions: tuple[Condition, ...], may_be_absent: bool, value: Any) -> int:
    leaves = [
        leaf for leaf in elements(value) if leaf is not _MISSING and not isinstance(leaf, Mapping)
    ]
    for leaf in leaves:
        if leaf is not None and not isinstance(leaf, str | int | float):
            raise TypeError(f"an event holds JSON values, not {type(leaf).__name__}")
    if not leaves:
        return _BY_ABSENCE if may_be_absent else _NO
    return _BY_VALUE if any(c.holds(leaf) for c in conditions for leaf in leaves) else _NO


def _objects_meet(tree: Tree, value: Any) -> int:
    objects = [element for element in elements(value) if isinstance(element, Mapping)]
    if not objects:
        return _BY_ABSENCE if tree.may_be_absent else _NO
    met = [_meets(tree, element) for element in objects]
    return _BY_VALUE if _BY_VALUE in met else min(met)
