"""A million messages through one queue: what tables and indexes weigh on the way.

A PostgreSQL of its own with autovacuum on. A thousand messages at a time are published and handled
beside a backlog that stays: four tenants, half of the messages under an ordering key, received and
acknowledged in batches, and one in a hundred put back with a delay first, which moves it in the
index. Events, inbox and traces are left out: they are the archive, and retention is what bounds
them. The figures are sizes, so a busy machine changes how long it takes and little else. From the
project's root: ``python -m benchmarks.inchaco``.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Engine, create_engine, make_url, text

from alquimista.db.embedded import EmbeddedPostgres
from alquimista.db.roles import create_database
from fibonacci_bus import Queue, QueueReader, Topology, install

ROOT = Path(__file__).resolve().parent.parent
TOPOLOGY = Topology([Queue("c")], [])
TENANTS = 4
BATCH = 1_000
PUT_BACK_EVERY = 100
_FILL = text(
    "INSERT INTO fibonacci_core.queue_messages (tenant_id, queue, event_id, ordering_key, "
    "visible_at) SELECT (CAST(:tenants AS uuid[]))[1 + n % :many], 'c', gen_random_uuid(), "
    "CASE WHEN n % 2 = 0 THEN 'lead-' || (n % 5000) END, clock_timestamp() "
    "FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS n"
)
_SIZES = text(
    """
    SELECT pg_table_size(c.oid) AS heap,
           pg_relation_size('fibonacci_core.queue_messages_pkey') AS key,
           pg_relation_size('fibonacci_core.ix_queue_messages_receive') AS receive,
           pg_relation_size('fibonacci_core.ix_queue_messages_key') AS ordering,
           s.n_dead_tup AS dead, s.autovacuum_count AS sweeps
    FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.oid = 'fibonacci_core.queue_messages'::regclass
    """
)


@dataclass(frozen=True, slots=True)
class Step:
    """Sizes in bytes after so many messages."""

    messages: int
    seconds: float
    heap: int
    key: int
    receive: int
    ordering: int
    dead: int
    sweeps: int

    @property
    def total(self) -> int:
        """Table and indexes."""
        return self.heap + self.key + self.receive + self.ordering


@contextmanager
def server(naptime: int) -> Iterator[Engine]:
    """The bus alone on a server whose autovacuum looks every ``naptime`` seconds."""
    place = ROOT / ".alquimista" / f"inchaco-{uuid4()}"
    options = ("-c", f"autovacuum_naptime={naptime}s")
    try:
        with EmbeddedPostgres(place, options=options) as made:
            create_database(made.admin_dsn, "barramento")
            engine = create_engine(make_url(made.admin_dsn).set(database="barramento"))
            install(engine)
            yield engine
            engine.dispose()
    finally:
        shutil.rmtree(place, ignore_errors=True)


class Load:
    """Publishes and handles, so many at a time, beside a backlog."""

    def __init__(self, engine: Engine, backlog: int) -> None:
        self._engine = engine
        self._reader = QueueReader(engine, TOPOLOGY)
        self._tenants: list[UUID] = [uuid4() for _ in range(TENANTS)]
        self._published = 0
        self.handled = 0
        self._fill(backlog)

    def turn(self) -> None:
        """A batch comes and a batch goes."""
        self._fill(BATCH)
        goal, last = self.handled + BATCH, self.handled
        while self.handled < goal:
            messages = self._reader.receive(["c"], 200)
            back = messages[::PUT_BACK_EVERY] if len(messages) > PUT_BACK_EVERY else []
            for message in back:
                self._reader.resend_delayed(message, timedelta(milliseconds=5))
            self.handled += self._reader.ack([m for m in messages if m not in back])
            if self.handled == last:
                time.sleep(0.005)
            last = self.handled

    def step(self, started: float) -> Step:
        """What the tables weigh now."""
        with self._engine.connect() as connection:
            row = connection.execute(_SIZES).one()
        return Step(self.handled, time.monotonic() - started, *row)

    def _fill(self, count: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                _FILL,
                {
                    "tenants": [str(tenant) for tenant in self._tenants],
                    "many": TENANTS,
                    "first": self._published,
                    "last": self._published + count - 1,
                },
            )
        self._published += count


def run(messages: int, backlog: int, naptime: int, limit: float, every: int) -> list[Step]:
    """The steps, printed as they come; ends early after ``limit`` seconds."""
    names = ("tabela", "chave", "receber", "ordem")
    columns = " ".join(f"{name:>9}" for name in names)
    print(f"{'mensagens':>10} {'s':>6} {columns} {'mortas':>8} {'limpezas':>8}   (kB)")
    steps: list[Step] = []
    with server(naptime) as engine:
        started = time.monotonic()
        load = Load(engine, backlog)
        while load.handled < messages and time.monotonic() - started < limit:
            load.turn()
            if load.handled // every > len(steps):
                steps.append(load.step(started))
                _show(steps[-1])
        time.sleep(2 * naptime)
        steps.append(load.step(started))
        _show(steps[-1])
    return steps


def _show(step: Step) -> None:
    sizes = (step.heap, step.key, step.receive, step.ordering)
    kilobytes = " ".join(f"{size // 1024:>9}" for size in sizes)
    print(
        f"{step.messages:>10} {step.seconds:>6.0f} {kilobytes} {step.dead:>8} {step.sweeps:>8}",
        flush=True,
    )


def main() -> None:
    """Say whether the second half weighs more than the first at its most."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--backlog", type=int, default=5_000)
    parser.add_argument("--naptime", type=int, default=5, help="segundos entre limpezas")
    parser.add_argument("--limit", type=float, default=330.0, help="segundos ao todo")
    parser.add_argument("--every", type=int, default=100_000)
    asked = parser.parse_args()
    steps = run(asked.messages, asked.backlog, asked.naptime, asked.limit, asked.every)
    half = len(steps) // 2
    before = max(step.total for step in steps[:half])
    after = max(step.total for step in steps[half:])
    print(f"maior total: {before // 1024} kB na primeira metade, {after // 1024} kB na segunda")


if __name__ == "__main__":
    main()
