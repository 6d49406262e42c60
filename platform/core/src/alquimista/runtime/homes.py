"""Where the bus lives: PostgreSQL alone, or EventBridge and SQS with events kept in PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine

from alquimista_sdk.errors import TransientError
from fibonacci_bus.aws import (
    DeadLetters,
    EventBridgePublisher,
    SqsQueues,
    declare,
    poll_forever,
)
from fibonacci_bus.pausing import resume
from fibonacci_bus.publisher import publish, redrive
from fibonacci_bus.queues import Listener, QueueReader

if TYPE_CHECKING:
    import threading
    from uuid import UUID

    from alquimista.db.session import Database
    from alquimista.settings import Aws
    from fibonacci_bus.event import Event
    from fibonacci_bus.pausing import Resumable
    from fibonacci_bus.ports import MessageSource
    from fibonacci_bus.replay import Push
    from fibonacci_bus.topology import Topology
    from fibonacci_bus.worker import Worker


logger = logging.getLogger(__name__)


class FilaIndisponivel(TransientError):
    """The service that keeps the queues did not answer. Ask again."""

    code = "fila_indisponivel"
    http_status = HTTPStatus.SERVICE_UNAVAILABLE


class Home(Protocol):
    """A home of the bus."""

    @property
    def push(self) -> Push | None:
        """How a replay's copies get on the queues; None: with their transaction."""

    def publish(self, connection: Connection, events: Sequence[Event], delay: timedelta) -> object:
        """Publish in the caller's transaction."""

    def redrive(self, connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> bool:
        """Put a dead letter back on its queue; False where there is none left.

        Raises:
            FilaIndisponivel: the queue cannot be reached; roll back.
        """

    def source(self) -> MessageSource:
        """Messages for one worker in one thread."""

    def sweep(self) -> int:
        """Push what a crash left unpushed, and bring in what died; answers how many events."""

    def resume(self, resumable: Resumable) -> int:
        """Hand out again what was paused of tenants that may go on; answers how many messages."""

    def listen(self, stop: threading.Event, worker: Worker) -> None:
        """Let a worker on this home's source handle messages until ``stop``."""

    def close(self) -> None:
        """Give connections back."""


class PostgresHome:
    """Queues are tables beside the events."""

    push: Push | None = None

    def __init__(self, database: Database, topology: Topology, relay_dsn: str) -> None:
        self._database = database
        self._topology = topology
        self._listener = Listener(relay_dsn)
        self._reader = QueueReader(database.relay_engine, topology)

    def publish(self, connection: Connection, events: Sequence[Event], delay: timedelta) -> None:
        """Events and messages in one transaction."""
        publish(connection, events, self._topology, delay=delay)

    def redrive(self, connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> bool:
        """In the caller's transaction."""
        return redrive(connection, tenant_id, dead_letter_id)

    def source(self) -> QueueReader:
        """The reader of all queues; any thread may use it."""
        return self._reader

    def sweep(self) -> int:
        """Nothing is ever left."""
        return 0

    def resume(self, resumable: Resumable) -> int:
        """Show the paused messages of each partition that may go on."""
        return resume(self._database.relay_engine, resumable)

    def listen(self, stop: threading.Event, worker: Worker) -> None:
        """Woken by the commits of publishers; threads share the listener."""
        worker.run_forever(stop, self._listener)

    def close(self) -> None:
        """The listener's connection; the others are the database's."""
        self._listener.close()


class AwsHome:
    """EventBridge's rules and SQS's queues; every transaction pushes after its commit."""

    def __init__(self, database: Database, topology: Topology, aws: Aws) -> None:
        import boto3

        self._database = database
        self._topology = topology
        self._declared = declare(topology, bus_name=aws.bus_name, prefix=aws.queue_prefix)
        self._events: Any = boto3.client("events")
        self._sqs: Any = boto3.client("sqs")
        self._dead = DeadLetters(self._sqs, self._declared)
        self._publisher = EventBridgePublisher(
            self._events, topology, database.scope, bus_name=aws.bus_name
        )
        database.begin = self._publisher.pushing(database.begin)

    @property
    def push(self) -> Push:
        """By PutEvents, after their commit."""
        return self._publisher.push_copies

    def publish(self, connection: Connection, events: Sequence[Event], delay: timedelta) -> object:
        """Store as pending; the unit of work pushes.

        Raises:
            ValueError: with a delay, which EventBridge has not.
        """
        if delay:
            raise ValueError("EventBridge delays no event: use a timer")
        return self._publisher.publish(connection, events)

    def redrive(self, connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> bool:
        """Sent before the commit, and handed out some seconds after it.

        Raises:
            FilaIndisponivel: SQS cannot be reached, or the queue is no more; roll back.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._dead.redrive(connection, tenant_id, dead_letter_id)
        except (BotoCoreError, ClientError, KeyError) as error:
            raise FilaIndisponivel(
                "A fila não pôde ser alcançada. Tente de novo em alguns minutos."
            ) from error

    def source(self) -> SqsQueues:
        """A view of the queues for one thread."""
        return SqsQueues(self._sqs, self._declared, self._topology, self._database.scope)

    def sweep(self) -> int:
        """Push what is still pending half a minute after its commit; collect what died."""
        relay = self._database.relay_engine
        return self._publisher.sweep(relay) + self._collect(relay)

    def _collect(self, relay: Engine) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._dead.collect(relay)
        except (BotoCoreError, ClientError) as error:
            logger.warning("dead letters not collected: %s", error)
            return 0

    def resume(self, resumable: Resumable) -> int:
        """Nothing to do: a paused message comes again by itself every 15 minutes."""
        return 0

    def listen(self, stop: threading.Event, worker: Worker) -> None:
        """Asks the queues in turn."""
        poll_forever(worker, stop)

    def close(self) -> None:
        """Close the clients' connections."""
        self._events.close()
        self._sqs.close()
