"""Outside MCP servers of a tenant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0033"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.create_table(
        "servidores_mcp",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=30), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("segredo", sa.LargeBinary(), nullable=True),
        sa.Column("ferramentas", postgresql.JSONB(), nullable=False),
        sa.Column("ativo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_servidores_mcp")),
        sa.UniqueConstraint("tenant_id", "nome", name="uq_servidores_mcp_nome"),
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "servidores_mcp")


def downgrade() -> None:
    op.drop_table("servidores_mcp", schema=SCHEMA)
