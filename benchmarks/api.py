"""The API beside a bare Flask + flask-smorest endpoint on the same server, and under row security.

``make bench-api``. Both apps stand behind waitress in this process and are called in turns over
keep-alive connections; the database is the embedded one in a folder of its own. Overhead is
measured on an endpoint that asks no database, with the caller known from memory.
Run from the project's root: ``python -m benchmarks.api``.
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, create_engine, make_url, text
from waitress.server import create_server

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.db.preparing import PreparingCursor
from alquimista.db.roles import APP
from alquimista.db.session import Database
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.identity.passwords import hash_password, verify_password
from alquimista.plataforma.identity.port import Origem, TokenAnswer
from alquimista.prospeccao.leads.api import LISTA
from alquimista.sandbox import inquilino_demo
from alquimista.server import running_system
from alquimista.settings import ApiLimits, Settings
from benchmarks.api_apps import bare_app, our_app
from benchmarks.pasta import pasta

OVERHEAD_MS, EXTRA_QUERIES, RLS_RATIO = 5.0, 2.0, 1.25
LOGIN_RATIO = 1.25
"""Of processor time: a login is its password's hash, a signature and a handful of statements."""
_CLIENTS = 4
_TENANTS = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of each request, and of all of them by the clock."""

    seconds: list[float]
    clock: float

    def at(self, share: float) -> float:
        """A percentile in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.seconds) / self.clock


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """The app behind waitress; answers the port."""
    server = create_server(app, host="127.0.0.1", port=0, threads=_CLIENTS)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.close()


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, token: str = "x") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def close(self) -> None:
        """End the connection, before its server goes."""
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> float:
        """Seconds that one request took; raises unless it succeeded."""
        raw = json.dumps(body).encode() if body is not None else None
        started = time.perf_counter()
        self._connection.request(method, path, raw, self._headers)
        response = self._connection.getresponse()
        said = response.read()
        took = time.perf_counter() - started
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {said[:200]!r}")
        return took


def overhead(system: System, tenant_id: UUID, requests: int) -> tuple[Measured, Measured]:
    """The bare endpoint and ours, in turns."""
    with served(bare_app()) as bare_port, served(our_app(system, tenant_id)) as our_port:
        clients = (Client(bare_port), Client(our_port))
        for client in clients:
            for _ in range(100):
                client.call("GET", "/probe")
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(requests):
            for client, seconds in zip(clients, taken, strict=True):
                seconds.append(client.call("GET", "/probe"))
        for client in clients:
            client.close()
    return Measured(taken[0], sum(taken[0])), Measured(taken[1], sum(taken[1]))


def queries_beyond(system: System, token: str, requests: int) -> list[int]:
    """Statements of each ``GET /api/leads`` but the list's own one."""
    counted = [0]
    execute = PreparingCursor.execute

    def count(cursor: PreparingCursor, query: Any, vars: Any = None) -> None:
        counted[0] += cursor.connection.info.user == APP
        execute(cursor, query, vars)

    client = create_app(system.services).test_client()
    found = []
    with patch.object(PreparingCursor, "execute", count):
        for _ in range(requests):
            counted[0] = 0
            response = client.get("/api/leads", headers={"Authorization": f"Bearer {token}"})
            assert response.status_code == 200
            found.append(counted[0] - 1)
    return found


_FILLED = (
    "tenant_id id empresa email email_norm chave_dedupe status enriquecimento pausado metadata "
    "created_at updated_at"
)
_FILL = """
INSERT INTO nigredo_leads.leads (tenant_id, id, empresa, email, email_norm, chave_dedupe, status,
    enriquecimento, pausado, metadata, created_at, updated_at{extra})
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(mod(n, {tenants})), 12, '0'))::uuid,
    gen_random_uuid(), 'Empresa ' || n, 'c' || n || '@e.com.br', 'c' || n || '@e.com.br', 'k' || n,
    'novo', 'pendente', false, '{{}}', now() - n * interval '1 second', now(){values}
FROM generate_series(1, {rows}) AS n
"""


def fill(admin: Engine, rows: int) -> UUID:
    """Leads of 200 tenants; answers one of the tenants."""
    with admin.begin() as connection:
        needed = connection.execute(
            text(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'nigredo_leads' AND table_name = 'leads' "
                "AND is_nullable = 'NO' AND column_default IS NULL AND column_name <> ALL(:given)"
            ),
            {"given": _FILLED.split()},
        ).all()
        extra = "".join(f", {row.column_name}" for row in needed)
        samples = {"jsonb": "'{}'", "integer": "0", "uuid": "gen_random_uuid()"}
        values = "".join(f", {samples.get(row.data_type, 'n::text')}" for row in needed)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tenant = UUID("00000000-0000-4000-8000-000000000007")
        connection.execute(
            text(
                "INSERT INTO alquimista_platform.tenants (id, nome, fuso_horario, status, sandbox, "
                "configuracoes, created_at) VALUES (:id, 'Sete', 'UTC', 'ativo', true, '{}', now())"
            ),
            {"id": tenant},
        )
        connection.exec_driver_sql(
            _FILL.format(extra=extra, values=values, tenants=_TENANTS, rows=rows)
        )
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE nigredo_leads.leads")
    return tenant


def rls_ratio(database: Database, admin: Engine, tenant: UUID, rounds: int) -> tuple[float, float]:
    """Median milliseconds of the list with row security and without, in turns."""
    query = {"ordenar": LISTA.padrao, "limite": 50}
    taken: tuple[list[float], list[float]] = ([], [])
    with database.unit_of_work(tenant) as uow, admin.connect() as plain:
        statement = LISTA.statement(uow, query)
        for connection, seconds in ((uow.connection, taken[0]), (plain, taken[1])) * rounds:
            started = time.perf_counter()
            found = connection.execute(statement).all()
            seconds.append(time.perf_counter() - started)
            assert len(found) == 51
    with_rls, without = (1000 * statistics.median(half[10:]) for half in taken)
    return with_rls, without


def load(port: int, token: str, requests: int, call: Callable[[Client, int], float]) -> Measured:
    """Requests of four clients at once."""
    share = requests // _CLIENTS

    def one(client_number: int) -> list[float]:
        client = Client(port, token)
        seconds = [call(client, client_number * share + n) for n in range(share)]
        client.close()
        return seconds

    started = time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        seconds = [s for part in pool.map(one, range(_CLIENTS)) for s in part]
    return Measured(seconds, time.perf_counter() - started)


def table(system: System, tenant_id: UUID, token: str, requests: int) -> dict[str, Measured]:
    """Login, list, get and create under load."""
    sent = {"email": inquilino_demo.EMAIL, "senha": inquilino_demo.SENHA}
    lead = {"empresa": "Primeira", "email": "primeira@bench.com.br"}
    with served(create_app(system.services)) as port:
        Client(port, token).call("POST", "/api/leads", lead)
        system.worker().run_until_empty()
        with system.database.unit_of_work(tenant_id) as uow:
            lead_id = uow.connection.execute(
                text("SELECT id FROM nigredo_leads.leads WHERE tenant_id = :t LIMIT 1"),
                {"t": tenant_id},
            ).scalar_one()

        def log_in(client: Client, n: int) -> float:
            return client.call("POST", "/api/auth/login", sent)

        def create(client: Client, n: int) -> float:
            body = {"empresa": f"Nova {n}", "email": f"n{n}@bench.com.br"}
            return client.call("POST", "/api/leads", body)

        return {
            "login": load(port, token, max(20, requests // 20), log_in),
            "list": load(port, token, requests, lambda c, n: c.call("GET", "/api/leads")),
            "get": load(port, token, requests, lambda c, n: c.call("GET", f"/api/leads/{lead_id}")),
            "create": load(port, token, requests // 2, create),
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one run, the median: by the clock, and of this process's processor time."""

    clock: float
    processor: float


def costs(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> tuple[Cost, Cost]:
    """What two things cost, in turns, so that whatever else the machine does falls on both."""
    taken: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for call, samples in ((first, taken[0]), (second, taken[1])) * rounds:
        clock, processor = time.perf_counter(), time.process_time()
        call()
        samples.append((time.perf_counter() - clock, time.process_time() - processor))
    clocks = [1000 * statistics.median(sample[0] for sample in half) for half in taken]
    processors = [1000 * statistics.median(sample[1] for sample in half) for half in taken]
    return Cost(clocks[0], processors[0]), Cost(clocks[1], processors[1])


def login_costs(system: System, rounds: int = 40) -> tuple[Cost, Cost]:
    """One password check by itself, and one login."""
    stored = hash_password(inquilino_demo.SENHA)
    log_in(system)
    return costs(
        lambda: verify_password(stored, inquilino_demo.SENHA), lambda: log_in(system), rounds
    )


def log_in(system: System) -> TokenAnswer:
    """The demo's admin, signed in."""
    origem = Origem("127.0.0.1", "bench")
    answer = system.services.access.login(inquilino_demo.EMAIL, inquilino_demo.SENHA, origem)
    assert isinstance(answer, TokenAnswer)
    return answer


def line(name: str, figure: float, goal: float, unit: str = "") -> str:
    """A target as the last lines print it."""
    said = "met" if figure <= goal else "short"
    return f"{name}: {figure:.2f}{unit} (<= {goal:g}{unit}) {said}"


def main() -> None:
    """Run everything and print the table and the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--linhas", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=2_000)
    options = parser.parse_args()
    logging.getLogger("waitress").setLevel(logging.ERROR)
    with pasta("api") as folder:
        settings = Settings(home=folder, master_key=bytes(range(32)), api=ApiLimits(10**8, 10**8))
        with running_system(settings) as system:
            tenant_id = inquilino_demo.provision(system)
            lines = measure(system, tenant_id, options.linhas, options.requests)
    print("\n".join(lines))


def measure(system: System, tenant_id: UUID, rows: int, requests: int) -> list[str]:
    """All figures, on a system that runs."""
    answer = log_in(system)
    with system.database.unit_of_work(tenant_id) as uow:
        key = system.services.identity.create_key(uow, "bench", ["leads:read"], SISTEMA).chave
    bare, ours = overhead(system, tenant_id, requests)
    print(f"bare    p50 {bare.at(0.5):.2f} ms  p99 {bare.at(0.99):.2f} ms")
    print(f"ours    p50 {ours.at(0.5):.2f} ms  p99 {ours.at(0.99):.2f} ms")
    by_token = queries_beyond(system, answer.access_token, 300)
    by_key = queries_beyond(system, key, 300)
    means = statistics.mean(by_token), statistics.mean(by_key)
    print(f"queries beyond the list's own, mean: token {means[0]:.3f}, key {means[1]:.3f}")
    found = table(system, tenant_id, answer.access_token, requests)
    print("| endpoint | requests/s | p50 ms | p99 ms |\n|---|---|---|---|")
    for name, one in found.items():
        print(f"| {name} | {one.rate:.0f} | {one.at(0.5):.2f} | {one.at(0.99):.2f} |")
    alone, login = login_costs(system)
    print(
        f"argon2 alone {alone.clock:.1f} ms ({alone.processor:.1f} ms of processor), "
        f"one login at a time {login.clock:.1f} ms ({login.processor:.1f} ms)"
    )
    admin = create_engine(make_url(system.settings.owner_dsn).set(username="postgres"))
    tenant = fill(admin, rows)
    with_rls, without = rls_ratio(system.database, admin, tenant, 400)
    admin.dispose()
    print(f"list of 50 among {rows:,}: {with_rls:.2f} ms with row security, {without:.2f} without")
    more = ours.at(0.99) - bare.at(0.99)
    beyond = "queries beyond the endpoint's own"
    return [
        line("overhead p99 without the database", more, OVERHEAD_MS, " ms"),
        line(f"{beyond} (token)", statistics.median(by_token), EXTRA_QUERIES),
        line(f"{beyond} (key)", statistics.median(by_key), EXTRA_QUERIES),
        line("list under row security / without", with_rls / without, RLS_RATIO, "x"),
        line(
            "login / argon2 alone, processor time",
            login.processor / alone.processor,
            LOGIN_RATIO,
            "x",
        ),
    ]


if __name__ == "__main__":
    main()
