"""Which tools of an outside MCP server exist under scopes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.add_column(
        "servidores_mcp", sa.Column("permitidas", postgresql.JSONB(), nullable=True), schema=SCHEMA
    )


def downgrade() -> None:
    op.drop_column("servidores_mcp", "permitidas", schema=SCHEMA)
