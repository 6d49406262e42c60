"""The index finds what trying every pattern finds; its parts, each against the plain way."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fibonacci_bus import Event, Queue, Rule, Topology, compile_pattern
from fibonacci_bus.matching import RuleIndex, exprs, rules
from fibonacci_bus.operators import packed_address

from . import strategies as own
from .vectors import VECTORS

pytestmark = pytest.mark.untraced


def index_of(patterns: list[dict[str, Any]]) -> RuleIndex:
    return RuleIndex((compile_pattern(pattern), str(i)) for i, pattern in enumerate(patterns))


def tried(patterns: list[dict[str, Any]], event: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(i) for i, p in enumerate(patterns) if compile_pattern(p).matches(event))


WAYS = {
    "one by one": {},
    "a function": {"_COLD": 0},
    "a function that looks up": {"_COLD": 0, "FEW": 0},
    "split": {"_COLD": 0, "_SPLIT": 0},
    "the event leads": {"_COLD": 0, "_WIDE": -1},
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS), autouse=True, scope="module")
def _way(request: pytest.FixtureRequest) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in request.param.items():
            patch.setattr(exprs if name == "FEW" else rules, name, value)
        yield


@pytest.mark.parametrize(
    ("pattern", "event", "expected"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_the_index_matches_as_eventbridge_says(
    pattern: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    inside = {"source": "s", "detail-type": "t", "detail": event}
    assert index_of([pattern]).matching(event) == (("0",) if expected else ())
    assert index_of([{"detail": pattern}]).matching(inside) == (("0",) if expected else ())


def test_all_vectors_in_one_index_find_what_trying_them_finds() -> None:
    patterns = [vector[1] for vector in VECTORS]
    index = index_of(patterns)
    for _, _, event, _ in VECTORS:
        assert index.matching(event) == tried(patterns, event)


@settings(deadline=None, max_examples=40)
@given(st.lists(own.patterns(), min_size=1, max_size=8), st.lists(own.events(), max_size=4))
def test_the_index_finds_what_trying_every_pattern_finds(
    patterns: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    index = index_of(patterns)
    for event in events:
        assert index.matching(event) == tried(patterns, event)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(own.patterns(), min_size=1, max_size=6),
    st.sampled_from(own.SOURCES),
    st.sampled_from(own.NAMES),
    own.details(booleans=True, objects_in_arrays=True),
)
def test_a_topology_sends_an_event_where_its_envelope_matches(
    patterns: list[dict[str, Any]], source: str, type_: str, detail: dict[str, Any]
) -> None:
    names = [str(i) for i in range(len(patterns))]
    topology = Topology(
        map(Queue, names), [Rule(n, p, n) for n, p in zip(names, patterns, strict=True)]
    )
    event = Event(uuid4(), source, type_, detail, uuid4(), uuid4(), datetime.now(UTC))
    assert topology.queues_for(event) == tried(patterns, event.envelope())


def test_an_event_without_a_source_is_matched_too() -> None:
    patterns: list[dict[str, Any]] = [
        {"x": [1]},
        {"source": [{"exists": False}]},
        {"source": ["a"]},
    ]
    assert index_of(patterns).matching({"x": 1}) == ("0", "1")
    assert index_of(patterns).matching({"source": ["b", "a"], "x": 1}) == ("0", "2")


def test_a_rule_may_ask_for_what_the_bus_itself_puts_in_the_envelope() -> None:
    event = Event(uuid4(), "s", "t", {}, uuid4(), uuid4(), datetime(2026, 1, 5, tzinfo=UTC))
    rules = [
        Rule("mine", {"account": [str(event.tenant_id)]}, "mine"),
        Rule("of january", {"time": [{"prefix": "2026-01"}]}, "january"),
        Rule("of may", {"time": [{"prefix": "2026-05"}]}, "may"),
    ]
    topology = Topology([Queue("mine"), Queue("january"), Queue("may")], rules)
    assert topology.queues_for(event) == ("mine", "january")


def test_tables_that_fill_as_events_come_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_KEPT", 3)
    patterns: list[dict[str, Any]] = [{"source": [{"prefix": "a"}]}, {"detail": {"x": ["1", "2"]}}]
    index = index_of(patterns)
    for number in range(20):
        event = {"source": f"a{number}", "detail-type": "t", "detail": {"x": str(number)}}
        assert index.matching(event) == tried(patterns, event)
    assert len(index._pairs) <= 3


def test_a_value_that_is_no_json_is_refused() -> None:
    index = index_of([{"source": ["s"], "detail": {"x": ["1"]}}])
    event = {"source": "s", "detail-type": "t", "detail": {"x": uuid4()}}
    with pytest.raises(TypeError, match="JSON values, not UUID"):
        index.matching(event)


def test_a_large_index_is_split_by_the_texts_of_a_field() -> None:
    patterns: list[dict[str, Any]] = [
        {"detail": {"cliente": [f"c{n % 10}"], "etapa": [n]}} for n in range(40)
    ]
    patterns += [
        {"detail": {"cliente": [{"anything-but": "c3"}]}},
        {"detail": {"etapa": [{"exists": True}]}},
    ]
    index = index_of(patterns)
    clientes: list[Any] = ["c3", "c4", "new", 5, None, ["c3", "c4"], {"x": 1}]
    for detail in [{"cliente": c, "etapa": e} for c in clientes for e in (3, 33, 4)] + [
        {"etapa": 3}
    ]:
        for _ in range(4):
            event = {"source": "s", "detail-type": "t", "detail": detail}
            assert index.matching(event) == tried(patterns, event)


@given(st.text("ab*\\.", max_size=8), own.wildcards())
def test_a_wildcard_is_the_regular_expression_of_its_pieces(text: str, wildcard: str) -> None:
    parts = re.split(r"(\\.|\*)", wildcard)
    expression = "".join(".*" if p == "*" else re.escape(p.replace("\\", "")) for p in parts)
    matched = compile_pattern({"x": [{"wildcard": wildcard}]}).matches({"x": text})
    assert matched is (re.fullmatch(expression, text, re.DOTALL) is not None)


@given(st.one_of(st.ip_addresses().map(str), st.text("0123456789abf:.", max_size=18)))
def test_an_address_is_what_python_says_it_is(text: str) -> None:
    try:
        expected: bytes | None = ipaddress.ip_address(text).packed
    except ValueError:
        expected = None
    assert packed_address(text) == expected


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 31))
def test_a_block_holds_what_python_says_it_holds(
    address: ipaddress.IPv4Address, base: ipaddress.IPv4Address, bits: int
) -> None:
    block = ipaddress.ip_network(f"{base}/{bits}", strict=False)
    matched = compile_pattern({"x": [{"cidr": f"{base}/{bits}"}]}).matches({"x": str(address)})
    assert matched is (address in block)
