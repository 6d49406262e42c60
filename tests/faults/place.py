"""Where a run happens: a PostgreSQL of its own, two tenants, the tables of the load."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from alquimista.db.embedded import EmbeddedPostgres
from alquimista.db.migrate import upgrade
from alquimista.db.roles import APP, OWNER, RELAY, create_database
from alquimista.runtime.topology import SENDER_QUEUE, TIMER_SOURCE
from fibonacci_bus import Queue, Rule, Topology

DATABASE = "fibonacci"
KEYS = 6
"""Ordering keys of each tenant."""
_PATIENCE_SECONDS = 60.0
_TABLES = (
    "CREATE SCHEMA caos",
    "CREATE TABLE caos.chaves (chave text PRIMARY KEY, ultimo integer NOT NULL DEFAULT 0)",
    "CREATE TABLE caos.pedidos (event_id uuid PRIMARY KEY, chave text NOT NULL, "
    "numero integer NOT NULL, UNIQUE (chave, numero))",
    "CREATE TABLE caos.efeitos (ordem bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "consumer text NOT NULL, event_id uuid NOT NULL, chave text NOT NULL, "
    "numero integer NOT NULL, attempt integer NOT NULL)",
    f"GRANT USAGE ON SCHEMA caos TO {APP}",
    f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA caos TO {APP}",
)
_TENANT = text(
    """
    INSERT INTO alquimista_platform.tenants
        (id, nome, fuso_horario, status, sandbox, configuracoes, created_at)
    VALUES (:id, :nome, 'America/Sao_Paulo', 'ativo', true, '{}', :created_at)
    """
)

ORDERS, DONE = "carga", "feito"
"""The queue of what publishers publish, and of what its consumer publishes in turn."""
ORDERS_DEADLINE = timedelta(seconds=1)
DONE_DEADLINE = timedelta(milliseconds=200)
SENDER_DEADLINE = timedelta(seconds=2)
MARGIN = timedelta(milliseconds=500)
TOPOLOGY = Topology(
    [
        Queue(ORDERS, timedelta(seconds=2)),
        Queue(DONE, timedelta(seconds=2), group=5),
        Queue(SENDER_QUEUE, timedelta(seconds=4)),
    ],
    [
        Rule("pedidos", {"source": ["caos.pedido"]}, ORDERS),
        Rule("feitos", {"source": ["caos.feito"]}, DONE),
        Rule(
            "timers-disparo", {"source": [TIMER_SOURCE], "detail-type": ["disparo"]}, SENDER_QUEUE
        ),
    ],
)
"""Receives before the dead letters: three, as in production. Times are short, or a run is long."""


@dataclass(frozen=True, slots=True)
class Place:
    """What every process of a run knows. Addresses of ``app`` and ``relay`` lead over the wire."""

    folder: Path
    owner: str
    admin: str
    app: str
    relay: str
    tenants: tuple[UUID, ...]
    world_port: int
    seed: int

    @property
    def keys(self) -> list[tuple[UUID, str]]:
        """Every ordering key with its tenant."""
        return [(t, f"lead-{i}-{n}") for i, t in enumerate(self.tenants) for n in range(KEYS)]

    def over(self, wire_port: int, world_port: int) -> Place:
        """The same place behind a wire."""
        moved = {
            name: make_url(getattr(self, name))
            .set(host="127.0.0.1", port=wire_port, query={})
            .render_as_string(hide_password=False)
            for name in ("app", "relay")
        }
        return Place(
            self.folder,
            self.owner,
            self.admin,
            moved["app"],
            moved["relay"],
            self.tenants,
            world_port,
            self.seed,
        )

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows as a superuser sees them, over no wire; a server that recovers is waited for.

        Raises:
            OperationalError: it does not come back for a long time.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                with self.superuser() as connection:
                    return list(connection.execute(text(sql), values).all())
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    @contextmanager
    def superuser(self) -> Iterator[Connection]:
        """A superuser's transaction."""
        engine = create_engine(self.admin)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


def socket_of(server: EmbeddedPostgres) -> Path:
    """The server's unix socket."""
    return Path(str(make_url(server.admin_dsn).query["host"])) / ".s.PGSQL.5432"


@contextmanager
def running(
    folder: Path, seed: int, *, data: Path | None = None, options: Sequence[str] = ()
) -> Iterator[tuple[EmbeddedPostgres, Place]]:
    """A server with a migrated database, two tenants and the load's tables; stopped at the end.

    Logs are in ``folder``, the database in ``data`` where that is given.
    """
    with EmbeddedPostgres(data or folder, options=options) as server:
        create_database(server.admin_dsn, DATABASE)
        owner = server.dsn(OWNER, DATABASE)
        upgrade(owner)
        admin = server.dsn("postgres", DATABASE)
        place = Place(
            folder=folder,
            owner=owner,
            admin=admin,
            app=server.dsn(APP, DATABASE),
            relay=server.dsn(RELAY, DATABASE),
            tenants=(uuid4(), uuid4()),
            world_port=0,
            seed=seed,
        )
        fill(place)
        yield server, place


def fill(place: Place) -> None:
    """The tenants, and the tables of the load."""
    with place.superuser() as connection:
        for number, tenant in enumerate(place.tenants):
            connection.execute(
                _TENANT,
                {"id": tenant, "nome": f"Conta {number}", "created_at": datetime.now(UTC)},
            )
        for statement in _TABLES:
            connection.execute(text(statement))
        for _, key in place.keys:
            connection.execute(text("INSERT INTO caos.chaves (chave) VALUES (:key)"), {"key": key})
