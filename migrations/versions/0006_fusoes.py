"""Merges of leads that may be one, the blocks that find them, and leads by CNPJ."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"
INDEXES = {
    "ix_fusoes_lead": ("fusoes", ["tenant_id", "lead_id", "status"]),
    "ix_fusoes_outro": ("fusoes", ["tenant_id", "outro_id", "status"]),
    "ix_fusoes_status": ("fusoes", ["tenant_id", "status", "created_at", "id"]),
    "ix_fusao_blocos_importacao": ("fusao_blocos", ["tenant_id", "importacao_id", "id"]),
    "ix_fusao_blocos_dominio": ("fusao_blocos", ["tenant_id", "dominio"]),
    "ix_fusao_blocos_inicio": ("fusao_blocos", ["tenant_id", "inicio"]),
}


def upgrade() -> None:
    op.create_table(
        "fusoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("outro_id", sa.Uuid(), nullable=False),
        sa.Column("motivo", sa.String(length=20), nullable=False),
        sa.Column("escore", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("procedencia", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("decidido_por", sa.Uuid(), nullable=True),
        sa.Column("decidido_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        _to_lead("lead_id", "fk_fusoes_tenant_id_lead_id"),
        _to_lead("outro_id", "fk_fusoes_tenant_id_outro_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fusoes")),
        schema=SCHEMA,
    )
    op.create_table(
        "fusao_blocos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("importacao_id", sa.Uuid(), nullable=False),
        sa.Column("dominio", sa.String(length=255), nullable=True),
        sa.Column("inicio", sa.String(length=20), nullable=True),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        _to_lead("id", "fk_fusao_blocos_tenant_id_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fusao_blocos")),
        schema=SCHEMA,
    )
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, unique=False, schema=SCHEMA)
    op.tenant_rls(SCHEMA, "fusoes")
    op.tenant_rls(SCHEMA, "fusao_blocos")
    op.create_index("ix_leads_cnpj", "leads", ["tenant_id", "cnpj"], unique=False, schema=SCHEMA)


def downgrade() -> None:
    op.drop_index("ix_leads_cnpj", table_name="leads", schema=SCHEMA)
    op.drop_table("fusao_blocos", schema=SCHEMA)
    op.drop_table("fusoes", schema=SCHEMA)


def _to_lead(column: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{SCHEMA}.leads.tenant_id", f"{SCHEMA}.leads.id"],
        name=op.f(name),
    )
