"""A field that some branches ask for: from any value of it to the mask of the branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fibonacci_bus.matching import values
from fibonacci_bus.matching.texts import Claim
from fibonacci_bus.operators import Absent, AnythingBut, Between, Condition, Exists, Wildcard
from fibonacci_bus.pattern import elements

MISSING = object()


class Irregular(Exception):
    """A field lies in an array of objects."""


class Field:
    """A field of the index: masks by value, and the fields below it."""

    __slots__ = (
        "absent",
        "asking",
        "below",
        "bit",
        "claims",
        "false",
        "known",
        "leaf",
        "null",
        "number",
        "numbers",
        "other",
        "others",
        "passing",
        "true",
        "worth",
    )

    def __init__(self) -> None:
        # Until it is asked a field rules nobody out: every mask is all ones, every bit set.
        self.leaf = False
        self.claims: Sequence[Claim] = ()
        self.below: dict[str, Field] = {}
        self.bit = self.asking = 0
        self.passing = -1
        self.worth = 0.0
        self.absent = -1
        self.known: dict[str, int] = {}
        self.true = self.false = self.null = -1
        # Where a mask never differs it stands here; else this is None and the function is asked.
        self.other: int | None = -1
        self.number: int | None = -1
        self.others: Callable[[str], int] = _unasked
        self.numbers: Callable[[float], int] = _unasked

    def ask(self, claims: Sequence[Claim], bit: int, everyone: int) -> None:
        """Take conditions on this field, given the mask of all branches."""
        self.leaf = True
        self.claims = claims
        self.bit = bit
        for branch, _ in claims:
            self.asking |= branch
        self.passing = self.absent = branches = everyone & ~self.asking
        for branch, condition in claims:
            if isinstance(condition, Absent):
                self.absent |= branch
        self.known = values.known_texts(claims, branches)
        others = values.other_texts(claims, branches)
        numbers = values.numbers(claims, branches)
        if isinstance(others, int):
            self.other = others
        else:
            self.other, self.others = None, others
        if isinstance(numbers, int):
            self.number = numbers
        else:
            self.number, self.numbers = None, numbers
        self.true = values.constant(claims, True, branches)
        self.false = values.constant(claims, False, branches)
        self.null = values.constant(claims, None, branches)
        cost = 4 if self.other is None else 2 if self.number is None else 1
        self.worth = _settled(claims) / cost

    def mask(self, value: Any) -> int:
        """The branches that one leaf satisfies, and those that do not ask."""
        if isinstance(value, str):
            found = self.known.get(value, self.other)
            return self.others(value) if found is None else found
        if value is None:
            return self.null
        if isinstance(value, bool):
            return self.true if value else self.false
        if isinstance(value, int | float):
            return self.numbers(value) if self.number is None else self.number
        raise TypeError(f"an event holds JSON values, not {type(value).__name__}")

    def rare(self, value: Any) -> int:
        """The mask of a value that is no plain text or number."""
        if value is None:
            return self.null
        if value.__class__ is bool:
            return self.true if value else self.false
        found = self.mask_of_leaves(value)
        return self.absent if found is None else found

    def mask_of_leaves(self, value: Any) -> int | None:
        """The mask of the leaves of any value; None where it has none."""
        mask: int | None = None
        if value.__class__ is list and value:
            known, other, joined = self.known.get, self.other, 0
            for element in value:
                if element.__class__ is not str:
                    break
                found = known(element, other)
                joined |= self.others(element) if found is None else found
            else:
                return joined
        for element in elements(value):
            if element is not MISSING and not isinstance(element, Mapping):
                mask = (mask or 0) | self.mask(element)
        return mask


def _settled(claims: Sequence[Claim]) -> float:
    """How many branches a value is expected to rule out; a guess that only decides the order."""
    passed: dict[int, float] = {}
    for branch, condition in claims:
        passed[branch] = passed.get(branch, 0.0) + _PASSED.get(type(condition), 0.1)
    return sum(max(0.0, 1.0 - chance) for chance in passed.values())


_PASSED: Mapping[type[Condition], float] = {
    AnythingBut: 0.8,
    Exists: 0.7,
    Absent: 0.5,
    Between: 0.4,
    Wildcard: 0.2,
}


def _unasked(_: Any) -> int:
    raise AssertionError("the mask of this field never differs")
