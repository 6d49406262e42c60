"""The bus's tables, from the bus's own DDL."""

from alembic import op

from fibonacci_bus import ddl

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA fibonacci_core")
    ddl.upgrade(op.execute)


def downgrade() -> None:
    ddl.downgrade(op.execute)
    op.execute("DROP SCHEMA fibonacci_core")
