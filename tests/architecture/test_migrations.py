"""Migrations go up and down, and end where the models are."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, create_engine, text

from alquimista.db.migrate import current, downgrade, head, upgrade
from alquimista.db.models import metadata
from alquimista.db.roles import SCHEMAS
from alquimista.plataforma.functions import DROPPED, signature
from fibonacci_bus import ddl
from tests.architecture.schema import VERSION_TABLE, tables, views
from tests.database import Urls


def _ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "schema" or name in SCHEMAS


def _compared(item: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    table = item if isinstance(item, Table) else getattr(item, "table", None)
    if table is not None and table.schema == ddl.SCHEMA:
        return False
    return not (kind == "table" and reflected and name == "alembic_version")


def test_models_and_migrated_schema_are_the_same(catalogue: Connection) -> None:
    context = MigrationContext.configure(
        catalogue,
        opts={
            "include_schemas": True,
            "include_name": _ours,
            "include_object": _compared,
            "compare_type": True,
            "version_table_schema": "alquimista_platform",
        },
    )
    assert compare_metadata(context, metadata) == []


def test_every_tenant_model_says_so(catalogue: Connection) -> None:
    by_columns = {
        table.fullname for table in metadata.tables.values() if "tenant_id" in table.columns
    }
    by_info = {
        table.fullname for table in metadata.tables.values() if table.info.get("tenant") is True
    }
    assert by_info == by_columns
    in_database = {table.name for table in tables(catalogue)} | set(views(catalogue))
    bus = {f"{ddl.SCHEMA}.{name}" for name in ddl.TABLES}
    assert set(metadata.tables) | bus == in_database - {VERSION_TABLE}


def test_an_empty_database_goes_up_down_and_up_again(bare_database: Urls) -> None:
    engine = create_engine(bare_database.owner)
    upgrade(bare_database.owner)
    with engine.begin() as connection:
        assert current(connection) == head()
        there = {table.name for table in tables(connection)}
    downgrade(bare_database.owner)
    with engine.begin() as connection:
        assert {table.name for table in tables(connection)} <= {VERSION_TABLE}
    upgrade(bare_database.owner)
    with engine.begin() as connection:
        assert {table.name for table in tables(connection)} == there
    engine.dispose()


def test_a_filled_database_goes_down_and_up_again(fresh_database: Urls) -> None:
    filled = _fill(fresh_database)
    downgrade(fresh_database.owner)
    upgrade(fresh_database.owner)
    engine = create_engine(fresh_database.owner)
    with engine.begin() as connection:
        names = {table.name for table in tables(connection)} - {VERSION_TABLE}
        assert filled == names, "each table held a row before it went down"
        assert current(connection) == head()
    engine.dispose()


def test_functions_that_nothing_calls_are_dropped_and_come_back_on_the_way_down(
    fresh_database: Urls,
) -> None:
    assert _callable(fresh_database) == set()
    downgrade(fresh_database.owner, "0073")
    assert _callable(fresh_database) == set(DROPPED)
    upgrade(fresh_database.owner)
    assert _callable(fresh_database) == set()


def _callable(urls: Urls) -> set[str]:
    """Which of the dropped functions the app login may call."""
    engine = create_engine(urls.app)
    query = text("SELECT has_function_privilege(to_regprocedure(:name), 'EXECUTE')")
    with engine.begin() as connection:
        found = {
            name
            for name in DROPPED
            if connection.execute(query, {"name": signature(name)}).scalar_one()
        }
    engine.dispose()
    return found


def _fill(urls: Urls) -> set[str]:
    """A row in every table, straight from the columns' types; answers the tables' names."""
    engine = create_engine(urls.admin)
    filled = set()
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        for table in tables(connection):
            if table.name == VERSION_TABLE:
                continue
            values = sample(connection, table.name)
            columns = ", ".join(f'"{column}"' for column in values)
            connection.execute(
                text(f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(values.values())}")
            )
            filled.add(table.name)
    engine.dispose()
    return filled


def sample(connection: Connection, table: str) -> dict[str, str]:
    """An SQL value for each column that needs one."""
    samples = {
        "uuid": "gen_random_uuid()",
        "jsonb": "'{}'::jsonb",
        "timestamp with time zone": "clock_timestamp()",
        "date": "current_date",
        "boolean": "true",
        "bytea": "'x'::bytea",
    }
    rows = connection.execute(
        text(
            "SELECT column_name::text, data_type::text FROM information_schema.columns "
            "WHERE table_schema || '.' || table_name = :table AND is_nullable = 'NO' "
            "AND column_default IS NULL AND is_identity = 'NO'"
        ),
        {"table": table},
    )
    return {name: samples.get(kind, "'1'") for name, kind in rows}
