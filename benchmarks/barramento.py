"""The bus against procrastinate, pgqueuer, Celery, dramatiq and SQS: one table, one run.

1 KB payloads, one worker, batches of ten, every system on this machine, PostgreSQL with its default
durability (``fsync`` and ``synchronous_commit`` on). Ours does all it does in production: event
row, fan-out by rules, row-level security, receipt guard, inbox, dispatch to a handler, settlement
with trace. The queue's consumer is one of milliseconds (``Queue.group`` of 10); "group of 1" is the
way of all others, with a claim, a run and a durable commit for each event.

One worker is one process, with whatever it has for doing several things at a time: procrastinate
ten coroutines, pgqueuer a batch of ten, dramatiq its eight threads, ours four threads that receive
batches of ten each; Celery its solo pool, which is faster than its threads. The handler does
nothing but note the time, and everybody acknowledges after it. Redis keeps nothing on disk, so
Celery and dramatiq may lose what they have acknowledged; nobody else may.

Each figure is the median of the rounds; the systems take turns in each round, so that a noisy
neighbour meets them all. Where a figure falls short, the report says where a message's time goes:
processor time of this process and of the server's, and what the disk gives in the same run.
``make bench-bus`` makes the rivals' environment.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg2
from sqlalchemy import Connection, create_engine, make_url, text

from alquimista.db.embedded import EmbeddedPostgres
from alquimista.db.migrate import upgrade
from alquimista.db.roles import APP, OWNER, RELAY, create_database
from alquimista.db.session import Database
from benchmarks.pasta import pasta
from fibonacci_bus import ErrorClass, Event, Listener, Queue, QueueReader, Rule, Topology, Worker
from fibonacci_bus.publisher import publish
from fibonacci_bus.worker import Commit

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PAYLOAD = "|" + "x" * 1023
BATCH = 100
THREADS = 4
GAP_SECONDS = 0.02
PATIENCE_SECONDS = 120.0
JOBS = {
    "procrastinate": 1000,
    "pgqueuer": 5000,
    "celery": 1500,
    "dramatiq": 3000,
    "sqs": 200,
}
NAMES = {
    "procrastinate": "procrastinate, concurrency 10",
    "pgqueuer": "pgqueuer, batch 10",
    "celery": "Celery + Redis, solo",
    "dramatiq": "dramatiq + Redis",
    "sqs": "SQS of moto",
}
OURS, KEYED, SINGLE = "fibonacci_bus", "fibonacci_bus, 1,000 keys", "fibonacci_bus, group of 1"
VARIANTS = {OURS: (5000, 10, 0), KEYED: (5000, 10, 1000), SINGLE: (1000, 1, 0)}
"""Events, events in one commit, ordering keys."""


@dataclass
class Figures:
    """Jobs a second of each round, and every latency in milliseconds."""

    version: str = ""
    publish: list[float] = field(default_factory=list)
    consume: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    spent: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Of ours: microseconds of processor time a message, published and consumed, here and there."""

    def add(self, publish: float, consume: float, latencies: Sequence[float]) -> None:
        """One round."""
        self.publish.append(publish)
        self.consume.append(consume)
        ordered = sorted(latencies)
        self.p50.append(1000 * statistics.median(ordered))
        self.p99.append(1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))])


class Handler:
    """The consumer: notes when each event came."""

    name = "bench"
    deadline = timedelta(seconds=30)

    def __init__(self) -> None:
        self.moments: dict[UUID, float] = {}

    def admit(self, connection: Connection, event: Event) -> bool:
        """All are."""
        return True

    def run(self, event: Event, attempt: int) -> Commit:
        """Nothing to write."""
        self.moments[event.id] = time.monotonic()
        return _nothing


def _nothing(connection: Connection) -> None:
    """The commit of a handler without effects."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything runs."""

    admin: str
    redis: str
    samples: int
    server: int
    """The postmaster's process id."""

    def dsn(self, name: str, user: str | None = None) -> str:
        """The address of a database."""
        url = make_url(self.admin).set(database=name)
        if user is not None:
            url = url.set(username=user)
        return url.render_as_string(hide_password=False)


def ours(place: Place, database: Database, relay: str, variant: str, into: Figures) -> None:
    """One round of ours: publish, consume, latency."""
    jobs, group, keys = VARIANTS[variant]
    topology = Topology(
        [Queue("bench", group=group)], [Rule("bench", {"source": [{"prefix": "ben"}]}, "bench")]
    )
    tenant_id = _tenant(place)
    marks = [processor(place)]
    begun = time.monotonic()
    for first in range(0, jobs, BATCH):
        events = [_event(tenant_id, first + n, keys) for n in range(BATCH)]
        with database.scope(tenant_id) as connection:
            publish(connection, events, topology)
    published = jobs / (time.monotonic() - begun)
    marks.append(processor(place))
    handler = Handler()
    reader = QueueReader(database.relay_engine, topology)
    stop, threads, listener = threading.Event(), [], Listener(relay)
    for _ in range(THREADS):
        worker = Worker(reader, database.scope, [handler], lambda error: ErrorClass.TRANSIENT)
        arguments = (stop, listener, 10)
        threads.append(threading.Thread(target=worker.run_forever, args=arguments))
    for thread in threads:
        thread.start()
    _wait(handler, jobs)
    marks.append(processor(place))
    moments = sorted(handler.moments.values())
    rate = (jobs - 1) / (moments[-1] - moments[0])
    latencies = []
    for number in range(place.samples):
        event = _event(tenant_id, number, keys)
        with database.scope(tenant_id) as connection:
            publish(connection, [event], topology)
        sent = time.monotonic()
        time.sleep(GAP_SECONDS)
        _wait(handler, jobs + number + 1)
        latencies.append(max(0.0, handler.moments[event.id] - sent))
    stop.set()
    for thread in threads:
        thread.join()
    listener.close()
    into.add(published, rate, latencies)
    spent = [1e6 * (b - a) / jobs for m, n in pairwise(marks) for a, b in zip(m, n, strict=True)]
    into.spent.append((spent[0], spent[1], spent[2], spent[3]))


def processor(place: Place) -> tuple[float, float]:
    """Seconds of processor time so far: of this process, and of the server's (Linux only)."""
    tree = Path(f"/proc/{place.server}/task/{place.server}/children")
    ticks = 0
    for pid in (str(place.server), *tree.read_text().split()):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended: the postmaster has its time now
            continue
        ticks += sum(int(field) for field in stat[11 : 15 if pid == str(place.server) else 13])
    return time.process_time(), ticks / os.sysconf("SC_CLK_TCK")


def _wait(handler: Handler, count: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while len(handler.moments) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(handler.moments)} of {count} events were handled")
        time.sleep(0.002)


def _event(tenant_id: UUID, number: int, keys: int) -> Event:
    return Event(
        id=uuid4(),
        source="bench",
        type="job",
        detail={"payload": PAYLOAD},
        tenant_id=tenant_id,
        trace_id=uuid4(),
        occurred_at=datetime.now(UTC),
        ordering_key=f"lead-{number % keys}" if keys else None,
    )


def _tenant(place: Place) -> UUID:
    tenant_id = uuid4()
    engine = create_engine(place.dsn("ours", OWNER))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO alquimista_platform.tenants (id, nome, fuso_horario, status, "
                "sandbox, configuracoes, created_at) VALUES (:id, 'bench', 'America/Sao_Paulo', "
                "'ativo', true, '{}', :now)"
            ),
            {"id": tenant_id, "now": datetime.now(UTC)},
        )
    engine.dispose()
    return tenant_id


def rival(place: Place, name: str, round_: int) -> dict[str, Any]:
    """One round of a rival, in a process and a database of its own."""
    database = f"{name}_{round_}"
    connection = psycopg2.connect(_libpq(place, "postgres"))
    connection.autocommit = True
    connection.cursor().execute(f'CREATE DATABASE "{database}"')
    connection.close()
    task = {
        "dsn": _libpq(place, database),
        "redis": f"{place.redis}/{round_ % 16}",
        "jobs": JOBS[name],
        "samples": place.samples,
        "payload": PAYLOAD,
    }
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "benchmarks" / "rivais.py"), name],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _libpq(place: Place, database: str) -> str:
    url = make_url(place.admin)
    host = url.host or url.query.get("host")
    return f"postgresql://{url.username}@/{database}?host={host}" + (
        f"&port={url.port}" if url.port else ""
    )


def disk(place: Place) -> tuple[float, float]:
    """Commits of one row and rows of 1 KB a second, on one connection."""
    connection = psycopg2.connect(_libpq(place, "postgres"))
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS disk (id bigserial PRIMARY KEY, body text)")
    connection.commit()
    begun = time.monotonic()
    for _ in range(300):
        cursor.execute("INSERT INTO disk (body) VALUES (%s)", (PAYLOAD,))
        connection.commit()
    commits = 300 / (time.monotonic() - begun)
    begun = time.monotonic()
    cursor.execute(
        "INSERT INTO disk (body) SELECT repeat('x', 1020) || n FROM generate_series(1, 20000) n"
    )
    connection.commit()
    rows = 20_000 / (time.monotonic() - begun)
    connection.close()
    return commits, rows


@contextmanager
def redis() -> Iterator[str]:
    """A Redis of our own, which keeps nothing on disk."""
    server = shutil.which("redis-server")
    if server is None:
        raise SystemExit("redis-server is missing: apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([server, *arguments], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def measure(place: Place, rounds: int) -> tuple[dict[str, Figures], list[tuple[float, float]]]:
    """Every system once in each round."""
    create_database(place.admin, "ours")
    upgrade(place.dsn("ours", OWNER))
    found = {name: Figures(version("fibonacci-bus")) for name in VARIANTS}
    found |= {name: Figures() for name in JOBS}
    disks = []
    for round_ in range(rounds):
        disks.append(disk(place))
        database = Database(place.dsn("ours", APP), place.dsn("ours", RELAY))
        for variant in VARIANTS:
            ours(place, database, place.dsn("ours", RELAY), variant, found[variant])
        database.dispose()
        for name in JOBS:
            answer = rival(place, name, round_)
            found[name].version = str(answer["version"])
            found[name].add(answer["publish"], answer["consume"], answer["latencies"])
        print(f"round {round_ + 1} of {rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
    return found, disks


def report(found: dict[str, Figures], disks: list[tuple[float, float]], server: str) -> None:
    """The table, then a line per target."""
    mid = statistics.median
    print(f"\nPython {sys.version.split()[0]}, PostgreSQL {server}, {os.cpu_count()} cores, 1 KB")
    print(f"{'':32}{'version':>9}{'consume/s':>11}{'publish/s':>11}{'p50 ms':>9}{'p99 ms':>9}")
    for name, figures in found.items():
        print(
            f"{NAMES.get(name, name):32}{figures.version:>9}{mid(figures.consume):>11,.0f}"
            f"{mid(figures.publish):>11,.0f}{mid(figures.p50):>9.1f}{mid(figures.p99):>9.1f}"
        )
    commits, rows = mid(d[0] for d in disks), mid(d[1] for d in disks)
    print(f"this disk: {commits:,.0f} commits/s, {rows:,.0f} rows of 1 KB/s in one statement\n")
    us = found[OURS]
    spent = [mid(values) for values in zip(*us.spent, strict=True)]
    profile = (
        f"a message costs {spent[0]:.0f} us of processor here and {spent[1]:.0f} us in the server "
        f"to publish, {spent[2]:.0f} and {spent[3]:.0f} to consume; every ten and every hundred "
        "wait for one commit"
    )
    goals = [("publish in batches of 100", mid(us.publish), 10_000.0, True)]
    for name, times in (("procrastinate", 10.0), ("celery", 8.0), ("pgqueuer", 1.3)):
        ratios = [a / b for a, b in zip(us.consume, found[name].consume, strict=True)]
        goals.append((f"consume vs {name}, times", mid(ratios), times, True))
    goals.append(("latency p50, ms", mid(us.p50), 3.0, False))
    goals.append(("latency p99, ms", mid(us.p99), 15.0, False))
    for name, figure, goal, least in goals:
        met = figure >= goal if least else figure <= goal
        sign = ">=" if least else "<="
        short = f" (this disk: {commits:,.0f} commits/s, {rows:,.0f} rows/s; {profile})"
        print(f"{name}: {figure:,.1f} ({sign} {goal:,g}) {'met' if met else 'short' + short}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    with (
        pasta("barramento") as home,
        redis() as redis_url,
        EmbeddedPostgres(home / "pg") as server,
    ):
        assert server.pid is not None
        place = Place(server.admin_dsn, redis_url, options.samples, server.pid)
        engine = create_engine(place.admin)
        with engine.connect() as connection:
            number = str(connection.execute(text("SHOW server_version")).scalar_one())
        engine.dispose()
        found, disks = measure(place, options.rounds)
        report(found, disks, number)


if __name__ == "__main__":
    main()
