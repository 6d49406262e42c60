"""The Lambda handler of SQS batches: the worker's claim, run and commit for each record.

Failed records are named in ``batchItemFailures`` (``ReportBatchItemFailures`` must be set on the
event source mapping), so that the others of the batch are removed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from fibonacci_bus.aws.sqs import SqsQueues
from fibonacci_bus.driver import unreachable, why
from fibonacci_bus.queues import Message
from fibonacci_bus.worker import Worker

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = logging.getLogger(__name__)
_UNREACHABLE_DELAY = timedelta(seconds=5)
_SLOWEST_FACTOR = 4
_RESERVE_SECONDS = 1.0

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class NotSettled(Exception):
    """The record stays on its queue: it was released with a backoff, or its claim was lost."""


class _Clock:
    """Says whether one more record fits into what is left of the invocation."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._slowest: float | None = None

    def fits(self) -> bool:
        """The first record always; another where four times the slowest run so far is left."""
        if self._slowest is None:
            return True
        left = self._context.get_remaining_time_in_millis() / 1000
        return bool(left >= self._slowest * _SLOWEST_FACTOR + _RESERVE_SECONDS)

    def note(self, seconds: float) -> None:
        """Remember how long a record took."""
        self._slowest = max(self._slowest or 0.0, seconds)


def lambda_handler(queues: SqsQueues, worker: Worker) -> LambdaHandler:
    """A handler for a function that SQS queues feed. ``worker`` works on ``queues``.

    A record that does not fit into the invocation's time any more, and one whose database cannot
    be reached, is replaced by a delayed copy and acknowledged: neither burns a receive.
    """
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        process_partial_response,
    )

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        queues.forget()
        adopted = _adopt(queues, event["Records"])
        clock = _Clock(context)

        def of_record(record: SQSRecord) -> None:
            if record.message_id not in adopted:
                raise NotSettled(record.message_id)
            message = adopted[record.message_id]
            if message is not None:
                _handle(queues, worker, message, clock)

        return dict(
            process_partial_response(
                event=event, record_handler=of_record, processor=processor, context=context
            )
        )

    return handle


def _adopt(queues: SqsQueues, records: list[dict[str, Any]]) -> dict[str, Message | None]:
    """Messages by record id; None is done with. All before the first runs, which may kill us."""
    adopted: dict[str, Message | None] = {}
    for record in records:
        try:
            message = queues.adopt(record)
        except KeyError as error:
            logger.error("record of an unknown queue: %s", error)
            continue
        kept = message is not None and not queues.spare(message)
        adopted[record["messageId"]] = message if kept else None
    return adopted


def _handle(queues: SqsQueues, worker: Worker, message: Message, clock: _Clock) -> None:
    if not clock.fits():
        queues.give_back(message)
        return
    started = monotonic()
    try:
        settled = worker.handle(message)
    except DBAPIError as error:
        if not unreachable(error):
            raise
        logger.warning("database unreachable: %s", why(error))
        queues.resend_delayed(message, _UNREACHABLE_DELAY)
        return
    finally:
        clock.note(monotonic() - started)
    if not settled and queues.holds(message):
        raise NotSettled(str(message.event_id))
