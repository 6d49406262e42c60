"""EventBridge and SQS over HTTP by moto's server, and a pump that feeds Lambda as AWS does.

moto is never proof of what it fakes. It checks no permission, size or rate, never fails an entry,
and delivers to SQS within the PutEvents call. What it does here: match rules, count receives,
hide messages, and move them to the dead-letter queue.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.config import Config

from fibonacci_bus.aws import BusDeclaration, EventBridgePublisher, SqsQueues, lambda_handler
from fibonacci_bus.event import MAX_BYTES
from fibonacci_bus.worker import Consumer, Scope
from tests.integration.bus.rig import Rig

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

REGION = "us-east-1"
SESSION = boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
QUICK = Config(connect_timeout=2, read_timeout=30, retries={"max_attempts": 1, "mode": "standard"})


def events_client(endpoint: str) -> EventBridgeClient:
    """EventBridge at an address."""
    return SESSION.client("events", endpoint_url=endpoint, config=QUICK)


def sqs_client(endpoint: str) -> SQSClient:
    """SQS at an address."""
    return SESSION.client("sqs", endpoint_url=endpoint, config=QUICK)


def provision(events: EventBridgeClient, sqs: SQSClient, declared: BusDeclaration) -> None:
    """Make everything that the declaration names, and nothing else."""
    events.create_event_bus(Name=declared.bus_name)
    arns: dict[str, str] = {}
    for queue in declared.queues:
        dead = sqs.create_queue(
            QueueName=queue.dead_letter_name,
            Attributes={"MessageRetentionPeriod": str(queue.dead_letter_retention_seconds)},
        )
        redrive = {
            "deadLetterTargetArn": arn_of(sqs, dead["QueueUrl"]),
            "maxReceiveCount": queue.max_receives,
        }
        made = sqs.create_queue(
            QueueName=queue.name,
            Attributes={
                "VisibilityTimeout": str(queue.visibility_seconds),
                "ReceiveMessageWaitTimeSeconds": str(queue.wait_seconds),
                "MessageRetentionPeriod": str(queue.retention_seconds),
                "RedrivePolicy": json.dumps(redrive),
            },
        )
        arns[queue.name] = arn_of(sqs, made["QueueUrl"])
    for rule in declared.rules:
        events.put_rule(
            Name=rule.name, EventBusName=declared.bus_name, EventPattern=json.dumps(rule.pattern)
        )
        events.put_targets(
            Rule=rule.name,
            EventBusName=declared.bus_name,
            Targets=[{"Id": "queue", "Arn": arns[rule.queue_name]}],
        )


def arn_of(sqs: SQSClient, url: str) -> str:
    """A queue's ARN."""
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]


class Invocation:
    """Lambda's context, as far as a handler looks at it."""

    def __init__(self, remaining: Callable[[], int]) -> None:
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        return self._remaining()


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass
class Pump:
    """What AWS does between SQS and a function: receive a batch, invoke, remove what succeeded.

    Failed records stay hidden until their time-out, or until what the handler set; a handler that
    dies leaves the whole batch. ``counts`` are the receive counts of the last batch.
    """

    sqs: SQSClient
    handler: Handler
    remaining: Callable[[], int] = lambda: 60_000
    counts: list[int] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)

    def invoke(self, url: str, *, keep: bool = False) -> list[str] | None:
        """One batch; answers the failed message ids, None where there was nothing.

        ``keep`` removes nothing, as where the function's answer got lost.
        """
        messages = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return None
        arn = arn_of(self.sqs, url)
        self.counts = [int(m["Attributes"]["ApproximateReceiveCount"]) for m in messages]
        self.handles = [message["ReceiptHandle"] for message in messages]
        event = {"Records": [record_of(message, arn) for message in messages]}
        answer = self.handler(json.loads(json.dumps(event)), Invocation(self.remaining))
        failed = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
        for message in messages:
            if message["MessageId"] not in failed and not keep:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return failed

    def expire(self, url: str) -> None:
        """As if the visibility time-out of the last batch had passed."""
        for handle in self.handles:
            try:
                self.sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
                )
            except self.sqs.exceptions.ClientError as error:
                if "MessageNotInflight" not in str(error) and "ReceiptHandle" not in str(error):
                    raise


def record_of(message: MessageTypeDef, arn: str) -> dict[str, Any]:
    """A message as Lambda hands it to a function."""
    attributes = {
        name: {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


class Inspector:
    """Stands before EventBridge, checks what AWS would refuse, and fails entries as told.

    ``script`` answers an error code for an entry (by call number and entry), or None.
    """

    def __init__(
        self,
        client: EventBridgeClient,
        script: Callable[[int, Mapping[str, Any]], str | None] = lambda call, entry: None,
    ) -> None:
        self._client = client
        self._script = script
        self.calls: list[list[str]] = []

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:
        """PutEvents with AWS's limits."""
        assert 1 <= len(Entries) <= 10
        total = 0
        for entry in Entries:
            assert set(entry) == {"EventBusName", "Source", "DetailType", "Detail", "Time"}
            assert isinstance(json.loads(entry["Detail"]), dict)
            assert entry["Time"].tzinfo is not None
            size = 14 + sum(len(entry[k].encode()) for k in ("Source", "DetailType", "Detail"))
            assert size <= MAX_BYTES
            total += size
        assert total <= MAX_BYTES
        self.calls.append([entry["DetailType"] for entry in Entries])
        results: list[dict[str, Any]] = []
        for entry in Entries:
            code = self._script(len(self.calls), entry)
            if code is None:
                answer = self._client.put_events(Entries=[entry])
                results.append(dict(answer["Entries"][0]))
            else:
                results.append({"ErrorCode": code, "ErrorMessage": "as told"})
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}


@dataclass
class Cloud:
    """A provisioned bus and the rig whose database keeps its events."""

    rig: Rig
    events: EventBridgeClient
    sqs: SQSClient
    declared: BusDeclaration

    def publisher(
        self, client: Any = None, *, scope: Scope | None = None, **more: Any
    ) -> EventBridgePublisher:
        """A publisher that does not sleep."""
        settings: dict[str, Any] = {"sleep": lambda seconds: None, **more}
        return EventBridgePublisher(
            client or self.events,
            self.rig.topology,
            scope or self.rig.database.scope,
            bus_name=self.declared.bus_name,
            **settings,
        )

    def queues(self) -> SqsQueues:
        """A worker's view of the queues."""
        return SqsQueues(self.sqs, self.declared, self.rig.topology, self.rig.database.scope)

    def pump(self, *consumers: Consumer, **more: Any) -> Pump:
        """A pump that feeds a fresh function."""
        queues = self.queues()
        worker = self.rig.worker(*consumers, reader=queues)
        return Pump(self.sqs, lambda_handler(queues, worker), **more)

    def publish(self, *events: Any) -> None:
        """Publish and push, as a process that lives on does."""
        publisher = self.publisher()
        with publisher.pushing()(self.rig.tenant_id) as connection:
            publisher.publish(connection, events)

    def url(self, queue: str = "c") -> str:
        """A queue's address."""
        return self.sqs.get_queue_url(QueueName=self.declared.queue(queue).name)["QueueUrl"]

    def dead_url(self, queue: str = "c") -> str:
        """A dead-letter queue's address."""
        name = self.declared.queue(queue).dead_letter_name
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def dead_letters(self, queue: str = "c") -> list[dict[str, str]]:
        """Receive what died: attributes, and the id of the event."""
        found = self.sqs.receive_message(
            QueueUrl=self.dead_url(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return [
            {"body": item["Body"]}
            | {
                name: value["StringValue"]
                for name, value in item.get("MessageAttributes", {}).items()
            }
            for item in found
        ]

    def count(self, queue: str = "c") -> int:
        """How many messages a queue has: visible, hidden and delayed."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=["All"])[
            "Attributes"
        ]
        return (
            int(found["ApproximateNumberOfMessages"])
            + int(found["ApproximateNumberOfMessagesNotVisible"])
            + int(found["ApproximateNumberOfMessagesDelayed"])
        )

    def statuses(self) -> list[str]:
        """The statuses of the stored events, in order of publishing."""
        rows = self.rig.rows("SELECT status FROM fibonacci_core.events ORDER BY published_at, id")
        return [row.status for row in rows]


def unique_bus() -> tuple[str, str]:
    """A bus name and a queue prefix that no other test has."""
    tag = uuid4().hex[:8]
    return f"bus-{tag}", f"f-{tag}-"
