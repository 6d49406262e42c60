"""Who may come in: look-up of a token's person, counted login attempts, the schema's revision."""

import sqlalchemy as sa
from alembic import op

from alquimista.plataforma.functions import ACCESS, signature

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "alquimista_platform.tentativas_login"


def upgrade() -> None:
    op.create_table(
        "tentativas_login",
        sa.Column("chave", sa.String(length=64), nullable=False),
        sa.Column("falhas", sa.Integer(), nullable=False),
        sa.Column("bloqueado_ate", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chave", name=op.f("pk_tentativas_login")),
        schema="alquimista_platform",
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY owner ON {TABLE} FOR ALL TO alquimista_owner USING (true) WITH CHECK (true)"
    )
    for name, definition in ACCESS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")
    op.execute("GRANT SELECT ON alquimista_platform.alembic_version TO alquimista_app")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alquimista_platform.alembic_version FROM alquimista_app")
    for name in ACCESS:
        op.execute(f"DROP FUNCTION {signature(name)}")
    op.drop_table("tentativas_login", schema="alquimista_platform")
