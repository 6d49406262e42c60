"""The publisher that is killed. What it tries and what it knows as committed outlives it."""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from alquimista.db.session import Database
from fibonacci_bus import Event, publish
from fibonacci_bus.worker import Scope
from tests.faults.place import TOPOLOGY, Place

logger = logging.getLogger(__name__)
CLOCK = "publishers-clock"
"""The file with the seconds by which publishers' clocks are off."""
MAX_WAITING = 400
"""Publishers pause while so much waits: a load, not a flood."""
Send = Callable[[Connection, list[Event]], object]


def publish_orders(place: Place, number: int, stop: threading.Event) -> None:
    """Publish numbered events of random keys; what was tried and what is committed is logged."""
    database = Database(place.app, place.relay, pool_size=1)
    Publishing(place, number, database, lambda c, events: publish(c, events, TOPOLOGY)).run(stop)
    database.dispose()


class Publishing:
    """One publisher's loop. ``send`` puts the events of an open transaction on the bus."""

    def __init__(
        self,
        place: Place,
        number: int,
        database: Database,
        send: Send,
        *,
        scope: Scope | None = None,
        pause: float = 0.03,
    ) -> None:
        self._place = place
        self._database = database
        self._send = send
        self._scope = scope or database.scope
        self._pause = pause
        self._rng = random.Random(place.seed * 1000 + number * 37 + os.getpid())
        self._path = place.folder / f"tried-{number}.jsonl"

    def run(self, stop: threading.Event) -> None:
        """Until told to end. What a predecessor left open is tried again, or left as it is."""
        intent = _left_open(self._path)
        patience = 0.0
        while not stop.is_set():
            if intent is None or self._rng.random() < 0.5:
                tenant, key = self._rng.choice(self._place.keys)
                ids = [str(uuid4()) for _ in range(self._rng.randint(1, 3))]
                intent = {"tenant": str(tenant), "key": key, "ids": ids}
                _append(self._path, intent)
            try:
                self._publish(intent)
            except DBAPIError as error:
                logger.warning("not published: %s", type(error.orig).__name__)
                stop.wait(0.2)
                continue
            _append(self._path, {"committed": intent["ids"]})
            intent = None
            if time.monotonic() > patience:
                self._wait_for_room(stop)
                patience = time.monotonic() + 0.5
            stop.wait(self._rng.uniform(0, 2 * self._pause))

    def _publish(self, intent: dict[str, Any]) -> None:
        """Number the events under the key's lock, write the business rows, publish."""
        tenant, key, ids = UUID(intent["tenant"]), intent["key"], intent["ids"]
        with self._scope(tenant) as connection:
            last: int = connection.execute(
                text("SELECT ultimo FROM caos.chaves WHERE chave = :key FOR UPDATE"), {"key": key}
            ).scalar_one()
            known = connection.execute(
                text("SELECT 1 FROM caos.pedidos WHERE event_id = CAST(:id AS uuid)"),
                {"id": ids[0]},
            ).one_or_none()
            if known is not None:
                return
            events = []
            for number, event_id in enumerate(ids, start=last + 1):
                connection.execute(
                    text("INSERT INTO caos.pedidos VALUES (CAST(:id AS uuid), :key, :number)"),
                    {"id": event_id, "key": key, "number": number},
                )
                events.append(self._order(UUID(event_id), tenant, key, number))
            connection.execute(
                text("UPDATE caos.chaves SET ultimo = :last WHERE chave = :key"),
                {"key": key, "last": last + len(ids)},
            )
            self._send(connection, events)

    def _order(self, event_id: UUID, tenant: UUID, key: str, number: int) -> Event:
        return Event(
            id=event_id,
            source="caos.pedido",
            type="novo",
            detail={"numero": number},
            tenant_id=tenant,
            trace_id=event_id,
            occurred_at=datetime.now(UTC) + self._skew(),
            ordering_key=key,
        )

    def _skew(self) -> timedelta:
        """How far this machine's clock is off, where a part moves it."""
        path = self._place.folder / CLOCK
        return timedelta(seconds=int(path.read_text()) if path.exists() else 0)

    def _wait_for_room(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with self._database.relay_engine.begin() as connection:
                    waiting: int = connection.execute(
                        text("SELECT count(*) FROM fibonacci_core.queue_messages")
                    ).scalar_one()
            except DBAPIError:
                return
            if waiting < MAX_WAITING:
                return
            stop.wait(0.2)


def _append(path: Path, line: dict[str, Any]) -> None:
    """A line that outlives this process."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """A publisher's log; a last line that was cut short had not begun anything."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _left_open(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    if not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    last: dict[str, Any] = next(iter([*lines(path)][-1:]), {})
    return last if "ids" in last else None
