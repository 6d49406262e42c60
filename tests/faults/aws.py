"""The same storm in the AWS home: the relay is the sweep, and it is killed too.

EventBridge and SQS are moto's server, over HTTP, which stays up. There is no promise of order.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alquimista.bootstrap import classify
from alquimista.db.session import Database
from fibonacci_bus import Event, Queue, Rule, Topology, Worker
from fibonacci_bus.aws import EventBridgePublisher, SqsQueues, declare, poll_forever
from fibonacci_bus.worker import Commit
from tests.faults import outside
from tests.faults.count import Count, count
from tests.faults.place import MARGIN, ORDERS, ORDERS_DEADLINE, Place, running, socket_of
from tests.faults.publishing import Publishing
from tests.faults.roles import Role, record
from tests.faults.storm import Result, Say, handled, mixed, strike
from tests.faults.troop import Troop
from tests.integration.bus.aws.cloud import events_client, provision, sqs_client

logger = logging.getLogger(__name__)
KILLS = (
    ("relay", 4),
    ("publisher", 2),
    ("worker", 2),
    ("postgres: postmaster", 1),
    ("postgres: group", 1),
)
CUTS = (("network: cut", 2), ("network: stall, cut", 1), ("network: off", 1))
TOPOLOGY = Topology(
    [Queue(ORDERS, timedelta(seconds=2), max_receives=50)],
    [Rule("pedidos", {"source": ["caos.pedido"]}, ORDERS)],
)
"""SQS counts receives, also those of a worker that died before it claimed: hence fifty."""
DECLARED = declare(TOPOLOGY, bus_name="caos", prefix="caos-")
_OLD_ENOUGH = timedelta(seconds=1)
_SWEEP_SECONDS = 0.3
_PAUSE = 0.12
_QUIET_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Orders:
    """Records its effect."""

    name: str = ORDERS
    deadline = ORDERS_DEADLINE

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything."""
        return True

    def run(self, event: Event, attempt: int) -> Commit:
        """Nothing before the commit."""
        return lambda connection: record(connection, self.name, event, attempt)


@dataclass(frozen=True, slots=True)
class Cloud:
    """EventBridge and SQS at an address, and the roles that use them."""

    endpoint: str

    def publish(self, place: Place, number: int, stop: threading.Event) -> None:
        """Every other publisher leaves all pushing to the relay."""
        database = Database(place.app, place.relay, pool_size=1)
        publisher = self._publisher(database)
        scope = database.scope if number % 2 else publisher.pushing()
        Publishing(place, number, database, publisher.publish, scope=scope, pause=_PAUSE).run(stop)

    def relay(self, place: Place, number: int, stop: threading.Event) -> None:
        """Sweep what is pending."""
        database = Database(place.app, place.relay, pool_size=1)
        publisher = self._publisher(database)
        while not stop.wait(_SWEEP_SECONDS):
            try:
                publisher.sweep(database.relay_engine, older_than=_OLD_ENOUGH)
            except DBAPIError as error:
                logger.warning("sweep failed: %s", type(error.orig).__name__)

    def work(self, place: Place, number: int, stop: threading.Event) -> None:
        """Poll SQS."""
        database = Database(place.app, place.relay, pool_size=2)
        queues = SqsQueues(sqs_client(self.endpoint), DECLARED, TOPOLOGY, database.scope)
        worker = Worker(queues, database.scope, [Orders()], classify, lease_margin=MARGIN)
        poll_forever(worker, stop, pause=0.2)

    def left(self) -> int:
        """Messages on SQS: waiting, hidden, delayed or dead."""
        client = sqs_client(self.endpoint)
        declared = DECLARED.queue(ORDERS)
        total = 0
        for name in (declared.name, declared.dead_letter_name):
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            total += int(found["ApproximateNumberOfMessages"])
            total += int(found["ApproximateNumberOfMessagesNotVisible"])
            total += int(found["ApproximateNumberOfMessagesDelayed"])
        client.close()
        return total

    def _publisher(self, database: Database) -> EventBridgePublisher:
        return EventBridgePublisher(
            events_client(self.endpoint), TOPOLOGY, database.scope, bus_name=DECLARED.bus_name
        )


@contextmanager
def cloud() -> Iterator[Cloud]:
    """moto's server in a process of its own, with everything that the declaration names."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _moto(writing)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            found = Cloud(told.readline().strip())
        events, sqs = events_client(found.endpoint), sqs_client(found.endpoint)
        provision(events, sqs, DECLARED)
        events.close()
        sqs.close()
        yield found
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _moto(writing: int) -> None:
    """Never returns."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with os.fdopen(writing, "w") as telling:
        telling.write(f"http://{host}:{port}\n")
    threading.Event().wait()


def storm(folder: Path, seed: int, kills: int, cuts: int, say: Say) -> Result:
    """Run the load, do the faults, wait until all is quiet, count."""
    rng, began = random.Random(seed), time.monotonic()
    result = Result(seed)
    with (
        cloud() as sky,
        running(folder, seed) as (server, plain),
        outside.started(socket_of(server), seed) as world,
    ):
        place = plain.over(world.wire_port, world.world_port)
        roles: tuple[tuple[str, Role], ...] = (
            ("publisher", sky.publish),
            ("relay", sky.relay),
            ("worker", sky.work),
        )
        with Troop(place) as troop:
            for name, role in roles:
                troop.enlist(name, role, 2)
            for kind in (planned := mixed(KILLS, kills, CUTS, cuts, rng)):
                time.sleep(rng.uniform(0.2, 1.4))
                strike(kind, troop, server, world, rng)
                result.faults[kind] += 1
            say(f"{len(planned)} faults, {handled(place)} effects")
            troop.dismiss("publisher")
            _quiet(place, troop, sky)
            troop.dismiss("relay")
            troop.dismiss("worker")
        result.count = _counted(place, sky, troop)
    result.seconds = time.monotonic() - began
    return result


def _counted(place: Place, sky: Cloud, troop: Troop) -> Count:
    found = count(place, None, ordered=False)
    pending = place.rows("SELECT id FROM fibonacci_core.events WHERE status <> 'enviado'")
    found.expect_none("never pushed", pending)
    found.expect_none("left on SQS", range(sky.left()))
    found.expect_none("processes that ended by themselves", troop.fallen)
    return found


def _quiet(place: Place, troop: Troop, sky: Cloud) -> None:
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        troop.reap()
        pending = place.rows("SELECT 1 FROM fibonacci_core.events WHERE status <> 'enviado'")
        if not pending and not sky.left():
            return
        time.sleep(0.5)
