"""Which rules a value of one field satisfies, as a bit mask, in time that hardly knows how many.

A rule is one bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from fibonacci_bus.matching.intervals import interval_mask
from fibonacci_bus.matching.texts import Claim, TextMask, text_mask
from fibonacci_bus.operators import AnythingBut, Between, Condition, Equals, Exists

_EXACT = 2**53
"""Up to here a float holds every integer."""


def known_texts(claims: Sequence[Claim], always: int) -> dict[str, int]:
    """The masks of the texts that conditions name; ``always`` is in each of them."""
    named: dict[str, None] = {}
    for _, condition in claims:
        for inner in condition.unwanted if isinstance(condition, AnythingBut) else (condition,):
            if isinstance(inner, Equals) and isinstance(inner.value, str):
                named[inner.value] = None
    mask_of = text_mask(claims, always)
    return {text: mask_of if isinstance(mask_of, int) else mask_of(text) for text in named}


def other_texts(claims: Sequence[Claim], always: int) -> TextMask | int:
    """From a text that no condition names to its mask, or the mask where it never differs."""
    return text_mask(unnamed(claims), always)


def unnamed(claims: Sequence[Claim]) -> list[Claim]:
    """What is left of the claims for a text that no condition names."""
    rest: list[Claim] = []
    for bit, condition in claims:
        if isinstance(condition, AnythingBut):
            kept = tuple(c for c in condition.unwanted if not isinstance(c, Equals))
            rest.append((bit, AnythingBut(kept) if kept else Exists()))
        elif not isinstance(condition, Equals):
            rest.append((bit, condition))
    return rest


def numbers(claims: Sequence[Claim], always: int) -> Callable[[float], int] | int:
    """From a number to its mask, or the mask where it never differs."""
    spans: list[tuple[int, Between]] = []
    barred: list[tuple[int, list[float]]] = []
    for bit, condition in claims:
        if isinstance(condition, Between):
            spans.append((bit, condition))
        elif isinstance(condition, Equals):
            spans += ((bit, Between(n, False, n, False)) for n in _number_in(condition))
        elif isinstance(condition, AnythingBut):
            unwanted = {n for c in condition.unwanted for n in _number_in(c)}
            barred.append((bit, sorted(unwanted)))
        elif isinstance(condition, Exists):
            always |= bit
    bounds = sorted(
        {end for _, span in spans for end in (span.low, span.high)}.union(*(b for _, b in barred))
    )
    place = {bound: 2 * index + 1 for index, bound in enumerate(bounds)}
    # Python compares two floats faster than a float and an integer; a large integer stays exact.
    bounds = [float(bound) if abs(bound) <= _EXACT else bound for bound in bounds]
    slots = [
        (bit, place[span.low] + span.low_open, place[span.high] - span.high_open)
        for bit, span in spans
    ]
    for bit, values in barred:
        edges = [-1, *(place[value] for value in values), 2 * len(bounds) + 1]
        slots += [(bit, a + 1, b - 1) for a, b in pairwise(edges)]
    return interval_mask(bounds, slots, always)


def constant(claims: Sequence[Claim], value: Any, always: int) -> int:
    """The mask of true, false or null."""
    for bit, condition in claims:
        if condition.holds(value):
            always |= bit
    return always


def _number_in(condition: Condition) -> list[float]:
    """The number that a condition names, if it names one."""
    value = condition.value if isinstance(condition, Equals) else None
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []
