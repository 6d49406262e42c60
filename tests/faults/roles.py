"""The worker that is killed, as the product composes it, and its consumers."""

from __future__ import annotations

import logging
import random
import signal
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from alquimista.bootstrap import OFFSETS_SQL, classify
from alquimista.db.session import Database, UnitOfWork
from alquimista.files.store import FolderStore
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.canais import Envio, Situacao
from alquimista.prospeccao.disparos.domain import Limites
from alquimista.prospeccao.disparos.fatos import Ambiente
from alquimista.prospeccao.disparos.sender import Sender
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.runtime.homes import PostgresHome
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import EventPublisher
from alquimista.runtime.ticker import Ticker
from alquimista_sdk.errors import TransientError
from fibonacci_bus import Event, Listener, Worker, publish
from fibonacci_bus.timers import Timers
from fibonacci_bus.worker import Commit
from tests.faults.place import (
    DONE,
    DONE_DEADLINE,
    MARGIN,
    ORDERS,
    ORDERS_DEADLINE,
    SENDER_DEADLINE,
    TOPOLOGY,
    Place,
)

logger = logging.getLogger(__name__)
_EFFECT = text(
    "INSERT INTO caos.efeitos (consumer, event_id, chave, numero, attempt) "
    "VALUES (:consumer, :event, :key, :number, :attempt)"
)
_PATIENCE = SENDER_DEADLINE.total_seconds()
Role = Callable[[Place, int, threading.Event], None]


class LinkCut(TransientError):
    """The outside world hung up: nobody knows whether it took the message."""

    outcome_unknown = True


@dataclass(frozen=True, slots=True)
class WorldChannel:
    """The outside world as a channel. It can be asked about half of all keys."""

    port: int
    sandbox: bool = True

    def send(self, envio: Envio) -> str:
        """Hand one message over."""
        if self._call("send", envio.chave) != "ok":
            raise LinkCut("no answer")
        return f"id-{envio.chave}"

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """What became of a message, for keys that can be asked about."""
        if not can_be_asked(envio.chave):
            return "desconhecido", None
        if self._call("look", envio.chave) == "yes":
            return "enviado", f"id-{envio.chave}"
        return "nao_enviado", None

    def _call(self, verb: str, key: str) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self.port), _PATIENCE) as link:
                link.sendall(f"{verb} {key}\n".encode())
                return link.makefile().readline().strip()
        except OSError as error:
            raise LinkCut(type(error).__name__) from error


def can_be_asked(key: str) -> bool:
    """Whether the outside world answers what became of a key."""
    return zlib.crc32(key.encode()) % 2 == 0


class Orders:
    """Records its effect, plans a message, publishes an event: all in one commit."""

    name = ORDERS
    deadline = ORDERS_DEADLINE

    def __init__(self, database: Database, ports: Ports, seed: int) -> None:
        self._database = database
        self._ports = ports
        self._rng = random.Random(seed)

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything."""
        return True

    def run(self, event: Event, attempt: int) -> Commit:
        """Work for some milliseconds."""
        time.sleep(self._rng.uniform(0, 0.01))

        def commit(connection: Connection) -> None:
            record(connection, self.name, event, attempt)
            uow = self._database.join(connection, event.tenant_id)
            disparos.request(
                self._ports,
                uow,
                tipo="interno",
                canal="email",
                mensagem="Pedido recebido.",
                chave=str(event.id),
                trace_id=event.trace_id,
                destinatarios=["alguem@cliente.example"],
            )
            publish(connection, [caused_by(event)], TOPOLOGY)

        return commit


@dataclass(frozen=True, slots=True)
class Done:
    """Records its effect; claimed and committed in groups."""

    name: str = DONE
    deadline = DONE_DEADLINE

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything."""
        return True

    def run(self, event: Event, attempt: int) -> Commit:
        """Nothing before the commit."""
        return lambda connection: record(connection, self.name, event, attempt)


def record(connection: Connection, consumer: str, event: Event, attempt: int) -> None:
    """The effect in the database. Nothing but the bus keeps it from happening twice."""
    connection.execute(
        _EFFECT,
        {
            "consumer": consumer,
            "event": event.id,
            "key": event.ordering_key,
            "number": event.detail["numero"],
            "attempt": attempt,
        },
    )


def caused_by(event: Event) -> Event:
    """The event that an order's consumer publishes."""
    return Event(
        id=uuid4(),
        source="caos.feito",
        type="novo",
        detail=event.detail,
        tenant_id=event.tenant_id,
        trace_id=event.trace_id,
        occurred_at=event.occurred_at,
        ordering_key=event.ordering_key,
        causation_id=event.id,
        depth=event.depth + 1,
    )


def work(place: Place, number: int, stop: threading.Event) -> None:
    """A worker with the real sender, and a tick; ends when told or when a thread fails."""
    database = Database(place.app, place.relay, pool_size=2)
    home = PostgresHome(database, TOPOLOGY, place.relay)
    keys = LeadKeys(bytes(32))
    publisher = EventPublisher(home, keys)
    timers = Timers(OFFSETS_SQL)
    files = FolderStore(place.folder / "files")
    ports = Ports(publisher, timers, files, keys, bytes(32), "http://x")
    sender = Sender(
        database, ports, {"email": WorldChannel(place.world_port)}, _sender, SENDER_DEADLINE
    )
    worker = Worker(
        home.source(),
        database.scope,
        [Orders(database, ports, number), Done(), sender],
        classify,
        lease_margin=MARGIN,
    )
    ticker = Ticker(database, timers, publisher, dict, lambda _: "UTC")
    tick = threading.Thread(target=_tick, args=(ticker, stop), daemon=True)
    tick.start()
    listener = Listener(place.relay)
    worker.run_forever(stop, listener)
    listener.close()
    database.dispose()


def _tick(ticker: Ticker, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        try:
            ticker.tick()
        except DBAPIError as error:
            logger.warning("tick failed: %s", type(error.orig).__name__)


def _sender(uow: UnitOfWork) -> tuple[Ambiente, str, str]:
    return Ambiente("America/Sao_Paulo", True, Limites()), "caos@conta.example", "Caos"


@contextmanager
def ending_on_sigterm() -> Iterator[threading.Event]:
    """An event that SIGTERM sets."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    yield stop
