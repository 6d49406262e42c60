"""A receiver's former secret signs beside the new one until its time is over."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("segredo_anterior", sa.LargeBinary()), schema=SCHEMA)
    op.add_column("webhooks", sa.Column("anterior_ate", sa.DateTime(timezone=True)), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("webhooks", "anterior_ate", schema=SCHEMA)
    op.drop_column("webhooks", "segredo_anterior", schema=SCHEMA)
