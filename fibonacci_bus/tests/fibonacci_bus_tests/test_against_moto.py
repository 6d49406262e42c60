"""Equal to moto's matcher, an independent reading of EventBridge; and where moto reads it wrong.

Wrong means against "Comparison operators for use in event patterns" of the EventBridge User Guide
or the README of aws/event-ruler, EventBridge's own matcher. Each difference has a vector that
quotes it; the law leaves those cases out and nothing else. No network is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from fibonacci_bus import compile_pattern
from fibonacci_bus.matching import RuleIndex

from . import strategies as own
from .vectors import VECTORS

pytestmark = pytest.mark.untraced

LEAVES = (
    '"Exists match only works on the leaf nodes. It does not work on intermediate nodes."'
    " (event-ruler, README)"
)
ARRAYS = (
    '"If the value in the event is an array, then the event pattern matches if the intersection of'
    ' the event pattern array and the event array is non-empty." (User Guide, Arrays)'
)
VALUES = '"Values in rules … match if the value in the event is one of the values" (event-ruler)'
JSON = '"numeric matching … only work with values that are JSON numbers" (event-ruler, README)'
RANGE = '"Numeric matching is limited to value between -5.0e9 and +5.0e9 inclusive" (event-ruler)'
STAR = '"You can use the wildcard character (*) to match string values" (User Guide): any of them'
ADDRESS = "IP address matching is on the text of an address (User Guide, IP address matching)"
HOST_BITS = "event-ruler's CIDR computes the lowest address of the block from the one that is given"

MOTO_IS_WRONG: dict[str, str] = {
    "true is not one": VALUES,
    "one is not true": VALUES,
    "true in an array of numbers": VALUES,
    "anything but one, given true": VALUES,
    "anything but zero, given false": VALUES,
    "numeric of true": JSON,
    "numeric above the limit": RANGE,
    "numeric below the limit": RANGE,
    "an array in an array": ARRAYS,
    "array of objects": ARRAYS,
    "objects of arrays in arrays": ARRAYS,
    "objects of different arrays": ARRAYS,
    "exists not in the object that another field chose": ARRAYS,
    "exists not in any object of an array": LEAVES,
    "an empty array is no leaf": LEAVES,
    "an empty array deep inside": LEAVES,
    "cidr of a number": ADDRESS,
    "cidr with host bits": HOST_BITS,
    "wildcard over lines": STAR,
}


def moto_says(pattern: dict[str, Any], event: Any) -> bool:
    return bool(EventPattern.load(json.dumps(pattern)).matches_event(event))


@pytest.mark.parametrize(
    ("name", "pattern", "event", "expected"), VECTORS, ids=[vector[0] for vector in VECTORS]
)
def test_moto_agrees_with_the_table_but_where_it_is_wrong(
    name: str, pattern: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    assert moto_says(pattern, event) is (expected is (name not in MOTO_IS_WRONG))


def test_every_difference_with_moto_stands_in_the_table() -> None:
    assert {vector[0] for vector in VECTORS} >= MOTO_IS_WRONG.keys()


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    else:
        yield value


def _moto_confuses(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """What moto reads wrong, by the vectors: truth values and numbers beyond the range in numeric
    ranges, numbers in address blocks, and blocks whose address has host bits.
    """
    written = json.dumps(pattern)
    has_range, has_block = '"numeric"' in written, '"cidr"' in written
    return "10.0.9.7/30" in written or any(
        (has_range and (isinstance(value, bool) or abs(value) > 5e9))
        or (has_block and isinstance(value, int))
        for value in _scalars(event)
        if isinstance(value, int | float)
    )


PLAIN = own.events(objects_in_arrays=False)


@settings(deadline=None, max_examples=300)
@given(own.patterns(), st.lists(PLAIN, min_size=1, max_size=6))
def test_a_pattern_matches_what_it_matches_in_moto(
    pattern: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    compiled = compile_pattern(pattern)
    for event in events:
        if not _moto_confuses(pattern, event):
            assert compiled.matches(event) is moto_says(pattern, event), event


@settings(deadline=None)
@given(st.lists(own.patterns(), min_size=1, max_size=6), st.lists(PLAIN, min_size=1, max_size=4))
def test_the_index_finds_what_moto_finds(
    patterns: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    index = RuleIndex((compile_pattern(p), str(i)) for i, p in enumerate(patterns))
    for event in events:
        found = index.matching(event)
        for number, pattern in enumerate(patterns):
            if not _moto_confuses(pattern, event):
                assert (str(number) in found) is moto_says(pattern, event), (pattern, event)
