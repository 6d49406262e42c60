"""Two indexes of leads in the form that their queries use, so that an import writes less."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SCHEMA = "nigredo_leads"


def upgrade() -> None:
    # Lists are by created_at descending and id ascending: no scan of the index gives that order,
    # so the id in it only kept equal times from being stored once.
    op.drop_index("ix_leads_created", "leads", schema=SCHEMA)
    op.create_index("ix_leads_created", "leads", ["tenant_id", "created_at"], schema=SCHEMA)
    # A lead is looked for by the lot that it has; an import's leads have none yet.
    op.drop_index("ix_leads_lote", "leads", schema=SCHEMA)
    op.create_index(
        "ix_leads_lote",
        "leads",
        ["tenant_id", "lote_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("lote_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_leads_lote", "leads", schema=SCHEMA)
    op.create_index("ix_leads_lote", "leads", ["tenant_id", "lote_id"], schema=SCHEMA)
    op.drop_index("ix_leads_created", "leads", schema=SCHEMA)
    op.create_index("ix_leads_created", "leads", ["tenant_id", "created_at", "id"], schema=SCHEMA)
