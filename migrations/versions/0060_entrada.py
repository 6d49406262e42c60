"""Refused logins and keys leave a trace; a machine's key is found and marked in one statement."""

import sqlalchemy as sa
from alembic import op

from alquimista.plataforma.functions import REFUSALS, signature

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("recusada_em", sa.DateTime(timezone=True)), schema=SCHEMA)
    for name, definition in REFUSALS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")


def downgrade() -> None:
    for name in REFUSALS:
        op.execute(f"DROP FUNCTION {signature(name)}")
    op.drop_column("api_keys", "recusada_em", schema=SCHEMA)
