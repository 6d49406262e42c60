"""Options that commands share, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import click
from sqlalchemy import Connection, create_engine, text

from alquimista.cli_errors import Falha
from alquimista.settings import Settings
from fibonacci_bus import InvalidPattern, Pattern, compile_pattern

TENANT = click.option("--tenant", default=None, help="Id ou nome do tenant.")
JSON = click.option("--json", "as_json", is_flag=True, help="Imprime em JSON.")
PATTERN = click.option("--pattern", default=None, help="Padrão do EventBridge, em JSON.")


def tenant_of(settings: Settings, name: str | None) -> UUID:
    """The tenant of an option; without one, the only tenant that there is.

    Raises:
        Falha: no such tenant, or several and none named.
    """
    with owner_connection(settings.owner_dsn) as connection:
        return find_tenant(connection, name)


def find_tenant(connection: Connection, name: str | None) -> UUID:
    """A tenant by id or name, through the owner login; see ``tenant_of``."""
    rows = connection.execute(
        text(
            "SELECT id FROM alquimista_platform.tenants WHERE CAST(:name AS text) IS NULL "
            "OR id::text = :name OR nome = :name ORDER BY created_at LIMIT 2"
        ),
        {"name": name},
    ).scalars()
    found: list[UUID] = list(rows)
    if not found:
        raise Falha(f"não há tenant com id ou nome {name!r}" if name else "ainda não há tenants")
    if len(found) > 1:
        raise Falha("há mais de um tenant assim; escolha um por id com --tenant")
    return found[0]


def read_pattern(raw: str | None) -> Pattern | None:
    """The pattern of an option. Raises ``Falha`` where it is no JSON or no pattern."""
    if raw is None:
        return None
    try:
        return compile_pattern(json.loads(raw))
    except ValueError as error:
        raise Falha(f"--pattern não é JSON: {error}") from error
    except InvalidPattern as error:
        raise Falha(f"--pattern: {error}") from error


@contextmanager
def owner_connection(dsn: str) -> Iterator[Connection]:
    """A connection of an address, in a transaction that is rolled back at the end."""
    engine = create_engine(dsn)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
