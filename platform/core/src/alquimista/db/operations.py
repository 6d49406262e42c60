"""The alembic operation that gives a tenant table its row-level security."""

from __future__ import annotations

from typing import Any

from alembic.operations import MigrateOperation, Operations

from alquimista.db.roles import APP, OWNER

POLICY = (
    "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), "
    "''::text))::uuid AS \"nullif\"))"
)
"""How PostgreSQL prints the policy's expression; the architecture test holds tables to it."""
_EXPRESSION = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"


@Operations.register_operation("tenant_rls")
class TenantRlsOp(MigrateOperation):
    """ENABLE and FORCE, the app's policy and grants, and the owner's own policy."""

    def __init__(self, schema: str, table: str, *, append_only: bool = False) -> None:
        self.schema = schema
        self.table = table
        self.append_only = append_only

    @classmethod
    def tenant_rls(
        cls, operations: Operations, schema: str, table: str, *, append_only: bool = False
    ) -> Any:
        """``op.tenant_rls(schema, table)``; ``append_only`` grants no UPDATE or DELETE."""
        return operations.invoke(cls(schema, table, append_only=append_only))


@Operations.implementation_for(TenantRlsOp)
def _apply(operations: Operations, operation: TenantRlsOp) -> None:
    for statement in rls_statements(
        operation.schema, operation.table, append_only=operation.append_only
    ):
        operations.execute(statement)


def rls_statements(schema: str, table: str, *, append_only: bool = False) -> tuple[str, ...]:
    """The SQL of a tenant table's isolation."""
    name = f'{schema}."{table}"'
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    return (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {name} FOR ALL TO {APP} "
        f"USING ({_EXPRESSION}) WITH CHECK ({_EXPRESSION})",
        f"CREATE POLICY owner ON {name} FOR ALL TO {OWNER} USING (true) WITH CHECK (true)",
        f"GRANT {rights} ON {name} TO {APP}",
    )
