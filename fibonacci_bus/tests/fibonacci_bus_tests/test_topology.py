"""Queues and rules: which queue an event goes to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import (
    Event,
    InvalidDeclaration,
    InvalidPattern,
    Queue,
    Rule,
    Topology,
    compile_pattern,
    declared,
    topology_of,
)

SOURCES = ("nigredo.recebimento", "nigredo.disparo", "alquimista.leads", "outro")
PATTERNS: list[dict[str, Any]] = [
    {"source": ["nigredo.recebimento"]},
    {"source": ["nigredo.disparo", "outro"], "detail-type": ["sent"]},
    {"source": [{"prefix": "nigredo."}]},
    {"source": ["outro", {"prefix": "alquimista."}]},
    {"detail-type": ["completed"]},
    {"detail": {"n": [{"numeric": [">", 3]}]}},
]


def event(source: str, type_: str = "sent", **detail: Any) -> Event:
    return Event(uuid4(), source, type_, detail, uuid4(), uuid4(), datetime.now(UTC))


def test_an_event_goes_to_every_queue_whose_rule_matches() -> None:
    topology = Topology(
        [Queue("a"), Queue("b"), Queue("c")],
        [
            Rule("exact", {"source": ["nigredo.disparo"]}, "a"),
            Rule("prefix", {"source": [{"prefix": "nigredo."}]}, "b"),
            Rule("other", {"source": ["alquimista.leads"]}, "c"),
        ],
    )
    assert topology.queues_for(event("nigredo.disparo")) == ("a", "b")


def test_two_rules_of_one_queue_deliver_once() -> None:
    rules = [Rule("one", {"source": ["x"]}, "a"), Rule("two", {"detail-type": ["sent"]}, "a")]
    assert Topology([Queue("a")], rules).queues_for(event("x")) == ("a",)


def test_an_event_that_no_rule_names_goes_nowhere() -> None:
    topology = Topology([Queue("a")], [Rule("one", {"source": ["x"]}, "a")])
    assert topology.queues_for(event("y")) == ()


def test_a_rule_for_an_unknown_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="rule one names the unknown queue b"):
        Topology([Queue("a")], [Rule("one", {"source": ["x"]}, "b")])


def test_a_rule_with_a_wrong_pattern_is_refused() -> None:
    with pytest.raises(InvalidPattern):
        Topology([Queue("a")], [Rule("one", {"source": "x"}, "a")])


def test_settings_are_found_by_name() -> None:
    topology = Topology([Queue("a", max_receives=7), Queue("b")], [])
    assert topology.queue("a").max_receives == 7
    assert topology.names == ("a", "b")
    with pytest.raises(KeyError):
        topology.queue("c")


@given(st.sampled_from(SOURCES), st.sampled_from(["sent", "completed"]), st.integers(0, 6))
def test_the_index_by_source_finds_what_trying_every_rule_finds(
    source: str, type_: str, number: int
) -> None:
    queues = [Queue(f"q{i}") for i in range(len(PATTERNS))]
    rules = [Rule(f"r{i}", pattern, f"q{i}") for i, pattern in enumerate(PATTERNS)]
    published = event(source, type_, n=number)
    slow = {
        rule.queue for rule in rules if compile_pattern(rule.pattern).matches(published.envelope())
    }
    assert set(Topology(queues, rules).queues_for(published)) == slow


def test_the_envelope_has_eventbridges_field_names() -> None:
    published = event("x", "sent", n=1)
    assert published.envelope() == {
        "id": str(published.id),
        "source": "x",
        "detail-type": "sent",
        "account": str(published.tenant_id),
        "time": published.occurred_at.isoformat(),
        "detail": {"n": 1},
    }


@given(
    st.lists(
        st.builds(
            Queue,
            st.text(min_size=1, max_size=5),
            st.timedeltas(timedelta(0), timedelta(hours=12)),
            st.integers(1, 9),
            st.timedeltas(timedelta(0), timedelta(days=14)),
            st.none() | st.integers(1, 9),
            st.none() | st.integers(1, 9),
            st.integers(1, 9),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda queue: queue.name,
    ),
    st.lists(st.sampled_from(PATTERNS), max_size=4),
)
def test_a_declaration_says_all_that_a_topology_is(
    queues: list[Queue], patterns: list[dict[str, Any]]
) -> None:
    rules = [Rule(f"r{n}", pattern, queues[0].name) for n, pattern in enumerate(patterns)]
    told = json.loads(json.dumps(declared(Topology(queues, rules))))
    again = topology_of(told)
    assert [again.queue(name) for name in again.names] == queues
    assert list(again.rules) == rules


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"version": 2, "queues": [], "rules": []},
        {"version": 1, "queues": []},
        {"version": 1, "queues": [{"name": "a"}], "rules": []},
        {"version": 1, "queues": [], "rules": [{"name": "r", "speed": 3}]},
    ],
    ids=["empty", "another version", "no rules", "half a queue", "a strange rule"],
)
def test_a_declaration_that_cannot_be_read_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidDeclaration):
        topology_of(told)
