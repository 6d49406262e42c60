"""Alembic's environment: runs as the owner login, one transaction for a whole upgrade."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

import alquimista.db.operations  # registers op.tenant_rls
from alquimista.db.models import metadata
from alquimista.db.roles import SCHEMAS

assert alquimista.db.operations
VERSION_SCHEMA = "alquimista_platform"


def _ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    return kind != "schema" or name in SCHEMAS


def run() -> None:
    """Migrate online; there is no offline mode, since policies need a live server."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table_schema=VERSION_SCHEMA,
            include_schemas=True,
            include_name=_ours,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
