"""SQS as the worker's source of messages, and the self-hosted worker's long poll."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from fibonacci_bus import ErrorClass
from fibonacci_bus.aws import SqsQueues, poll_forever
from tests.database import Urls
from tests.integration.bus.aws.cloud import Cloud, sqs_client
from tests.integration.bus.rig import Toy, Transient, cut_connections

NOW = timedelta(0)


class Line:
    """A line to SQS that can be mended while somebody uses it."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def attributes(cloud: Cloud, url: str) -> dict[str, str]:
    """All attributes of a queue."""
    found = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(name): value for name, value in found["Attributes"].items()}


def test_the_declaration_makes_the_queues_as_the_design_has_them(cloud: Cloud) -> None:
    made = attributes(cloud, cloud.url())
    assert made["VisibilityTimeout"] == "30"
    assert made["ReceiveMessageWaitTimeSeconds"] == "10"
    redrive = json.loads(made["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 3
    dead = attributes(cloud, cloud.dead_url())
    assert redrive["deadLetterTargetArn"] == dead["QueueArn"]
    assert dead["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    rules = cloud.events.list_rules(EventBusName=cloud.declared.bus_name)["Rules"]
    assert sorted(rule["Name"] for rule in rules) == ["a1", "a2", "b", "c"]


def test_a_removed_message_answers_false_to_everything(cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event())
    queues = cloud.queues()
    (message,) = queues.receive(["c"])
    assert queues.holds(message)
    assert queues.ack([message]) == 1
    assert not queues.holds(message)
    assert queues.ack([message]) == 0
    assert queues.release(message, NOW) is False
    assert queues.resend_delayed(message, NOW) is False
    assert queues.dead_letter(message, ErrorClass.PERMANENT, "x") is False
    assert (cloud.count(), cloud.dead_letters()) == (0, [])


def test_a_message_that_somebody_else_removed_is_not_released(cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event())
    queues = cloud.queues()
    (message,) = queues.receive(["c"])
    other = cloud.queues()
    assert queues.release(message, NOW) is True
    assert other.ack(other.receive(["c"])) == 1
    assert queues.release(message, NOW) is False


def test_an_error_of_sqs_that_is_no_old_receipt_is_raised(cloud: Cloud) -> None:
    cloud.publish(cloud.rig.event())
    queues = cloud.queues()
    (message,) = queues.receive(["c"])
    cloud.sqs.delete_queue(QueueUrl=cloud.url())
    with pytest.raises(cloud.sqs.exceptions.QueueDoesNotExist):
        queues.release(message, NOW)


def test_several_queues_are_asked_in_turn_up_to_the_limit(cloud: Cloud) -> None:
    cloud.publish(*(cloud.rig.event("teste") for _ in range(3)))
    received = cloud.queues().receive(["c", "a", "b"], limit=5)
    assert [message.queue for message in received] == ["a", "a", "a", "b", "b"]


def test_an_acknowledgement_of_many_goes_in_tens(cloud: Cloud) -> None:
    cloud.publish(*(cloud.rig.event("teste") for _ in range(12)))
    queues = cloud.queues()
    received = queues.receive(["a", "b"], limit=20)
    assert queues.ack(received) == 20
    assert cloud.count("a") + cloud.count("b") == 4


def test_an_extended_message_stays_hidden_and_a_released_one_comes_back(cloud: Cloud) -> None:
    first, second = cloud.rig.event(), cloud.rig.event("teste")
    cloud.publish(first, second)
    queues, other = cloud.queues(), cloud.queues()
    (message,) = queues.receive(["c", "b"], limit=1)
    assert queues.release(message, timedelta(seconds=0.5)) is True
    assert queues.extend(message, timedelta(seconds=20)) is True
    (next_one,) = other.receive(["b", "c"])
    assert next_one.event_id == second.id
    time.sleep(1.1)
    assert other.ack_and_receive([next_one], ["c", "b"]) == []
    assert cloud.count("b") == 0
    assert queues.release(message, NOW) is True
    assert [again.event_id for again in other.receive(["c", "b"])] == [first.id]


def test_a_self_hosted_worker_polls_until_it_is_stopped(cloud: Cloud) -> None:
    events = [cloud.rig.event(ordering_key=f"lead-{n % 2}") for n in range(6)]
    failed = [1]

    def once(*_: object) -> None:
        if failed:
            failed.pop()
            raise Transient("busy line")

    stop = threading.Event()
    worker = cloud.rig.worker(Toy(action=once), Toy("a"), reader=cloud.queues())
    thread = threading.Thread(target=poll_forever, args=(worker, stop), kwargs={"pause": 0.1})
    thread.start()
    cloud.publish(*events)
    deadline = time.monotonic() + 20
    while len(cloud.rig.effects()) < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert sorted(row.event_id for row in cloud.rig.effects()) == sorted(e.id for e in events)
    assert (cloud.count(), cloud.dead_letters()) == (0, [])


def test_a_poll_outlives_sqs_and_the_database(
    cloud: Cloud, fresh_database: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = sqs_client("http://127.0.0.1:9")
    line = Line(nobody)
    client: Any = line
    queues = SqsQueues(client, cloud.declared, cloud.rig.topology, cloud.rig.database.scope)
    stop = threading.Event()
    cuts = [1]

    def cut(*_: object) -> None:
        if cuts:
            cuts.pop()
            cut_connections(fresh_database)

    worker = cloud.rig.worker(Toy(action=cut), reader=queues)
    thread = threading.Thread(target=poll_forever, args=(worker, stop), kwargs={"pause": 0.05})
    thread.start()
    deadline = time.monotonic() + 10
    while "SQS unreachable" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.05)
    line.client = cloud.sqs
    cloud.publish(cloud.rig.event(ordering_key="lead-1"))
    while not cloud.rig.effects() and time.monotonic() < deadline + 20:
        time.sleep(0.1)
    stop.set()
    cloud.publish(cloud.rig.event())
    thread.join(15)
    nobody.close()
    assert len(cloud.rig.effects()) >= 1
    assert "SQS unreachable" in caplog.text
    assert "database unreachable" in caplog.text
