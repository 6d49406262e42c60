"""A call is opened in one statement, and the key of one that died may soon be used again."""

import sqlalchemy as sa
from alembic import op

from alquimista.plataforma.functions import CALLS, signature

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"
TABLE = "chaves_idempotencia"


def upgrade() -> None:
    op.add_column(
        TABLE,
        sa.Column("feita", sa.Boolean(), server_default=sa.true(), nullable=False),
        schema=SCHEMA,
    )
    op.alter_column(TABLE, "feita", server_default=None, schema=SCHEMA)
    op.add_column(
        TABLE,
        sa.Column(
            "em_curso_ate",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        schema=SCHEMA,
    )
    op.alter_column(TABLE, "em_curso_ate", server_default=None, schema=SCHEMA)
    for name, definition in CALLS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")


def downgrade() -> None:
    for name in CALLS:
        op.execute(f"DROP FUNCTION {signature(name)}")
    op.drop_column(TABLE, "em_curso_ate", schema=SCHEMA)
    op.drop_column(TABLE, "feita", schema=SCHEMA)
