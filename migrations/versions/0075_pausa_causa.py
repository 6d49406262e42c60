"""A pause that only an uncertain reading caused may end when a person corrects the reading."""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

LEADS = "nigredo_leads.leads"


def upgrade() -> None:
    op.add_column("leads", sa.Column("pausa_causa", sa.String(30)), schema="nigredo_leads")
    op.execute(
        f"UPDATE {LEADS} SET pausa_causa = 'leitura_incerta' "
        "WHERE pausado AND pausa_motivo LIKE 'Possível pedido de descadastro%'"
    )


def downgrade() -> None:
    op.drop_column("leads", "pausa_causa", schema="nigredo_leads")
