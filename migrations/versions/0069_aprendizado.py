"""Corrections of readings, and the models that accounts train on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0069"
down_revision = "0066"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    op.add_column("interacoes", sa.Column("modelo", sa.String(length=120)), schema=SCHEMA)
    op.add_column(
        "interacoes",
        sa.Column("corrigida", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "correcoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interacao_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("intent", sa.String(length=20), nullable=False),
        sa.Column("sentimento", sa.String(length=50), nullable=False),
        sa.Column("intensidade", sa.Integer(), nullable=True),
        sa.Column("descadastro", sa.String(length=10), nullable=False),
        sa.Column("antes", postgresql.JSONB(), nullable=False),
        sa.Column("texto", sa.Text(), nullable=True),
        sa.Column("desfeita_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "interacao_id"],
            ["nigredo_leads.interacoes.tenant_id", "nigredo_leads.interacoes.id"],
            name=op.f("fk_correcoes_tenant_id_interacao_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["nigredo_leads.leads.tenant_id", "nigredo_leads.leads.id"],
            name=op.f("fk_correcoes_tenant_id_lead_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_correcoes")),
        sa.UniqueConstraint("tenant_id", "interacao_id", name="uq_correcoes_interacao"),
        schema=SCHEMA,
    )
    op.create_index("ix_correcoes_lead", "correcoes", ["tenant_id", "lead_id"], schema=SCHEMA)
    op.tenant_rls(SCHEMA, "correcoes")
    op.create_table(
        "modelos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operacao", sa.String(length=80), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("conteudo_hash", sa.String(length=64), nullable=True),
        sa.Column("aceito", sa.Boolean(), nullable=False),
        sa.Column("ativo", sa.Boolean(), nullable=False),
        sa.Column("quantidade", sa.Integer(), nullable=False),
        sa.Column("motivo", sa.String(length=255), nullable=False),
        sa.Column("metricas", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_modelos")),
        sa.UniqueConstraint("tenant_id", "operacao", "numero", name="uq_modelos_numero"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_modelos_ativo",
        "modelos",
        ["tenant_id", "operacao"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("ativo"),
    )
    op.tenant_rls(SCHEMA, "modelos")


def downgrade() -> None:
    op.drop_table("modelos", schema=SCHEMA)
    op.drop_table("correcoes", schema=SCHEMA)
    op.drop_column("interacoes", "corrigida", schema=SCHEMA)
    op.drop_column("interacoes", "modelo", schema=SCHEMA)
