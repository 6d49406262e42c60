"""Who was merged into whom: a merged lead may itself have taken in others."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import UnitOfWork

_DOWN = text(
    """
    WITH RECURSIVE abaixo(id) AS (
        SELECT outro_id FROM nigredo_leads.fusoes
        WHERE tenant_id = :tenant AND lead_id = :lead AND status = 'feita'
        UNION
        SELECT f.outro_id FROM nigredo_leads.fusoes f JOIN abaixo a ON f.lead_id = a.id
        WHERE f.tenant_id = :tenant AND f.status = 'feita'
    )
    SELECT id FROM abaixo WHERE id <> :lead ORDER BY id
    """
)
_UP = text(
    """
    WITH RECURSIVE acima(id, degrau) AS (
        SELECT CAST(:lead AS uuid), 0
        UNION ALL
        SELECT f.lead_id, a.degrau + 1 FROM nigredo_leads.fusoes f JOIN acima a ON f.outro_id = a.id
        WHERE f.tenant_id = :tenant AND f.status = 'feita' AND a.degrau < 100
    )
    SELECT id FROM acima ORDER BY degrau DESC LIMIT 1
    """
)


def absorvidos(uow: UnitOfWork, lead_id: UUID) -> list[UUID]:
    """The leads that were merged into one, at any depth."""
    rows = uow.connection.execute(_DOWN, {"tenant": uow.tenant_id, "lead": lead_id})
    return list(rows.scalars())


def atual(uow: UnitOfWork, lead_id: UUID) -> UUID:
    """The lead that a lead lives on in: itself where it was not merged."""
    found: UUID = uow.connection.execute(
        _UP, {"tenant": uow.tenant_id, "lead": lead_id}
    ).scalar_one()
    return found


def grupo(uow: UnitOfWork, lead_id: UUID) -> list[UUID]:
    """All leads that were declared one with a lead, itself included."""
    top = atual(uow, lead_id)
    return [top, *absorvidos(uow, top)]
