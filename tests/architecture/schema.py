"""The migrated schema as PostgreSQL's catalogue has it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from alquimista.db.roles import SCHEMAS

VERSION_TABLE = "alquimista_platform.alembic_version"
GLOBAL_TABLES = {
    "alquimista_platform.agents": "the catalogue of installed agents is one for all tenants",
    "alquimista_platform.codigos_reserva": "a person's, whatever the tenant; their policy",
    "alquimista_platform.links_acesso": "a person's, whatever the tenant; their policy",
    "alquimista_platform.renovacoes": "a person's, whatever the tenant; their policy",
    "alquimista_platform.segundo_fatores": "a person's, whatever the tenant; their policy",
    "alquimista_platform.sessoes": "a person's, whatever the tenant; their policy",
    "alquimista_platform.signing_keys": "keys sign every tenant's tokens",
    "alquimista_platform.tenants": "a row is a tenant; its policy compares id",
    "alquimista_platform.tentativas_login": "asked before a tenant is known; functions only",
    "alquimista_platform.users": "a person may belong to several tenants; memberships say which",
}
"""Tables without tenant_id, and why each may be."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: ``rls`` and ``forced`` are its row-level security."""

    name: str
    columns: tuple[str, ...]
    rls: bool
    forced: bool


@dataclass(frozen=True, slots=True)
class Index:
    """An index, of a constraint or not, by its first columns in order."""

    table: str
    name: str
    unique: bool
    primary: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and the expression of its default."""

    name: str
    default: str | None


def tables(connection: Connection) -> list[Table]:
    """Every table of the three schemas."""
    rows = connection.execute(
        text(
            """
            SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AS rls,
                   c.relforcerowsecurity AS forced,
                   array_agg(a.attname::text ORDER BY a.attnum) AS columns
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')
            GROUP BY 1, 2, 3 ORDER BY 1
            """
        ),
        {"schemas": list(SCHEMAS)},
    )
    return [Table(row.name, tuple(row.columns), row.rls, row.forced) for row in rows]


def views(connection: Connection) -> dict[str, bool]:
    """Every view of the three schemas, and whether it runs with the rights of its caller."""
    rows = connection.execute(
        text(
            """
            SELECT n.nspname || '.' || c.relname AS name,
                   coalesce('security_invoker=true' = ANY(c.reloptions), false) AS invoker
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('v', 'm')
            """
        ),
        {"schemas": list(SCHEMAS)},
    )
    return {row.name: row.invoker for row in rows}


def tenant_tables(connection: Connection) -> list[Table]:
    """Every table that holds rows of tenants."""
    others = {VERSION_TABLE, *GLOBAL_TABLES}
    return [table for table in tables(connection) if table.name not in others]


def indexes(connection: Connection) -> list[Index]:
    """Every index of the three schemas; an expression counts as the column ''."""
    rows = connection.execute(
        text(
            """
            SELECT n.nspname || '.' || t.relname AS table_name, c.relname AS name,
                   i.indisunique AS unique, i.indisprimary AS primary,
                   array_agg(coalesce(a.attname::text, '') ORDER BY k.position) AS columns
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, position)
            LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum > 0
            WHERE n.nspname = ANY(:schemas) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
            """
        ),
        {"schemas": list(SCHEMAS)},
    )
    return [
        Index(row.table_name, row.name, row.unique, row.primary, tuple(row.columns)) for row in rows
    ]


def defaults(connection: Connection) -> list[Column]:
    """Every column that has a default."""
    rows = connection.execute(
        text(
            """
            SELECT table_schema || '.' || table_name || '.' || column_name AS name, column_default
            FROM information_schema.columns
            WHERE table_schema = ANY(:schemas) AND column_default IS NOT NULL ORDER BY 1
            """
        ),
        {"schemas": list(SCHEMAS)},
    )
    return [Column(row.name, row.column_default) for row in rows]
