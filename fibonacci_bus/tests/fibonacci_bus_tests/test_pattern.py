"""Patterns: EventBridge's semantics, by vectors and by laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import InvalidPattern, compile_pattern

from .vectors import VECTORS

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
        ({"x": [{"prefix": {"suffix": "a"}}]}, "$.x[0].prefix"),
        ({"x": [{"prefix": {"equals-ignore-case": 1}}]}, "$.x[0].prefix.equals-ignore-case"),
        ({"x": [{"prefix": ["a", "b"]}]}, "$.x[0].prefix"),
        ({"x": [{"suffix": None}]}, "$.x[0].suffix"),
        ({"x": [{"equals-ignore-case": ["a"]}]}, "$.x[0].equals-ignore-case"),
        ({"x": [{"wildcard": 1}]}, "$.x[0].wildcard"),
        ({"x": [{"wildcard": "a**b"}]}, "$.x[0].wildcard"),
        ({"x": [{"wildcard": "**"}]}, "$.x[0].wildcard"),
        ({"x": [{"wildcard": "a\\b"}]}, "$.x[0].wildcard"),
        ({"x": [{"wildcard": "a\\"}]}, "$.x[0].wildcard"),
        ({"x": [{"cidr": 1}]}, "$.x[0].cidr"),
        ({"x": [{"cidr": "10.0.0.0"}]}, "$.x[0].cidr"),
        ({"x": [{"cidr": "10.0.0.0/255.0.0.0"}]}, "$.x[0].cidr"),
        ({"x": [{"cidr": "10.0.0/8"}]}, "$.x[0].cidr"),
        ({"x": [{"cidr": "10.0.0.0/32"}]}, "$.x[0].cidr"),
        ({"x": [{"cidr": "::/129"}]}, "$.x[0].cidr"),
        ({"x": [object()]}, "$.x[0]"),
        ({"x": [{}]}, "$.x[0]"),
        ({1: ["a"]}, "$.1"),
        ({"$or": {"x": ["a"]}}, "$.$or"),
        ({"$or": [{"x": ["a"]}]}, "$.$or"),
        ({"$or": [{"x": ["a"]}, "b"]}, "$.$or[1]"),
        ({"$or": [{"x": ["a"]}, {}]}, "$.$or[1]"),
        ({"$or": [{"x": ["a"]}, {"y": [{"prefix": 1}]}]}, "$.$or[1].y[0].prefix"),
        ({"$or": [{"x": ["a"]}, {"prefix": ["a"]}]}, "$.$or[1].prefix"),
        ({"d": {"x": ["a"], "$or": [{"x": ["b"]}, {"y": ["c"]}]}}, "$.d.$or"),
        ({"x": [{"exists": "yes"}]}, "$.x[0].exists"),
        ({"x": [{"anything-but": []}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {}}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": ["a", 1]}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": None}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": [True]}]}, "$.x[0].anything-but"),
        ({"x": [{"anything-but": {"suffix": ""}}]}, "$.x[0].anything-but.suffix"),
        ({"x": [{"anything-but": {"suffix": []}}]}, "$.x[0].anything-but.suffix"),
        ({"x": [{"anything-but": {"wildcard": "a**"}}]}, "$.x[0].anything-but.wildcard"),
        ({"x": [{"anything-but": {"prefix": [1]}}]}, "$.x[0].anything-but.prefix"),
        ({"x": [{"numeric": []}]}, "$.x[0].numeric"),
        ({"x": [{"numeric": ["=", 1, "<"]}]}, "$.x[0].numeric"),
        ({"x": [{"numeric": ["~", 1]}]}, "$.x[0].numeric[0]"),
        ({"x": [{"numeric": ["=", "1"]}]}, "$.x[0].numeric[1]"),
        ({"x": [{"numeric": ["=", True]}]}, "$.x[0].numeric[1]"),
        ({"x": [{"numeric": [">", 6e9]}]}, "$.x[0].numeric[1]"),
        ({"x": [{"numeric": ["<", 1, ">", 0]}]}, "$.x[0].numeric[0]"),
        ({"x": [{"numeric": [">", 1, ">", 0]}]}, "$.x[0].numeric[2]"),
        ({"x": [{"numeric": [">", 1, "<", 1]}]}, "$.x[0].numeric[3]"),
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


@given(SCALARS, st.one_of(st.integers(-5, 5), st.text("abc", max_size=3)))
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


def test_an_or_makes_a_thousand_combinations_at_most() -> None:
    def one_of(name: str, count: int) -> dict[str, Any]:
        return {"$or": [{f"{name}{i}": ["a"]} for i in range(count)]}

    assert len(compile_pattern({"a": one_of("x", 10), "b": one_of("y", 100)}).branches) == 1000
    for pattern, path in (
        ({"a": one_of("x", 11), "b": one_of("y", 91)}, "$.b"),
        (one_of("x", 1001), "$.$or"),
    ):
        with pytest.raises(InvalidPattern, match="more than 1000 combinations") as caught:
            compile_pattern(pattern)
        assert caught.value.path == path


def test_a_pattern_that_nests_without_end_is_refused() -> None:
    pattern: dict[str, Any] = {"x": ["a"]}
    for _ in range(5000):
        pattern = {"d": pattern}
    with pytest.raises(InvalidPattern, match="objects nest 100 deep at most"):
        compile_pattern(pattern)


def test_an_array_that_nests_without_end_is_read() -> None:
    value: Any = "a"
    for _ in range(50_000):
        value = [value]
    assert compile_pattern({"x": ["a"]}).matches({"x": value})
