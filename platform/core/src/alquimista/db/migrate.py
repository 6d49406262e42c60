"""Running the migrations of the repository's ``migrations/`` folder."""

from __future__ import annotations

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_ENVIRONMENT = "ALQUIMISTA_MIGRATIONS"


def migrations_folder() -> Path:
    """``$ALQUIMISTA_MIGRATIONS``, or the ``migrations`` folder of the repository.

    Raises:
        FileNotFoundError: neither is there.
    """
    named = os.environ.get(_ENVIRONMENT)
    candidates = (
        [Path(named)]
        if named
        else [parent / "migrations" for parent in (Path.cwd(), *Path(__file__).resolve().parents)]
    )
    for candidate in candidates:
        if (candidate / "env.py").is_file():
            return candidate
    raise FileNotFoundError(f"no migrations folder; set {_ENVIRONMENT}")


def config(owner_dsn: str) -> Config:
    """Alembic's configuration for a database."""
    settings = Config()
    settings.set_main_option("script_location", str(migrations_folder()))
    settings.set_main_option("sqlalchemy.url", owner_dsn.replace("%", "%%"))
    return settings


def upgrade(owner_dsn: str, revision: str = "head") -> None:
    """Bring a database up to a revision, as the owner login."""
    command.upgrade(config(owner_dsn), revision)


def downgrade(owner_dsn: str, revision: str = "base") -> None:
    """Take a database down to a revision, as the owner login."""
    command.downgrade(config(owner_dsn), revision)


def head() -> str | None:
    """The newest revision of the folder."""
    return ScriptDirectory(str(migrations_folder())).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision that a database is at."""
    return MigrationContext.configure(
        connection, opts={"version_table_schema": "alquimista_platform"}
    ).get_current_revision()
