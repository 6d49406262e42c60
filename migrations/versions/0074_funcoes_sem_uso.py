"""Look-ups that nothing calls any more are gone: each was a way across tenants."""

from alembic import op

from alquimista.plataforma.functions import ACCESS, DROPPED, LOOKUPS, signature

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in DROPPED:
        op.execute(f"DROP FUNCTION {signature(name)}")


def downgrade() -> None:
    known = {**LOOKUPS, **ACCESS}
    for name in DROPPED:
        op.execute(known[name])
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")
