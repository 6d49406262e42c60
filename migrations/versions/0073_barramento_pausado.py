"""Version 3 of the bus's tables: messages of a suspended tenant or agent are paused."""

from alembic import op

from fibonacci_bus import revision_3

revision = "0073"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revision_3.upgrade(op.execute)


def downgrade() -> None:
    revision_3.downgrade(op.execute)
