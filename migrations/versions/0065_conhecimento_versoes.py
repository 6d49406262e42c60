"""Tags, publishing and earlier versions of the knowledge base's entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    op.add_column(
        "conhecimento",
        sa.Column(
            "etiquetas",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        schema=SCHEMA,
    )
    op.add_column(
        "conhecimento",
        sa.Column("ativo", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema=SCHEMA,
    )
    op.add_column(
        "conhecimento",
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        schema=SCHEMA,
    )
    op.create_table(
        "conhecimento_versoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conhecimento_id", sa.Uuid(), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("titulo", sa.String(length=255), nullable=False),
        sa.Column("texto", sa.Text(), nullable=False),
        sa.Column("palavras", sa.Text(), nullable=False),
        sa.Column("etiquetas", postgresql.JSONB(), nullable=False),
        sa.Column("ativo", sa.Boolean(), nullable=False),
        sa.Column("removido", sa.Boolean(), nullable=False),
        sa.Column("mudado_por", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conhecimento_versoes")),
        sa.UniqueConstraint(
            "tenant_id", "conhecimento_id", "numero", name="uq_conhecimento_versoes_numero"
        ),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_conhecimento_versoes_created",
        "conhecimento_versoes",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema=SCHEMA,
    )
    op.tenant_rls(SCHEMA, "conhecimento_versoes")


def downgrade() -> None:
    op.drop_table("conhecimento_versoes", schema=SCHEMA)
    # Earlier code would answer leads from entries that nobody has published.
    op.execute(f"DELETE FROM {SCHEMA}.conhecimento WHERE NOT ativo")
    op.drop_column("conhecimento", "updated_at", schema=SCHEMA)
    op.drop_column("conhecimento", "ativo", schema=SCHEMA)
    op.drop_column("conhecimento", "etiquetas", schema=SCHEMA)
