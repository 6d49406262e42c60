"""A process that forks workers and lets each kill itself at one named step.

``python -m tests.integration.bus.doomed`` reads ``{"app", "relay", "tenant", "kills"}`` as JSON
from its standard input and writes how many children died at each step. It has one thread and no
open connection, so that forking is safe and costs milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, event, text

from alquimista.db.session import Database
from fibonacci_bus import Event, Message, Queue, QueueReader, Rule, Topology, Worker, publish
from fibonacci_bus.worker import Commit
from tests.integration.bus.rig import classify, record

STEPS = (
    "publish: written, not committed",
    "publish: committed",
    "receive: done, answer unread",
    "receive: committed",
    "claim: written, not committed",
    "claim: at its commit",
    "claim: committed",
    "run: begun",
    "run: ended",
    "commit: settled, nothing written",
    "commit: all written",
    "commit: at its commit",
    "commit: committed, not acknowledged",
    "acknowledge: done, answer unread",
    "acknowledge: committed",
)
TIMEOUT = timedelta(milliseconds=300)
TOPOLOGY = Topology(
    [Queue("a", TIMEOUT, max_receives=99), Queue("b", TIMEOUT, max_receives=99, group=5)],
    [Rule("pedidos", {"source": ["pedido"]}, "a"), Rule("feitos", {"source": ["feito"]}, "b")],
)
_DRAIN_SECONDS = 30.0
_EVENTS_PER_CHILD = 3


@dataclass
class Doom:
    """Kills the process when ``step`` is reached for the ``countdown``-th time."""

    step: str | None = None
    countdown: int = 1
    phase: str = ""

    def at(self, step: str) -> None:
        """Die here, if this is the step."""
        if step != self.step:
            return
        self.countdown -= 1
        if self.countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedReader(QueueReader):
    """Dies around the relay's transactions."""

    def __init__(self, database: Database, doom: Doom) -> None:
        super().__init__(database.relay_engine, TOPOLOGY)
        self._doom = doom

    def _take(self, *arguments: Any) -> list[tuple[Any, ...]]:
        rows = super()._take(*arguments)
        if self._doom.phase == "receive":
            self._doom.at("receive: done, answer unread")
        return rows

    def _delete(self, connection: Connection, messages: Sequence[Message]) -> int:
        removed = super()._delete(connection, messages)
        if self._doom.phase == "acknowledge":
            self._doom.at("acknowledge: done, answer unread")
        return removed

    def receive(self, queues: Sequence[str], limit: int = 10) -> list[Message]:
        self._doom.phase = "receive"
        received = super().receive(queues, limit)
        self._doom.phase = ""
        if received:
            self._doom.at("receive: committed")
        return received

    def ack(self, messages: Sequence[Message]) -> int:
        if not messages:
            return 0
        self._doom.phase = "acknowledge"
        removed = super().ack(messages)
        self._doom.phase = ""
        self._doom.at("acknowledge: committed")
        return removed


@dataclass
class DoomedScope:
    """Dies after the app's transactions: a claim, or one in which a run has ended."""

    database: Database
    doom: Doom

    @contextmanager
    def __call__(self, tenant_id: UUID) -> Iterator[Connection]:
        if self.doom.phase != "commit":
            self.doom.phase = "claim"
        with self.database.scope(tenant_id) as connection:
            yield connection
        committed, self.doom.phase = self.doom.phase, ""
        self.doom.at(
            "claim: committed" if committed == "claim" else "commit: committed, not acknowledged",
        )


@dataclass
class Toy:
    """Records its effect; the first of the two also publishes the event of the second."""

    name: str
    doom: Doom
    deadline: timedelta = field(default=timedelta(milliseconds=200))

    def admit(self, connection: Connection, event: Event) -> bool:
        self.doom.at("claim: written, not committed")
        return True

    def run(self, event: Event, attempt: int) -> Commit:
        self.doom.at("run: begun")
        time.sleep(0.001)
        self.doom.at("run: ended")
        self.doom.phase = "commit"

        def commit(connection: Connection) -> None:
            self.doom.at("commit: settled, nothing written")
            record(connection, self.name, event, attempt)
            if self.name == "a":
                publish(connection, [_event("feito", event.tenant_id, event)], TOPOLOGY)
            self.doom.at("commit: all written")

        return commit


def _event(source: str, tenant_id: UUID, cause: Event | None = None) -> Event:
    number = uuid4()
    return Event(
        id=number,
        source=source,
        type="novo",
        detail={},
        tenant_id=tenant_id,
        trace_id=cause.trace_id if cause else uuid4(),
        occurred_at=datetime.now(UTC),
        ordering_key=cause.ordering_key if cause else f"lead-{number.int % 5}",
        causation_id=cause.id if cause else None,
        depth=cause.depth + 1 if cause else 0,
    )


def _arm(database: Database, doom: Doom) -> None:
    """Die just before the driver commits what the phase has done."""
    at_commit = {
        "claim": "claim: at its commit",
        "commit": "commit: at its commit",
    }

    def before_commit(_connection: Connection) -> None:
        doom.at(at_commit.get(doom.phase, ""))

    event.listen(database.app_engine, "commit", before_commit)


def _publish(database: Database, tenant_id: UUID, doom: Doom) -> None:
    with database.scope(tenant_id) as connection:
        publish(
            connection,
            [_event("pedido", tenant_id) for _ in range(_EVENTS_PER_CHILD)],
            TOPOLOGY,
        )
        doom.at("publish: written, not committed")
    doom.at("publish: committed")


def _work(database: Database, tenant_id: UUID, doom: Doom) -> None:
    """Work until death, or, without a doom, until nothing is left."""
    worker = Worker(
        DoomedReader(database, doom),
        DoomedScope(database, doom),
        [Toy("a", doom), Toy("b", doom)],
        classify,
        lease_margin=timedelta(milliseconds=100),
    )
    end = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < end:
        if worker.run_once(5) == 0:
            if doom.step is None and _left(database) == 0:
                return
            time.sleep(0.02)
    raise TimeoutError(f"still alive, step {doom.step}")


def _left(database: Database) -> int:
    with database.relay_engine.begin() as connection:
        count: int = connection.execute(
            text("SELECT count(*) FROM fibonacci_core.queue_messages")
        ).scalar_one()
    return count


def _child(task: dict[str, str], doom: Doom) -> None:
    database = Database(task["app"], task["relay"], pool_size=1)
    _arm(database, doom)
    tenant_id = UUID(task["tenant"])
    if doom.step is not None:
        _publish(database, tenant_id, doom)
    _work(database, tenant_id, doom)


def _fork(task: dict[str, str], doom: Doom) -> int:
    """Run a child; answers its wait status."""
    pid = os.fork()
    if pid == 0:
        try:
            _child(task, doom)
        except BaseException:  # noqa: BLE001 - a child must not return into its parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main() -> int:
    """Kill ``kills`` children, each at the next step, then let one finish the work."""
    task = json.load(sys.stdin)
    killed: Counter[str] = Counter()
    for number in range(int(task["kills"])):
        step = STEPS[number % len(STEPS)]
        once = step.startswith(("publish", "receive", "acknowledge"))
        countdown = 1 if once else 1 + (number // len(STEPS)) % _EVENTS_PER_CHILD
        status = _fork(task, Doom(step, countdown))
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return 1
        killed[step] += 1
    if _fork(task, Doom()) != 0:
        return 1
    json.dump(killed, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
