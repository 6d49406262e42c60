"""A self-hosted worker on SQS: long polls one queue, in a thread of its own."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import DBAPIError

from fibonacci_bus.driver import unreachable, why
from fibonacci_bus.worker import Worker

logger = logging.getLogger(__name__)
BATCH = 5
"""Messages of one receive: a queue hides them for six times its consumer's deadline."""
_PAUSE_SECONDS = 1.0


def poll_forever(
    worker: Worker,
    stop: threading.Event,
    *,
    batch: int = BATCH,
    pause: float = _PAUSE_SECONDS,
) -> None:
    """Handle messages until ``stop``; ``worker`` works on ``SqsQueues`` and has one consumer.

    Long polling waits on SQS, so ``stop`` is seen after ten seconds at the latest. With several
    consumers their queues are asked in turn, with ``pause`` seconds between empty rounds. AWS or a
    database that cannot be reached is waited for.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    while not stop.is_set():
        try:
            received = worker.run_once(batch)
        except DBAPIError as error:
            if not unreachable(error):
                raise
            logger.warning("database unreachable: %s", why(error))
            stop.wait(pause)
        except (BotoCoreError, ClientError) as error:
            logger.warning("SQS unreachable: %s", error)
            stop.wait(pause)
        else:
            if received == 0 and len(worker.queues) > 1:
                stop.wait(pause)
