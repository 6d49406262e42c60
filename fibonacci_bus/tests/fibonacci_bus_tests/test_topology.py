"""Queues and rules: which queue an event goes to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import Event, InvalidPattern, Queue, Rule, Topology, compile_pattern

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
