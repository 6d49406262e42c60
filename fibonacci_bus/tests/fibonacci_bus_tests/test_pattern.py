"""Patterns: EventBridge's semantics, by vectors and by laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import InvalidPattern, compile_pattern

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text("abc", max_size=3), st.floats(-5, 5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3)

VECTORS: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("exact text", {"source": ["a"]}, {"source": "a"}, True),
    ("exact is case sensitive", {"source": ["a"]}, {"source": "A"}, False),
    ("exact is the whole value", {"source": ["nigredo.*"]}, {"source": "nigredo.disparo"}, False),
    ("a missing field matches nothing", {"source": ["a"]}, {}, False),
    ("values are joined by or", {"x": ["a", "b"]}, {"x": "b"}, True),
    ("fields are joined by and", {"x": ["a"], "y": ["b"]}, {"x": "a", "y": "c"}, False),
    ("text is no number", {"x": ["1"]}, {"x": 1}, False),
    ("number is no text", {"x": [1]}, {"x": "1"}, False),
    ("one number, two spellings", {"x": [1]}, {"x": 1.0}, True),
    ("true is not one", {"x": [1]}, {"x": True}, False),
    ("one is not true", {"x": [True]}, {"x": 1}, False),
    ("false matches false", {"x": [False]}, {"x": False}, True),
    ("null matches null", {"x": [None]}, {"x": None}, True),
    ("null is not a missing field", {"x": [None]}, {}, False),
    ("null is not an empty text", {"x": [None]}, {"x": ""}, False),
    ("any element of an array", {"x": ["b"]}, {"x": ["a", "b"]}, True),
    ("no element of an array", {"x": ["c"]}, {"x": ["a", "b"]}, False),
    ("an empty array has no element", {"x": ["a"]}, {"x": []}, False),
    ("an array in an array", {"x": ["b"]}, {"x": [["a"], ["b"]]}, True),
    ("nested object", {"d": {"x": ["a"]}}, {"d": {"x": "a", "y": 1}}, True),
    ("nested object is missing", {"d": {"x": ["a"]}}, {}, False),
    ("nested object is a text", {"d": {"x": ["a"]}}, {"d": "x"}, False),
    ("array of objects", {"d": {"x": ["a"]}}, {"d": [{"x": "b"}, {"x": "a"}]}, True),
    (
        "fields meet in one object of an array",
        {"d": {"x": ["a"], "y": ["b"]}},
        {"d": [{"x": "a", "y": "c"}, {"x": "c", "y": "b"}]},
        False,
    ),
    ("prefix", {"x": [{"prefix": "nigredo."}]}, {"x": "nigredo.disparo"}, True),
    ("prefix is not infix", {"x": [{"prefix": "disparo"}]}, {"x": "nigredo.disparo"}, False),
    ("prefix of the whole value", {"x": [{"prefix": "ab"}]}, {"x": "ab"}, True),
    ("prefix of a number", {"x": [{"prefix": "1"}]}, {"x": 12}, False),
    ("prefix of an element", {"x": [{"prefix": "a"}]}, {"x": ["b", "ab"]}, True),
    ("prefix beside an exact value", {"x": ["z", {"prefix": "a"}]}, {"x": "z"}, True),
    ("anything but one", {"x": [{"anything-but": "a"}]}, {"x": "b"}, True),
    ("anything but this one", {"x": [{"anything-but": "a"}]}, {"x": "a"}, False),
    ("anything but these", {"x": [{"anything-but": ["a", "b"]}]}, {"x": "b"}, False),
    ("anything but a number", {"x": [{"anything-but": [1, 2]}]}, {"x": 3}, True),
    ("anything but a number, given text", {"x": [{"anything-but": 1}]}, {"x": "1"}, True),
    ("anything but needs the field", {"x": [{"anything-but": "a"}]}, {}, False),
    ("anything but a prefix", {"x": [{"anything-but": {"prefix": "a"}}]}, {"x": "ba"}, True),
    ("anything but this prefix", {"x": [{"anything-but": {"prefix": "a"}}]}, {"x": "ab"}, False),
    (
        "anything but these prefixes",
        {"x": [{"anything-but": {"prefix": ["a", "b"]}}]},
        {"x": "bc"},
        False,
    ),
    ("exists", {"x": [{"exists": True}]}, {"x": None}, True),
    ("exists, but does not", {"x": [{"exists": True}]}, {"y": 1}, False),
    ("exists not", {"x": [{"exists": False}]}, {"y": 1}, True),
    ("exists not, but does", {"x": [{"exists": False}]}, {"x": 0}, False),
    ("exists looks at leaves", {"x": [{"exists": True}]}, {"x": {"y": 1}}, False),
    ("an object is no leaf", {"x": [{"exists": False}]}, {"x": {"y": 1}}, True),
    ("an empty array is no leaf", {"x": [{"exists": True}]}, {"x": []}, False),
    ("exists not in a missing object", {"d": {"x": [{"exists": False}]}}, {}, True),
    ("exists not in an empty array", {"d": {"x": [{"exists": False}]}}, {"d": []}, True),
    ("numeric equal", {"x": [{"numeric": ["=", 3]}]}, {"x": 3.0}, True),
    ("numeric below", {"x": [{"numeric": ["<", 3]}]}, {"x": 3}, False),
    ("numeric at most", {"x": [{"numeric": ["<=", 3]}]}, {"x": 3}, True),
    ("numeric above", {"x": [{"numeric": [">", 3]}]}, {"x": 3}, False),
    ("numeric at least", {"x": [{"numeric": [">=", 3]}]}, {"x": 3}, True),
    ("numeric range", {"x": [{"numeric": [">", 0, "<=", 5]}]}, {"x": 5}, True),
    ("numeric range left out", {"x": [{"numeric": [">", 0, "<=", 5]}]}, {"x": 0}, False),
    ("numeric of a text", {"x": [{"numeric": ["=", 3]}]}, {"x": "3"}, False),
    ("numeric of true", {"x": [{"numeric": ["=", 1]}]}, {"x": True}, False),
    ("numeric of an element", {"x": [{"numeric": [">", 3]}]}, {"x": [1, 9]}, True),
    ("numeric of nothing", {"x": [{"numeric": ["<", 3]}]}, {}, False),
]


@pytest.mark.parametrize(
    ("pattern", "event", "expected"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_a_pattern_matches_as_eventbridge_says(
    pattern: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    assert compile_pattern(pattern).matches(event) is expected


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({}, "$"),
        ({"source": "a"}, "$.source"),
        ({"source": []}, "$.source"),
        ({"d": {}}, "$.d"),
        ({"d": {"x": 1}}, "$.d.x"),
        ({"x": [["a"]]}, "$.x[0]"),
        ({"x": ["a", {"prefix": "b", "exists": True}]}, "$.x[1]"),
        ({"x": [{"matches": "a"}]}, "$.x[0]"),
        ({"x": [{"prefix": 1}]}, "$.x[0].prefix"),
        ({"x": [{"prefix": ""}]}, "$.x[0].prefix"),
        ({"x": [{"exists": "yes"}]}, "$.x[0].exists"),
        ({"x": [{"anything-but": []}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {"suffix": "a"}}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {"prefix": [1]}}]}, "$.x[0].anything-but.prefix"),
        ({"x": [{"numeric": []}]}, "$.x[0].numeric"),
        ({"x": [{"numeric": ["=", 1, "<"]}]}, "$.x[0].numeric"),
        ({"x": [{"numeric": ["~", 1]}]}, "$.x[0].numeric[0]"),
        ({"x": [{"numeric": ["=", "1"]}]}, "$.x[0].numeric[1]"),
        ({"x": [{"numeric": ["=", True]}]}, "$.x[0].numeric[1]"),
    ],
)
def test_a_wrong_pattern_is_refused_with_its_place(pattern: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert caught.value.path == path


@given(EVENTS)
def test_exists_true_and_exists_false_are_opposites(event: dict[str, Any]) -> None:
    yes = compile_pattern({"x": [{"exists": True}]}).matches(event)
    no = compile_pattern({"x": [{"exists": False}]}).matches(event)
    assert yes is not no


@given(EVENTS, SCALARS, SCALARS)
def test_values_of_a_field_are_a_disjunction(event: dict[str, Any], one: Any, two: Any) -> None:
    both = compile_pattern({"x": [one, two]}).matches(event)
    alone = [compile_pattern({"x": [value]}).matches(event) for value in (one, two)]
    assert both is any(alone)


@given(EVENTS, SCALARS, SCALARS)
def test_fields_are_a_conjunction(event: dict[str, Any], one: Any, two: Any) -> None:
    both = compile_pattern({"x": [one], "y": [two]}).matches(event)
    alone = [compile_pattern(p).matches(event) for p in ({"x": [one]}, {"y": [two]})]
    assert both is all(alone)


@given(SCALARS, SCALARS)
def test_anything_but_is_the_opposite_of_exact_on_a_scalar(value: Any, wanted: Any) -> None:
    exact = compile_pattern({"x": [wanted]}).matches({"x": value})
    other = compile_pattern({"x": [{"anything-but": wanted}]}).matches({"x": value})
    assert exact is not other


@given(st.text(max_size=8), st.text(min_size=1, max_size=3))
def test_a_prefix_is_what_python_says_it_is(value: str, prefix: str) -> None:
    matched = compile_pattern({"x": [{"prefix": prefix}]}).matches({"x": value})
    assert matched is value.startswith(prefix)


@given(EVENTS, st.dictionaries(st.sampled_from("pqr"), SCALARS, max_size=3))
def test_other_fields_change_nothing(event: dict[str, Any], more: dict[str, Any]) -> None:
    pattern = compile_pattern({"x": ["a", {"numeric": [">", 0]}, {"prefix": "b"}]})
    assert pattern.matches(event) is pattern.matches({**event, **more})


@given(st.floats(-9, 9), st.floats(-9, 9))
def test_exactly_one_of_below_equal_above_holds(value: float, bound: float) -> None:
    matched = [
        compile_pattern({"x": [{"numeric": [sign, bound]}]}).matches({"x": value})
        for sign in ("<", "=", ">")
    ]
    assert matched.count(True) == 1
