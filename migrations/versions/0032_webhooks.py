"""Outbound webhooks and their deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("titulo", sa.String(length=120), nullable=False),
        sa.Column("padrao", postgresql.JSONB(), nullable=False),
        sa.Column("segredo", sa.LargeBinary(), nullable=False),
        sa.Column("ativo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhooks")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_webhooks_created", "webhooks", ["tenant_id", "created_at"], unique=False, schema=SCHEMA
    )
    op.create_table(
        "webhook_entregas",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("evento", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("tentativas", sa.Integer(), nullable=False),
        sa.Column("resposta_status", sa.Integer(), nullable=True),
        sa.Column("erro", sa.String(length=200), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("proximo_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            [f"{SCHEMA}.webhooks.tenant_id", f"{SCHEMA}.webhooks.id"],
            name="fk_webhook_entregas_webhook",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_entregas")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_webhook_entregas_created",
        "webhook_entregas",
        ["tenant_id", "webhook_id", "created_at", "id"],
        unique=False,
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "webhooks")
    op.tenant_rls(SCHEMA, "webhook_entregas")


def downgrade() -> None:
    op.drop_table("webhook_entregas", schema=SCHEMA)
    op.drop_table("webhooks", schema=SCHEMA)
