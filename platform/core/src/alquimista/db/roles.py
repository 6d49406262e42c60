"""The three logins. None is superuser, none bypasses row-level security."""

from __future__ import annotations

from sqlalchemy import Connection, create_engine, text

OWNER = "alquimista_owner"
APP = "alquimista_app"
RELAY = "fibonacci_relay"
SCHEMAS = ("fibonacci_core", "nigredo_leads", "alquimista_platform")
EXTENSIONS = ("btree_gist",)


def create_roles(connection: Connection, password: str | None = None) -> None:
    """Create the logins where they are missing; run by a superuser.

    ``password`` is given to those that are created; a production installation changes each.
    """
    for role in (OWNER, APP, RELAY):
        exists = connection.execute(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
        ).scalar()
        if not exists:
            connection.execute(
                text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
            )
            if password is not None:
                literal = password.replace("'", "''")
                connection.exec_driver_sql(
                    f"ALTER ROLE {role} PASSWORD '{literal}'".replace("%", "%%")
                )


def create_database(admin_dsn: str, name: str) -> None:
    """Create a database owned by the owner login, with its extensions, where it is missing.

    ``admin_dsn`` is a superuser's, to any other database of the server. Logins that it creates
    take the superuser's password, if there is one.
    """
    engine = create_engine(admin_dsn, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        password = engine.url.password
        create_roles(connection, str(password) if password else None)
        exists = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        ).scalar()
        if not exists:
            connection.execute(text(f'CREATE DATABASE "{name}" OWNER {OWNER}'))
        url = engine.url.set(database=name)
    engine.dispose()
    inner = create_engine(url)
    with inner.begin() as connection:
        for extension in EXTENSIONS:
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        connection.execute(text("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
        connection.execute(text("GRANT USAGE ON SCHEMA public TO PUBLIC"))
    inner.dispose()
