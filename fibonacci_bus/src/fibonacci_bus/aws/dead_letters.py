"""SQS's dead letters, brought to where those of the PostgreSQL home are.

SQS can neither be asked for one tenant's messages nor keep one apart, so what died there becomes a
row of ``dead_letters``: listed, sent again and purged as in the other home. A dead-letter queue is
a landing place; what stays on it is no event of this bus.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, text

from fibonacci_bus.aws.declaration import BusDeclaration, QueueDeclaration
from fibonacci_bus.aws.entry import Address, Unreadable, address_of, body_of
from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.errors import ErrorClass
from fibonacci_bus.publisher import take_dead_letter
from fibonacci_bus.tried import tried

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)
ATTRIBUTES: tuple[str, ...] = ("error_class", "error", "receives")
REDRIVE_DELAY_SECONDS = 5
"""A message sent before its transaction commits is not handed out before that is over."""
_LETTERS = UUID("6f6b7f5e-3c0d-4b51-9d3f-5f0c3a6f7a10")
_HIDDEN_SECONDS = 60
_STRANGER_SECONDS = 11 * 3600
"""SQS hides a message twelve hours in all, counted from its receive."""
_BATCH = 10
_LIMIT = 1000
_BURY = text(
    f"""
    INSERT INTO {SCHEMA}.dead_letters
        (id, tenant_id, queue, event_id, ordering_key, error_class, error_text, receives)
    VALUES (:id, :tenant, :queue, :event, :ordering_key, :error_class, :error_text, :receives)
    ON CONFLICT DO NOTHING
    """
)


class DeadLetters:
    """The dead-letter queues of a declaration; threads may share one."""

    def __init__(self, client: SQSClient, declaration: BusDeclaration) -> None:
        self._client = client
        self._declaration = declaration
        self._urls: dict[str, str] = {}

    def collect(self, relay: Engine, *, limit: int = _LIMIT) -> int:
        """Move what died into the table, at most ``limit`` of each queue; answers how many.

        The row is committed first and has the message's id: a crash between the two finds the
        message again and the row there. What cannot be read belongs to no tenant; it is logged
        and stays on its queue, hidden for eleven hours at a time, until SQS's retention ends.
        """
        return sum(self._collect(relay, queue, limit) for queue in self._declaration.queues)

    def redrive(self, connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> bool:
        """Send a dead letter to its queue with fresh attempts; False where there is none left.

        It is sent inside the caller's transaction, five seconds ahead of being handed out: where
        that transaction fails the event is handled and the letter stays, never the other way round.

        Raises:
            KeyError: the declaration no longer has its queue; roll back.
        """
        taken = take_dead_letter(connection, tenant_id, dead_letter_id)
        if taken is None:
            return False
        name = self._declaration.queue(taken.queue).name
        self._client.send_message(
            QueueUrl=self._url(name),
            MessageBody=body_of(Address(tenant_id, taken.event_id, taken.ordering_key)),
            DelaySeconds=REDRIVE_DELAY_SECONDS,
        )
        return True

    def _collect(self, relay: Engine, queue: QueueDeclaration, limit: int) -> int:
        url, found = self._url(queue.dead_letter_name), 0
        while found < limit:
            messages = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=0,
                VisibilityTimeout=_HIDDEN_SECONDS,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                MessageAttributeNames=list(ATTRIBUTES),
            ).get("Messages", [])
            if not messages:
                return found
            rows, done = self._read(url, queue, messages)
            with relay.begin() as connection:
                for row in rows:
                    connection.execute(_BURY, _told(connection, row))
            for handle in done:
                self._client.delete_message(QueueUrl=url, ReceiptHandle=handle)
            found += len(done)
        return found

    def _read(
        self, url: str, queue: QueueDeclaration, messages: Sequence[Any]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        rows: list[dict[str, Any]] = []
        done: list[str] = []
        for item in messages:
            try:
                address = address_of(item["Body"])
            except Unreadable as error:
                logger.error("unreadable dead letter", extra={"queue": queue.name, "error": error})
                self._client.change_message_visibility(
                    QueueUrl=url,
                    ReceiptHandle=item["ReceiptHandle"],
                    VisibilityTimeout=_STRANGER_SECONDS,
                )
                continue
            rows.append(_row(queue, address, item))
            done.append(item["ReceiptHandle"])
        return rows, done

    def _url(self, name: str) -> str:
        if name not in self._urls:
            self._urls[name] = self._client.get_queue_url(QueueName=name)["QueueUrl"]
        return self._urls[name]


def _row(queue: QueueDeclaration, address: Address, item: Mapping[str, Any]) -> dict[str, Any]:
    """What the message says of itself; SQS's own redrive policy adds no attribute."""
    said = item.get("MessageAttributes", {})
    told = {name: str(said.get(name, {}).get("StringValue", "")) for name in ATTRIBUTES}
    receives = told["receives"]
    known = told["error_class"] in list(ErrorClass)
    return {
        "id": uuid5(_LETTERS, item["MessageId"]),
        "tenant": address.tenant_id,
        "queue": queue.queue,
        "event": address.event_id,
        "ordering_key": address.ordering_key,
        "error_class": told["error_class"] if known else None,
        "error_text": told["error"].replace("\x00", ""),
        "receives": int(receives) if receives.isascii() and receives.isdigit() else None,
    }


def _told(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """Where the message says nothing, the last error that the inbox knows."""
    if row["error_class"] is not None and row["receives"] is not None:
        return row
    known = tried(connection, row["tenant"], row["event"], row["queue"])
    error_class, error = known.epitaph
    return {
        **row,
        "error_class": error_class.value,
        "error_text": error,
        "receives": row["receives"] or known.attempts,
    }
