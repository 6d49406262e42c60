"""Slots that a run took and never confirmed expire as offered ones do."""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        UPDATE nigredo_leads.agendamento_horarios h
        SET estado = 'segurado', expira_em = coalesce(a.expira_em, a.updated_at),
            versao = h.versao + 1
        FROM nigredo_leads.agendamentos a
        WHERE a.tenant_id = h.tenant_id AND a.id = h.agendamento_id
          AND a.status = 'proposto' AND h.estado = 'confirmado'
        """
    )


def downgrade() -> None:
    """Earlier code frees expired slots too: nothing to take back."""
