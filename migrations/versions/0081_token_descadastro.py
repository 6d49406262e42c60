"""The token of a lead's unsubscribe link is made from its id, no longer stored.

Links in letters that were sent before go on working: their tokens stay, and are looked up. Going
back gives a new token to each lead without one; links that were sent in between end then.
"""

from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

_LEADS = "nigredo_leads.leads"


def upgrade() -> None:
    op.execute(f"ALTER TABLE {_LEADS} DROP CONSTRAINT uq_leads_token_descadastro")
    op.execute(f"ALTER TABLE {_LEADS} ALTER COLUMN token_descadastro DROP NOT NULL")
    op.execute(
        f"CREATE UNIQUE INDEX uq_leads_token_descadastro ON {_LEADS} (tenant_id, token_descadastro)"
        " WHERE token_descadastro IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX nigredo_leads.uq_leads_token_descadastro")
    op.execute(
        f"UPDATE {_LEADS} SET token_descadastro = replace(gen_random_uuid()::text, '-', '') "
        "WHERE token_descadastro IS NULL"
    )
    op.execute(f"ALTER TABLE {_LEADS} ALTER COLUMN token_descadastro SET NOT NULL")
    op.execute(
        f"ALTER TABLE {_LEADS} ADD CONSTRAINT uq_leads_token_descadastro "
        "UNIQUE (tenant_id, token_descadastro)"
    )
