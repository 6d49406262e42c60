"""The template holds the declaration: every queue, rule, pattern and limit, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from alquimista_infra.bus_stack import BusStack
from app import read_declaration
from aws_cdk.assertions import Template

from fibonacci_bus import InvalidPattern, Queue, Rule, Topology, declared, topology_of
from fibonacci_bus.aws import BusDeclaration, declare

EVERY_OPERATOR: Mapping[str, Any] = {
    "source": ["loja", {"prefix": "a."}, {"suffix": {"equals-ignore-case": ".b"}}],
    "detail-type": [{"anything-but": ["x", "y"]}, {"anything-but": {"wildcard": "*z"}}],
    "detail": {
        "valor": [{"numeric": [">", 0, "<=", 1.5]}, 0, True, False, ""],
        "ip": [{"cidr": "10.0.0.0/8"}],
        "nome": [{"wildcard": "a*b"}, {"equals-ignore-case": "AbC"}],
        "nada": [{"exists": False}],
        "$or": [{"x": [1]}, {"y": {"z": [{"exists": True}]}}],
    },
    "account": ["t"],
}
TOY = Topology(
    [
        Queue("a", timedelta(seconds=7), max_receives=5, concurrency=4),
        Queue("um.nome com espaço" + "o" * 90),
        Queue("sem-regra"),
    ],
    [
        Rule("tudo", EVERY_OPERATOR, "a"),
        Rule("a dois", {"source": ["s"]}, "a"),
        Rule("outra", {"source": ["s"]}, "um.nome com espaço" + "o" * 90),
    ],
)


def installed_agents() -> BusDeclaration:
    """What ``alquimista bus declaration`` printed for ``make infra-test``."""
    return read_declaration(Path(os.environ["DECLARATION"]))


@pytest.fixture(scope="module", params=["toy", "agents"])
def made(request: pytest.FixtureRequest) -> tuple[BusDeclaration, Template]:
    """A declaration and the template that comes of it."""
    declaration = declare(TOY) if request.param == "toy" else installed_agents()
    stack = BusStack(cdk.App(), "Bus", declaration)
    return declaration, Template.from_stack(stack)


def resources(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Properties of every resource of a kind, by logical id."""
    found: dict[str, dict[str, Any]] = template.find_resources(f"AWS::{kind}")
    return {name: resource["Properties"] for name, resource in found.items()}


def queues_of(template: Template) -> dict[str, tuple[str, dict[str, Any]]]:
    """Logical id and properties of every queue, by its name."""
    return {
        properties["QueueName"]: (logical, properties)
        for logical, properties in resources(template, "SQS::Queue").items()
    }


def test_every_queue_is_there_with_its_limits_and_no_other(
    made: tuple[BusDeclaration, Template],
) -> None:
    declaration, template = made
    found = queues_of(template)
    for queue in declaration.queues:
        dead_id, dead = found.pop(queue.dead_letter_name)
        assert dead["MessageRetentionPeriod"] == queue.dead_letter_retention_seconds
        assert "RedrivePolicy" not in dead
        _, properties = found.pop(queue.name)
        assert properties["VisibilityTimeout"] == queue.visibility_seconds
        assert properties["ReceiveMessageWaitTimeSeconds"] == queue.wait_seconds
        assert properties["MessageRetentionPeriod"] == queue.retention_seconds
        assert properties["RedrivePolicy"] == {
            "deadLetterTargetArn": {"Fn::GetAtt": [dead_id, "Arn"]},
            "maxReceiveCount": queue.max_receives,
        }
    assert list(found) == [f"{declaration.bus_name}-undelivered"]


def test_every_rule_has_its_pattern_and_its_queue_and_there_is_no_other(
    made: tuple[BusDeclaration, Template],
) -> None:
    declaration, template = made
    found = {item["Name"]: item for item in resources(template, "Events::Rule").values()}
    assert set(found) == {rule.name for rule in declaration.rules}
    queues = queues_of(template)
    undelivered = {"Fn::GetAtt": [queues[f"{declaration.bus_name}-undelivered"][0], "Arn"]}
    for rule in declaration.rules:
        properties = found[rule.name]
        assert properties["EventPattern"] == json.loads(json.dumps(rule.pattern))
        assert properties["State"] == "ENABLED"
        [target] = properties["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": [queues[rule.queue_name][0], "Arn"]}
        assert target["DeadLetterConfig"] == {"Arn": undelivered}
    [bus] = resources(template, "Events::EventBus").values()
    assert bus["Name"] == declaration.bus_name


def test_a_queue_takes_events_from_its_own_rules_alone_and_nothing_in_the_clear(
    made: tuple[BusDeclaration, Template],
) -> None:
    declaration, template = made
    ids = {logical: name for name, (logical, _) in queues_of(template).items()}
    rules = resources(template, "Events::Rule")
    senders: dict[str, set[str]] = {}
    refuse_http = set()
    for policy in resources(template, "SQS::QueuePolicy").values():
        [queue] = (ids[item["Ref"]] for item in policy["Queues"])
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                refuse_http.add(queue)
                continue
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert statement["Action"] == "sqs:SendMessage"
            sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
            senders[queue] = {
                rules[arn["Fn::GetAtt"][0]]["Name"]
                for arn in (sources if isinstance(sources, list) else [sources])
            }
    assert refuse_http == set(ids.values())
    assert senders.pop(f"{declaration.bus_name}-undelivered") == {r.name for r in declaration.rules}
    expected: dict[str, set[str]] = {}
    for rule in declaration.rules:
        expected.setdefault(rule.queue_name, set()).add(rule.name)
    assert senders == expected


def test_bus_queues_and_alarms_are_encrypted_with_a_key_that_turns(
    made: tuple[BusDeclaration, Template],
) -> None:
    _, template = made
    [(key, properties)] = resources(template, "KMS::Key").items()
    assert properties["EnableKeyRotation"] is True
    arn = {"Fn::GetAtt": [key, "Arn"]}
    for _, queue in queues_of(template).values():
        assert queue["KmsMasterKeyId"] == arn
    [bus] = resources(template, "Events::EventBus").values()
    assert bus["KmsKeyIdentifier"] == arn
    [topic] = resources(template, "SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == arn


def test_rights_name_this_bus_and_these_queues_and_no_star(
    made: tuple[BusDeclaration, Template],
) -> None:
    declaration, template = made
    policies = resources(template, "IAM::ManagedPolicy").values()
    allowed: dict[str, list[Any]] = {}
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, where = statement["Action"], statement["Resource"]
            for action in actions if isinstance(actions, list) else [actions]:
                allowed.setdefault(action, []).extend(where if isinstance(where, list) else [where])
    assert "*" not in json.dumps(allowed)
    [bus] = resources(template, "Events::EventBus")
    assert allowed["events:PutEvents"] == [{"Fn::GetAtt": [bus, "Arn"]}]
    queues = queues_of(template)
    worked = {
        queues[name][0]
        for queue in declaration.queues
        for name in (queue.name, queue.dead_letter_name)
    }
    for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "SendMessage"):
        assert {item["Fn::GetAtt"][0] for item in allowed[f"sqs:{action}"]} == worked


def test_depth_age_and_deaths_of_every_queue_are_watched_and_told(
    made: tuple[BusDeclaration, Template],
) -> None:
    declaration, template = made
    ids = {logical: name for name, (logical, _) in queues_of(template).items()}
    watched: dict[str, set[str]] = {}
    [topic] = resources(template, "SNS::Topic")
    for alarm in resources(template, "CloudWatch::Alarm").values():
        [dimension] = alarm["Dimensions"]
        queue = ids[dimension["Value"]["Fn::GetAtt"][0]]
        watched.setdefault(queue, set()).add(alarm["MetricName"])
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching"
    for queue in declaration.queues:
        assert watched.pop(queue.name) == {
            "ApproximateNumberOfMessagesVisible",
            "ApproximateAgeOfOldestMessage",
        }
        assert watched.pop(queue.dead_letter_name) == {
            "NumberOfMessagesReceived",
            "ApproximateNumberOfMessagesVisible",
        }
    assert set(watched) == {f"{declaration.bus_name}-undelivered"}


def test_the_stack_stays_within_cloudformations_five_hundred_resources(
    made: tuple[BusDeclaration, Template],
) -> None:
    _, template = made
    assert len(template.to_json()["Resources"]) <= 500


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({"detail": {"x": [None]}}, "r.detail.x[0]"),
        ({"detail": {"x": ["a", None]}}, "r.detail.x[1]"),
        ({"$or": [{"source": ["a"]}, {"detail": {"y": [None]}}]}, "r.$or[1].detail.y[0]"),
        ({"detail": {"a.b": [1]}}, "r.detail.a.b"),
        ({"detail": {"n": [{"numeric": ["<", 0.1234567]}]}}, "r.detail.n[0].numeric[1]"),
    ],
)
def test_a_pattern_that_cannot_be_said_is_refused_at_synth_with_its_path(
    pattern: Mapping[str, Any], path: str
) -> None:
    topology = Topology([Queue("a")], [Rule("r", pattern, "a")])
    with pytest.raises(InvalidPattern) as refused:
        BusStack(cdk.App(), "Bus", declare(topology))
    assert refused.value.path == path


def test_the_app_reads_what_both_homes_are_set_up_from(tmp_path: Path) -> None:
    printed = tmp_path / "declaration.json"
    printed.write_text(json.dumps(declared(topology_of(declared(TOY)))))
    assert read_declaration(printed) == declare(TOY)
