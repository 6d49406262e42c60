"""Erasure and export of what merges keep of a lead (decision 25)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, or_, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.fusoes.models import Fusao, FusaoBloco

_TABLE = table_of(Fusao)


def erase(uow: UnitOfWork, lead_id: UUID) -> int:
    """Clear a lead out of every merge; answers how many rows were cleared.

    That a merge was made stays known: two ids, no personal data.
    """
    rows = _of(uow, lead_id)
    mine = or_(Fusao.lead_id == lead_id, Fusao.outro_id == lead_id)
    uow.connection.execute(
        update(Fusao)
        .where(Fusao.tenant_id == uow.tenant_id, mine, Fusao.procedencia.is_not(None))
        .values(procedencia=None, versao=Fusao.versao + 1)
    )
    gone = [
        delete(Fusao).where(Fusao.tenant_id == uow.tenant_id, mine, Fusao.status == "sugerida"),
        delete(FusaoBloco).where(FusaoBloco.tenant_id == uow.tenant_id, FusaoBloco.id == lead_id),
    ]
    deleted = sum(uow.connection.execute(statement).rowcount for statement in gone)
    return deleted + sum(row.procedencia is not None for row in rows)


def export(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    """The merges that a lead is or was part of, with the other's row as it was."""
    return [
        {
            "status": row.status,
            "motivo": row.motivo,
            "escore": row.escore,
            "lead_id": str(row.lead_id),
            "outro_id": str(row.outro_id),
            "procedencia": row.procedencia,
        }
        for row in _of(uow, lead_id)
        if row.status in ("feita", "desfeita")
    ]


def _of(uow: UnitOfWork, lead_id: UUID) -> list[Row[Any]]:
    return list(
        uow.connection.execute(
            select(_TABLE)
            .where(
                _TABLE.c.tenant_id == uow.tenant_id,
                or_(_TABLE.c.lead_id == lead_id, _TABLE.c.outro_id == lead_id),
            )
            .order_by(_TABLE.c.created_at, _TABLE.c.id)
            .with_for_update()
        )
    )
