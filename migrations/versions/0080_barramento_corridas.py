"""Version 4 of the bus's tables: a finished run is its row of the inbox."""

from alembic import op

from fibonacci_bus import revision_4

revision = "0080"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revision_4.upgrade(op.execute)


def downgrade() -> None:
    revision_4.downgrade(op.execute)
