"""Idempotency keys of POST, and the counters of the API's limits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.create_table(
        "chaves_idempotencia",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ator_id", sa.String(length=80), nullable=False),
        sa.Column("chave", sa.String(length=255), nullable=False),
        sa.Column("corpo_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("resposta", sa.LargeBinary(), nullable=True),
        sa.Column("cabecalhos", postgresql.JSONB(), nullable=False),
        sa.Column("refs", postgresql.JSONB(), nullable=False),
        sa.Column("expira_em", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chaves_idempotencia")),
        sa.UniqueConstraint("tenant_id", "ator_id", "chave", name="uq_chaves_idempotencia_chave"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_chaves_idempotencia_expira",
        "chaves_idempotencia",
        ["tenant_id", "expira_em"],
        unique=False,
        schema=SCHEMA,
    )
    op.create_table(
        "limites_api",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("janela", sa.BigInteger(), nullable=False),
        sa.Column("usados", sa.Integer(), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_limites_api")),
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "chaves_idempotencia")
    op.tenant_rls(SCHEMA, "limites_api")


def downgrade() -> None:
    op.drop_table("limites_api", schema=SCHEMA)
    op.drop_table("chaves_idempotencia", schema=SCHEMA)
