"""SQS as a source of messages: what the worker asks of a queue, said to SQS.

Standard queues. A message is an EventBridge envelope that names an event's row. SQS counts receives
and moves a message to the dead-letter queue after three; the inbox counts attempts. Where a receive
was no attempt (a busy key, a database that went away, a worker that died on a neighbour), the
message is replaced by a copy, whose count starts anew.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from fibonacci_bus.aws.declaration import BusDeclaration, QueueDeclaration
from fibonacci_bus.aws.entry import Unreadable, address_of
from fibonacci_bus.errors import ErrorClass, described
from fibonacci_bus.queues import Depth, Message
from fibonacci_bus.topology import Topology
from fibonacci_bus.tried import Tried, tried
from fibonacci_bus.worker import Scope

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef

logger = logging.getLogger(__name__)
COPIES = "copies"
"""The attribute that counts how often a message was replaced by a copy."""
SPARED_COPIES = 30
"""A message received thrice and never tried is copied while it has fewer copies than this."""
_COPY_DELAY_LIMIT = 30
_PAUSE_SECONDS = 900
"""As long as SQS delays a message ("DelaySeconds")."""
_VISIBILITY_LIMIT = 12 * 3600
_BATCH = 10
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_STALE = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight")
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Held:
    """What SQS wants to hear of a message that we hold."""

    queue: QueueDeclaration
    body: str
    handle: str
    copies: int


class SqsQueues:
    """One worker's view of the queues; it belongs to one thread, as the worker does.

    ``urls`` maps SQS queue names to addresses; a name that is missing is looked up once.
    """

    def __init__(
        self,
        client: SQSClient,
        declaration: BusDeclaration,
        topology: Topology,
        scope: Scope,
        *,
        urls: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._declaration = declaration
        self._topology = topology
        self._scope = scope
        self._urls = dict(urls or {})
        self._held: dict[UUID, _Held] = {}

    @property
    def topology(self) -> Topology:
        """The queues' settings."""
        return self._topology

    def receive(self, queues: Sequence[str], limit: int = 10) -> list[Message]:
        """Take up to ``limit`` messages, at most ten of each queue.

        A single queue is waited for by long polling (ten seconds); of several each is asked once.
        """
        self.forget()
        received: list[Message] = []
        for queue in (self._declaration.queue(name) for name in queues):
            wanted = min(_BATCH, limit - len(received))
            if wanted <= 0:
                break
            answer = self._client.receive_message(
                QueueUrl=self._url(queue.name),
                MaxNumberOfMessages=wanted,
                WaitTimeSeconds=queue.wait_seconds if len(queues) == 1 else 0,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                MessageAttributeNames=[COPIES],
            )
            for item in answer.get("Messages", []):
                message = self._take(
                    queue,
                    item["MessageId"],
                    _Held(queue, item["Body"], item["ReceiptHandle"], _copies(item, "StringValue")),
                    int(item["Attributes"]["ApproximateReceiveCount"]),
                )
                if message is not None and not self.spare(message):
                    received.append(message)
        return received

    @property
    def keeps_order(self) -> bool:
        """Standard queues do not: leases keep an ordering key's events apart."""
        return False

    def depth(self) -> dict[str, Depth]:
        """How full each queue is, by name, as SQS estimates it; it does not tell an age."""
        return {queue.queue: self._depth(queue) for queue in self._declaration.queues}

    def _depth(self, queue: QueueDeclaration) -> Depth:
        told = self._client.get_queue_attributes(
            QueueUrl=self._url(queue.name), AttributeNames=list(_COUNTS)
        )["Attributes"]
        waiting, in_flight, delayed = (int(told[name]) for name in _COUNTS)
        return Depth(waiting, in_flight, delayed, 0.0)

    def adopt(self, record: Mapping[str, Any]) -> Message | None:
        """Take a record that Lambda received.

        None where it is done with: unreadable and now a dead letter, or replayed for other queues.

        Raises:
            KeyError: the record is of a queue that the declaration does not know.
        """
        queue = self._declaration.queue_of_arn(record["eventSourceARN"])
        attributes = {"MessageAttributes": record.get("messageAttributes", {})}
        return self._take(
            queue,
            record["messageId"],
            _Held(
                queue, record["body"], record["receiptHandle"], _copies(attributes, "stringValue")
            ),
            int(record["attributes"]["ApproximateReceiveCount"]),
        )

    def forget(self) -> None:
        """Drop what is still held: it comes again after its visibility time-out."""
        self._held.clear()

    def holds(self, message: Message) -> bool:
        """Whether the message is still on its queue, as far as we have to do with it."""
        return message.receipt in self._held

    def spare(self, message: Message) -> bool:
        """Replace by a copy what was received thrice and tried less: others died, not it.

        True where it was replaced. A worker that dies takes its whole batch along, and SQS counts
        a receive against each; the next would make a dead letter of a message never tried.
        """
        held = self._held[message.receipt]
        if message.receives < held.queue.max_receives or held.copies >= SPARED_COPIES:
            return False
        try:
            attempts = self._tried(message).attempts
        except Exception as error:
            # The claim meets the same error next and decides what becomes of the message.
            logger.warning("attempts unknown: %s", described(error), exc_info=True)
            return False
        return attempts < message.receives - 1 and self.give_back(message)

    def ack(self, messages: Sequence[Message]) -> int:
        """Remove handled messages; answers how many SQS removed."""
        removed = 0
        by_queue: dict[str, list[UUID]] = {}
        for message in messages:
            if message.receipt in self._held:
                name = self._held[message.receipt].queue.name
                by_queue.setdefault(name, []).append(message.receipt)
        for name, receipts in by_queue.items():
            for start in range(0, len(receipts), _BATCH):
                removed += self._delete_batch(name, receipts[start : start + _BATCH])
        return removed

    def ack_and_receive(
        self, handled: Sequence[Message], queues: Sequence[str], limit: int = 10
    ) -> list[Message]:
        """Remove handled messages, then take the next ones: two calls, SQS has no other way."""
        self.ack(handled)
        return self.receive(queues, limit)

    def extend(self, message: Message, visibility: timedelta) -> bool:
        """Keep a message invisible longer, from now on (whole seconds, rounded up)."""
        return self.release(message, visibility)

    def release(self, message: Message, delay: timedelta) -> bool:
        """Make a message visible again after ``delay`` (whole seconds, rounded up)."""
        held = self._held.get(message.receipt)
        if held is None:
            return False
        seconds = min(_VISIBILITY_LIMIT, ceil(delay.total_seconds()))
        return self._unless_stale(
            lambda: self._client.change_message_visibility(
                QueueUrl=self._url(held.queue.name),
                ReceiptHandle=held.handle,
                VisibilityTimeout=seconds,
            )
        )

    def give_back(self, message: Message) -> bool:
        """Replace a message by a copy: SQS cannot take a receive back."""
        return self.resend_delayed(message, timedelta(0))

    def resend_delayed(self, message: Message, delay: timedelta) -> bool:
        """Replace a message by a delayed copy: no receive is burnt.

        The more often it was copied, the longer it waits: one second, doubled, at most thirty.
        The copy is sent first; a crash between the two leaves both, and the inbox makes them one.
        """
        held = self._held.get(message.receipt)
        if held is None:
            return False
        waited = min(_COPY_DELAY_LIMIT, 2 ** min(held.copies, 5))
        seconds = max(waited, min(_PAUSE_SECONDS, ceil(delay.total_seconds())))
        self._copy(held, seconds, held.copies + 1)
        return self._remove(message)

    def pause(self, message: Message) -> bool:
        """Replace a message by a copy that comes again after 15 minutes, and so on.

        Each copy is a new message to SQS, so none of them gets old; nor does it count as spared.
        """
        held = self._held.get(message.receipt)
        if held is None:
            return False
        self._copy(held, _PAUSE_SECONDS, held.copies)
        return self._remove(message)

    def dead_letter(self, message: Message, error_class: ErrorClass, error: str) -> bool:
        """Send a message to the dead-letter queue with its error, and remove it.

        Attributes: ``error_class``, ``error``, ``queue``, ``receives``. A crash between the two
        steps leaves the message on its queue: it may die twice, it is never lost.
        """
        held = self._held.get(message.receipt)
        if held is None:
            return False
        self._bury(held, message.receives, error_class, error)
        return self._remove(message)

    def dead_letter_exhausted(self, message: Message) -> bool:
        """Send a message whose attempts are spent to the dead letters, with its last error."""
        return self.dead_letter(message, *self._tried(message).epitaph)

    def _take(
        self, queue: QueueDeclaration, message_id: str, held: _Held, receives: int
    ) -> Message | None:
        try:
            address = address_of(held.body)
        except Unreadable as error:
            logger.error("unreadable message", extra={"queue": queue.name, "error": str(error)})
            self._bury(held, receives, ErrorClass.PERMANENT, described(error))
            self._unless_stale(lambda: self._delete(held))
            return None
        if address.queues is not None and queue.queue not in address.queues:
            self._unless_stale(lambda: self._delete(held))
            return None
        receipt = uuid4()
        self._held[receipt] = held
        return Message(
            tenant_id=address.tenant_id,
            id=UUID(message_id).int,
            queue=queue.queue,
            event_id=address.event_id,
            ordering_key=address.ordering_key,
            receives=receives,
            receipt=receipt,
        )

    def _tried(self, message: Message) -> Tried:
        with self._scope(message.tenant_id) as connection:
            return tried(connection, message.tenant_id, message.event_id, message.queue)

    def _copy(self, held: _Held, seconds: int, copies: int) -> None:
        self._client.send_message(
            QueueUrl=self._url(held.queue.name),
            MessageBody=held.body,
            DelaySeconds=seconds,
            MessageAttributes={COPIES: _number(copies)},
        )

    def _bury(self, held: _Held, receives: int, error_class: ErrorClass, error: str) -> None:
        self._client.send_message(
            QueueUrl=self._url(held.queue.dead_letter_name),
            MessageBody=held.body,
            MessageAttributes={
                "error_class": _text(error_class.value),
                "error": _text(error),
                "queue": _text(held.queue.queue),
                "receives": _number(receives),
            },
        )

    def _remove(self, message: Message) -> bool:
        held = self._held.pop(message.receipt)
        return self._unless_stale(lambda: self._delete(held))

    def _delete(self, held: _Held) -> None:
        self._client.delete_message(QueueUrl=self._url(held.queue.name), ReceiptHandle=held.handle)

    def _delete_batch(self, name: str, receipts: Sequence[UUID]) -> int:
        answer = self._client.delete_message_batch(
            QueueUrl=self._url(name),
            Entries=[
                {"Id": str(number), "ReceiptHandle": self._held.pop(receipt).handle}
                for number, receipt in enumerate(receipts)
            ],
        )
        for failure in answer.get("Failed", []):
            logger.warning("not removed: %s", failure.get("Code"), extra={"queue": name})
        return len(answer.get("Successful", []))

    def _unless_stale(self, call: Callable[[], object]) -> bool:
        from botocore.exceptions import ClientError

        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"].rpartition(".")[2] not in _STALE:
                raise
            return False
        return True

    def _url(self, name: str) -> str:
        if name not in self._urls:
            self._urls[name] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        return self._urls[name]


def _copies(item: Mapping[str, Any], key: str) -> int:
    """The count of copies; a stranger's attribute that is no number counts as none."""
    value = item.get("MessageAttributes", {}).get(COPIES, {}).get(key, "0")
    return int(value) if value.isascii() and value.isdigit() else 0


def _number(value: int) -> MessageAttributeValueTypeDef:
    return {"DataType": "Number", "StringValue": str(value)}


def _text(value: str) -> MessageAttributeValueTypeDef:
    """SQS takes the characters of XML 1.0 and no empty text."""
    return {"DataType": "String", "StringValue": _FORBIDDEN.sub(" ", value) or " "}
