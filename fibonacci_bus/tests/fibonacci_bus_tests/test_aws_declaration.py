"""The topology as AWS calls it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import InvalidPattern, Queue, Rule, Topology
from fibonacci_bus.aws import declare
from fibonacci_bus.aws.declaration import relocated

NAMES = st.text(min_size=1, max_size=120)


def only_rule(pattern: Mapping[str, object], name: str = "r") -> dict[str, object]:
    """The pattern of a topology's one rule on AWS."""
    (rule,) = declare(Topology([Queue("a")], [Rule(name, pattern, "a")])).rules
    return dict(rule.pattern)


def test_a_queue_has_the_designs_settings() -> None:
    declared = declare(Topology([Queue("a", timedelta(seconds=359.5))], []))
    (queue,) = declared.queues
    assert (queue.queue, queue.name, queue.dead_letter_name) == (
        "a",
        "fibonacci-a",
        "fibonacci-a-dlq",
    )
    assert (queue.visibility_seconds, queue.max_receives, queue.wait_seconds) == (360, 3, 10)
    assert queue.dead_letter_retention_seconds == 14 * 24 * 3600
    assert queue.retention_seconds < queue.dead_letter_retention_seconds
    assert declared.bus_name == "fibonacci-bus"


def test_a_rule_names_its_queue_and_keeps_its_pattern() -> None:
    pattern = {"source": [{"prefix": "loja."}], "detail": {"valor": [{"numeric": [">", 1]}]}}
    declared = declare(Topology([Queue("a")], [Rule("a.pedidos", pattern, "a")]))
    (rule,) = declared.rules
    assert (rule.name, rule.pattern, rule.queue_name) == ("a.pedidos", pattern, "fibonacci-a")
    assert json.loads(json.dumps(declared.as_dict()))["rules"][0]["name"] == "a.pedidos"


def test_the_buss_account_and_id_are_matched_where_they_travel() -> None:
    assert only_rule({"account": ["t"], "id": ["e"], "detail": {"x": [1]}}) == {
        "detail": {"x": [1], "fibonacci": {"tenant_id": ["t"], "event_id": ["e"]}}
    }
    assert only_rule({"source": ["s"], "account": ["t"]}) == {
        "source": ["s"],
        "detail": {"fibonacci": {"tenant_id": ["t"]}},
    }


def test_the_branches_of_an_or_are_moved_one_by_one() -> None:
    pattern = {"$or": [{"account": ["t"]}, {"source": ["s"]}]}
    assert relocated("r", pattern) == {
        "$or": [{"detail": {"fibonacci": {"tenant_id": ["t"]}}}, {"source": ["s"]}]
    }


def test_a_detail_that_is_no_object_has_no_room_for_the_buss_fields() -> None:
    with pytest.raises(InvalidPattern, match=r"r\.detail: must be an object"):
        relocated("r", {"account": ["t"], "detail": ["x"]})


def test_a_pattern_over_eventbridges_limit_is_refused_by_name() -> None:
    long = {"source": ["x" * 3000]}
    with pytest.raises(InvalidPattern, match="longa: the pattern has"):
        only_rule(long, "longa")


def test_a_visibility_over_twelve_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="12 hours"):
        declare(Topology([Queue("a", timedelta(hours=13))], []))


def test_a_queues_concurrency_is_that_of_its_function() -> None:
    declared = declare(Topology([Queue("a", concurrency=4), Queue("b")], []))
    assert [queue.max_concurrency for queue in declared.queues] == [4, None]
    with pytest.raises(ValueError, match="2 batches or more"):
        declare(Topology([Queue("a", concurrency=1)], []))


@pytest.mark.untraced
@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_every_name_is_one_that_aws_takes_and_none_is_given_twice(names: list[str]) -> None:
    topology = Topology(
        [Queue(name) for name in names], [Rule(name, {"source": ["x"]}, name) for name in names]
    )
    declared = declare(topology)
    rules = [rule.name for rule in declared.rules]
    queues = [n for queue in declared.queues for n in (queue.name, queue.dead_letter_name)]
    assert all(re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", name) for name in rules)
    assert all(re.fullmatch(r"[\-_A-Za-z0-9]{1,80}", name) for name in queues)
    assert len(set(rules)) == len(rules) == len(names)
    assert len(set(queues)) == len(queues) == 2 * len(names)
    assert declare(topology) == declared


def test_two_that_would_have_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="fibonacci-a-dlq"):
        declare(Topology([Queue("a"), Queue("a-dlq")], []))


def test_a_queue_is_found_by_name_and_by_arn() -> None:
    declared = declare(Topology([Queue("a"), Queue("b")], []))
    assert declared.queue("b").name == "fibonacci-b"
    assert declared.queue_of_arn("arn:aws:sqs:sa-east-1:1:fibonacci-b").queue == "b"
    for look_up in (declared.queue, declared.queue_of_arn):
        with pytest.raises(KeyError):
            look_up("c")


def test_nothing_of_aws_is_imported_before_it_is_used() -> None:
    script = (
        "import sys, fibonacci_bus, fibonacci_bus.aws;"
        "print(sorted({'boto3', 'botocore', 'aws_lambda_powertools'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"detail": {"a.b": [1]}}, "r.detail.a.b"),
        ({"$or": [{"detail": {"x": {"y.z": ["v"]}}}, {"source": ["s"]}]}, "r.$or[0].detail.x.y.z"),
        ({"detail": {"n": [{"numeric": ["=", 0.1234567]}]}}, "r.detail.n[0].numeric[1]"),
        ({"detail": {"n": [{"anything-but": [1.00000001]}]}}, "r.detail.n[0].anything-but[0]"),
    ],
)
def test_what_eventbridge_would_match_differently_is_refused_with_its_path(
    pattern: Mapping[str, object], path: str
) -> None:
    Topology([Queue("a")], [Rule("r", pattern, "a")])
    with pytest.raises(InvalidPattern) as refused:
        only_rule(pattern)
    assert refused.value.path == path


def test_six_digits_after_the_point_are_taken() -> None:
    pattern = {"detail": {"n": [{"numeric": [">", 0.123456, "<", 5e9]}]}}
    assert only_rule(pattern) == pattern
