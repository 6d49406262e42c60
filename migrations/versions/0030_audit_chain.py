"""The audit log's chain: before and after, from where, a link for each entry, a head per tenant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from alquimista.plataforma.functions import AUDIT, signature

revision = "0030"
down_revision = "0020"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"
LOGS = f"{SCHEMA}.audit_logs"
EXISTING = (
    f"SELECT {SCHEMA}.audit_append(tenant_id, id) FROM "
    f"(SELECT tenant_id, id FROM {LOGS} ORDER BY tenant_id, created_at, id) AS entries"
)


def upgrade() -> None:
    for name in ("antes", "depois"):
        op.add_column(
            "audit_logs",
            sa.Column(name, postgresql.JSONB(none_as_null=True), nullable=True),
            schema=SCHEMA,
        )
    op.add_column(
        "audit_logs", sa.Column("rede", sa.String(length=64), nullable=True), schema=SCHEMA
    )
    op.create_table(
        "audit_links",
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("tenant_id", "numero", name="uq_audit_links_numero"),
        schema=SCHEMA,
    )
    op.create_table(
        "audit_heads",
        *_keys(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_heads")),
        schema=SCHEMA,
    )
    for table in ("audit_links", "audit_heads"):
        op.tenant_rls(SCHEMA, table, append_only=True)
        op.execute(f"REVOKE INSERT ON {SCHEMA}.{table} FROM alquimista_app")
    for name, definition in AUDIT.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
    op.execute(EXISTING)
    op.execute(
        f"CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON {LOGS} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.audit_chain()"
    )


def downgrade() -> None:
    op.execute(f"DROP TRIGGER audit_chain ON {LOGS}")
    for name in reversed(AUDIT):
        op.execute(f"DROP FUNCTION {signature(name)}")
    op.drop_table("audit_heads", schema=SCHEMA)
    op.drop_table("audit_links", schema=SCHEMA)
    for name in ("rede", "depois", "antes"):
        op.drop_column("audit_logs", name, schema=SCHEMA)


def _keys() -> list[sa.Column]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("numero", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
    ]
