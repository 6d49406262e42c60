"""The conditions of some branches as one Python function, written for them and compiled.

What a function of fixed parts would look up (which field, which conditions, which mask) stands in
it as constants, one after the other in memory: with many rules it is the memory that is waited for.
A field is passed over once no branch that asks for it is alive; the fields that settle most at
least cost come first. Conditions of one kind are tried in a row where they are few, and found by
``texts`` and ``values`` where they are many, so the function stays short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fibonacci_bus.matching import exprs
from fibonacci_bus.matching.fields import MISSING, Field, Irregular
from fibonacci_bus.pattern import elements

Matcher = Callable[[int, Mapping[str, Any]], int]
"""From the branches alive and an object to the branches that the object leaves alive."""


def compile_fields(fields: Mapping[str, Field]) -> Matcher:
    """The function of an object's fields.

    It raises ``Irregular`` where a field lies in an array of objects.
    """
    source = exprs.Source({"MISSING": MISSING, "object_of": _object_of})
    name, _, _ = _function(fields, source)
    made: Matcher = source.compiled(name)
    return made


def width(fields: Mapping[str, Field]) -> int:
    """How many fields are asked for, at any depth."""
    return sum(field.leaf + width(field.below) for field in fields.values())


def _function(fields: Mapping[str, Field], source: exprs.Source) -> tuple[str, int, int]:
    """Write the function of an object: its name, who asks, and who is content without it."""
    leaves = [(name, field) for name, field in fields.items() if field.leaf]
    leaves.sort(key=lambda item: -item[1].worth)
    asking, absent = 0, -1
    lines = ["get = found.get"]
    for name, field in leaves:
        fetch = f"value = get({source.constant(name)}, MISSING)"
        lines += _if_asked(field.asking, [fetch, *_leaf(field, source)])
        asking |= field.asking
        absent &= field.absent
    for name, field in fields.items():
        if field.below:
            inner, who, content = _function(field.below, source)
            lines += _if_asked(who, _nested(source.constant(name), inner, content))
            asking |= who
            absent &= content
    return source.function("alive, found", [*lines, "return alive"]), asking, absent


def _if_asked(asking: int, body: Sequence[str]) -> list[str]:
    return [f"if alive & {asking:#x}:", *exprs.indented(body)]


def _nested(name: str, function: str, content: int) -> list[str]:
    return [
        f"value = get({name})",
        "if value.__class__ is not dict:",
        "    value = object_of(value)",
        "if value is None:",
        f"    alive &= {content:#x}",
        "else:",
        f"    alive = {function}(alive, value)",
    ]


def _leaf(field: Field, source: exprs.Source) -> list[str]:
    """What a leaf leaves alive, by the kind of its value; the kind most asked for comes first."""
    text = ("kind is str", exprs.text_lines(field, source))
    number = ("kind is int or kind is float", exprs.number_lines(field, source))
    kinds = [text, number] if exprs.asks_text(field.claims) else [number, text]
    kinds.append(("value is MISSING", [f"alive &= {field.absent:#x}"]))
    if field.true != field.false:
        kinds.append(("value is True", [f"alive &= {field.true:#x}"]))
        kinds.append(("value is False", [f"alive &= {field.false:#x}"]))
    lines = ["kind = value.__class__"]
    for word, (test, body) in zip(["if", *["elif"] * len(kinds)], kinds, strict=False):
        lines += [f"{word} {test}:", *exprs.indented(body)]
    return [*lines, "else:", f"    alive &= {source.bound(field.rare)}(value)"]


def _object_of(value: Any) -> Mapping[str, Any] | None:
    """The value where it is an object; None where it holds none.

    Raises:
        Irregular: it is an array with objects.
    """
    if isinstance(value, Mapping):
        return value
    if any(isinstance(element, Mapping) for element in elements(value)):
        raise Irregular
    return None
