"""A data subject's request may be against one purpose."""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    op.add_column("pedidos_titular", sa.Column("finalidade", sa.String(40)), schema=SCHEMA)


def downgrade() -> None:
    op.execute(f"DELETE FROM {SCHEMA}.pedidos_titular WHERE tipo = 'oposicao'")
    op.drop_column("pedidos_titular", "finalidade", schema=SCHEMA)
