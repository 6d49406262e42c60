"""Requests of data subjects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    op.create_table(
        "pedidos_titular",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tipo", sa.String(length=20), nullable=False),
        sa.Column("origem", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("email_hmac", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("disparo_id", sa.Uuid(), nullable=True),
        sa.Column("expira_em", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prazo_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("atendido_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resultado", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pedidos_titular")),
        sa.UniqueConstraint("tenant_id", "token_hash", name="uq_pedidos_titular_token"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_pedidos_titular_created",
        "pedidos_titular",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_index(
        "ix_pedidos_titular_email",
        "pedidos_titular",
        ["tenant_id", "email_hmac"],
        unique=False,
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "pedidos_titular")


def downgrade() -> None:
    op.drop_table("pedidos_titular", schema=SCHEMA)
