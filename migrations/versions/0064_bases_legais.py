"""Purposes with their legal bases, and the bases of leads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    op.create_table(
        "finalidades",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finalidade", sa.String(length=40), nullable=False),
        sa.Column("base_legal", sa.String(length=40), nullable=False),
        sa.Column("descricao", sa.Text(), nullable=False),
        sa.Column("dados", postgresql.JSONB(), nullable=False),
        sa.Column("ativa", sa.Boolean(), nullable=False),
        sa.Column("lia", postgresql.JSONB(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_finalidades")),
        sa.UniqueConstraint("tenant_id", "finalidade", name="uq_finalidades_finalidade"),
        schema=SCHEMA,
    )
    op.create_table(
        "bases_legais",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("finalidade", sa.String(length=40), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("base_legal", sa.String(length=40), nullable=False),
        sa.Column("meio", sa.String(length=20), nullable=False),
        sa.Column("texto", sa.Text(), nullable=True),
        sa.Column("evidencia", sa.Text(), nullable=True),
        sa.Column("obtido_em", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retirado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retirado_meio", sa.String(length=20), nullable=True),
        sa.Column("retirado_motivo", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bases_legais")),
        sa.UniqueConstraint(
            "tenant_id", "lead_id", "finalidade", "numero", name="uq_bases_legais_numero"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            [f"{SCHEMA}.leads.tenant_id", f"{SCHEMA}.leads.id"],
            name=op.f("fk_bases_legais_tenant_id_lead_id"),
        ),
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "finalidades")
    op.tenant_rls(SCHEMA, "bases_legais")


def downgrade() -> None:
    op.drop_table("bases_legais", schema=SCHEMA)
    op.drop_table("finalidades", schema=SCHEMA)
