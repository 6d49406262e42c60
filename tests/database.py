"""Databases for tests: one server for all of them, a migrated template, a copy for each test.

The server lives below ``.alquimista/tests`` and is kept between runs. ``DATABASE_URL`` names
another one: the address of a superuser, on a server whose contents nobody needs. The template is
named by the hash of what makes the schema, so a changed migration builds a new one.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, create_engine, make_url, text

from alquimista.db.embedded import EmbeddedPostgres, binaries
from alquimista.db.migrate import upgrade
from alquimista.db.roles import APP, OWNER, RELAY, create_database
from alquimista.settings import psycopg2_address

ROOT = Path(__file__).resolve().parent.parent
SERVER_OPTIONS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_SCHEMA_SOURCES = (
    "migrations/env.py",
    "migrations/versions/*.py",
    "fibonacci_bus/src/fibonacci_bus/ddl.py",
    "fibonacci_bus/src/fibonacci_bus/routines.py",
    "fibonacci_bus/src/fibonacci_bus/receiving.py",
    "fibonacci_bus/src/fibonacci_bus/revision_2.py",
    "fibonacci_bus/src/fibonacci_bus/revision_3.py",
    "fibonacci_bus/src/fibonacci_bus/revision_4.py",
    "platform/core/src/alquimista/db/operations.py",
    "platform/core/src/alquimista/db/roles.py",
    "platform/core/src/alquimista/plataforma/functions.py",
)
_TEMPLATES_KEPT = 6
_LOCK = 41_816_765
_counter = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its superuser's address, to the maintenance database."""

    admin: str


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one database, by login."""

    owner: str
    app: str
    relay: str
    admin: str


@contextmanager
def running_server() -> Iterator[Server]:
    """``DATABASE_URL``'s server, or the embedded one; the last user stops it."""
    given = psycopg2_address(os.environ.get("DATABASE_URL"))
    if given is not None:
        yield Server(given)
        return
    folder = hashlib.sha256(str(binaries()).encode()).hexdigest()[:8]
    home = ROOT / ".alquimista" / f"tests-{folder}"
    with EmbeddedPostgres(home, options=SERVER_OPTIONS) as server:
        yield Server(server.admin_dsn)


@contextmanager
def server_home() -> Iterator[Path]:
    """A folder for a server of one test, removed with its server afterwards.

    It is below the project, because root's database server cannot reach pytest's own folders and
    would keep its data elsewhere, where nobody removes it.
    """
    home = ROOT / ".alquimista" / f"teste-{uuid4()}"
    home.mkdir(parents=True)
    try:
        yield home
    finally:
        last = EmbeddedPostgres(home)
        if last.pid is not None:
            last.start()
            last.stop()
        shutil.rmtree(home)


def schema_hash() -> str:
    """A short name for the state of everything that makes the schema."""
    digest = hashlib.sha256()
    for pattern in _SCHEMA_SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def template(server: Server) -> str:
    """The name of the migrated template; the first who needs it builds it, the rest wait."""
    name = f"molde_{schema_hash()}"
    with _admin(server) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        if not _exists(connection, name):
            building = f"{name}_em_obra"
            connection.execute(text(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)'))
            create_database(server.admin, building)
            upgrade(urls(server, building).owner)
            connection.execute(text(f'ALTER DATABASE "{building}" ALLOW_CONNECTIONS false'))
            connection.execute(text(f'ALTER DATABASE "{building}" RENAME TO "{name}"'))
            _drop_old(connection)
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
    return name


@contextmanager
def copied_database(server: Server, source: str) -> Iterator[Urls]:
    """A copy of the template, dropped afterwards."""
    name = unique_name()
    with _admin(server) as connection:
        connection.execute(
            text(f'CREATE DATABASE "{name}" TEMPLATE "{source}" OWNER {OWNER} STRATEGY FILE_COPY')
        )
    try:
        yield urls(server, name)
    finally:
        drop_database(server, name)


@contextmanager
def empty_database(server: Server) -> Iterator[Urls]:
    """A database without any migration, dropped afterwards."""
    name = unique_name()
    with _admin(server) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        create_database(server.admin, name)
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
    try:
        yield urls(server, name)
    finally:
        drop_database(server, name)


def unique_name() -> str:
    """A database name that carries the process, so that leftovers can be told."""
    return f"teste_{os.getpid()}_{next(_counter)}"


def drop_database(server: Server, name: str) -> None:
    """Drop a database, whoever is connected."""
    with _admin(server) as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def drop_leftovers(server: Server) -> None:
    """Drop the databases of test processes that died (this machine's server only)."""
    with _admin(server) as connection:
        names = connection.execute(
            text("SELECT datname FROM pg_database WHERE datname ~ '^teste_[0-9]+_[0-9]+$'")
        ).scalars()
        for name in list(names):
            pid = re.split("_", name)[1]
            if not Path(f"/proc/{pid}").exists():
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def urls(server: Server, name: str) -> Urls:
    """The addresses of a database of the server."""
    base = make_url(server.admin).set(database=name)

    def of(user: str) -> str:
        return base.set(username=user).render_as_string(hide_password=False)

    return Urls(of(OWNER), of(APP), of(RELAY), base.render_as_string(hide_password=False))


@contextmanager
def _admin(server: Server) -> Iterator[Connection]:
    engine = create_engine(server.admin, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute(
        text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
    )
    return found.scalar() is not None


def _drop_old(connection: Connection) -> None:
    names = connection.execute(
        text(
            "SELECT datname FROM pg_database WHERE datname ~ '^molde_[0-9a-f]+$' ORDER BY oid DESC"
        )
    ).scalars()
    for name in list(names)[_TEMPLATES_KEPT:]:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
