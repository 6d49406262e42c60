"""Look-ups that run before the tenant is known."""

from alembic import op

from alquimista.plataforma.functions import LOOKUPS, signature

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, definition in LOOKUPS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")


def downgrade() -> None:
    for name in LOOKUPS:
        op.execute(f"DROP FUNCTION {signature(name)}")
