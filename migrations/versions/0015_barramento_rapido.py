"""Version 2 of the bus's tables: groups without a claim, plans that hold while tables grow."""

from alembic import op

from fibonacci_bus import revision_2

revision = "0015"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    revision_2.upgrade(op.execute)


def downgrade() -> None:
    revision_2.downgrade(op.execute)
