"""Fixtures of the tests that need a database: a server, a fresh copy for each test, tenants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

from alquimista.db.session import Database
from tests.database import (
    Server,
    Urls,
    copied_database,
    drop_leftovers,
    empty_database,
    running_server,
    template,
)

UNTRACED = ("acceptance", "architecture", "faults", "security")
"""Folders that ask about the whole, in thousands of calls or in processes of their own."""

_INSERT_TENANT = text(
    """
    INSERT INTO alquimista_platform.tenants
        (id, nome, fuso_horario, status, sandbox, configuracoes, created_at)
    VALUES (:id, :nome, 'America/Sao_Paulo', 'ativo', true, '{}', :created_at)
    """
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark whole folders."""
    if item.path.relative_to(Path(__file__).parent).parts[0] in UNTRACED:
        item.add_marker("untraced")


@dataclass(frozen=True, slots=True)
class TestTenant:
    """A row of ``tenants``."""

    __test__ = False

    id: UUID
    nome: str


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server of all tests of this run."""
    with running_server() as server:
        drop_leftovers(server)
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: Server) -> str:
    """The name of the migrated template."""
    return template(postgres)


@pytest.fixture
def fresh_database(postgres: Server, template_database: str) -> Iterator[Urls]:
    """A migrated database without rows, of this test alone."""
    with copied_database(postgres, template_database) as urls:
        yield urls


@pytest.fixture
def bare_database(postgres: Server) -> Iterator[Urls]:
    """A database that no migration has touched."""
    with empty_database(postgres) as urls:
        yield urls


@pytest.fixture
def owner_engine(fresh_database: Urls) -> Iterator[Engine]:
    """The owner login's engine: sees every tenant, and is no superuser."""
    engine = create_engine(fresh_database.owner, pool_pre_ping=True)
    yield engine
    engine.dispose()


@pytest.fixture
def database(fresh_database: Urls) -> Iterator[Database]:
    """The core's engines on the fresh database."""
    opened = Database(fresh_database.app, fresh_database.relay)
    yield opened
    opened.dispose()


@pytest.fixture
def new_tenant(owner_engine: Engine) -> Callable[[str], TestTenant]:
    """Insert an active sandbox tenant by name."""

    def insert(nome: str) -> TestTenant:
        tenant = TestTenant(uuid4(), nome)
        with owner_engine.begin() as connection:
            connection.execute(
                _INSERT_TENANT,
                {"id": tenant.id, "nome": nome, "created_at": datetime.now(UTC)},
            )
        return tenant

    return insert


@pytest.fixture
def tenant(new_tenant: Callable[[str], TestTenant]) -> TestTenant:
    """Tenant A."""
    return new_tenant("Alfa Indústria")


@pytest.fixture
def other_tenant(new_tenant: Callable[[str], TestTenant]) -> TestTenant:
    """Tenant B."""
    return new_tenant("Beta Comércio")
