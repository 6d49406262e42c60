"""Writing the audit log inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select, tuple_

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.models import AuditLog


@dataclass(frozen=True, slots=True)
class Ator:
    """Who acts: a ``pessoa``, a machine's ``chave``, an ``agente``, the ``sistema``, a ``lead``."""

    tipo: str
    id: str | None = None
    agent_id: str | None = None


SISTEMA = Ator("sistema")


def record(
    uow: UnitOfWork,
    ator: Ator,
    action_type: str,
    *,
    alvo_tipo: str | None = None,
    alvo_id: UUID | None = None,
    resultado: str = "ok",
    detalhes: Mapping[str, Any] | None = None,
    trace_id: UUID | None = None,
) -> None:
    """Append one entry. ``detalhes`` must hold no personal data of leads."""
    uow.connection.execute(
        insert(AuditLog).values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            ator_tipo=ator.tipo,
            ator_id=ator.id,
            action_type=action_type,
            agent_id=ator.agent_id,
            alvo_tipo=alvo_tipo,
            alvo_id=alvo_id,
            resultado=resultado,
            detalhes=dict(detalhes or {}),
            trace_id=trace_id,
            created_at=uow.agora,
        )
    )


def list_entries(
    uow: UnitOfWork,
    *,
    alvo_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Row[Any]]:
    """The tenant's entries, newest first; of one target where ``alvo_id`` names it.

    ``after`` is moment and id of the last entry of the page before.
    """
    table = AuditLog.__table__
    query = select(table).where(AuditLog.tenant_id == uow.tenant_id)
    if alvo_id is not None:
        query = query.where(AuditLog.alvo_id == alvo_id)
    if after is not None:
        query = query.where(tuple_(AuditLog.created_at, AuditLog.id) < tuple_(*after))
    query = query.order_by(AuditLog.created_at.desc(), AuditLog.id.desc()).limit(limit)
    return list(uow.connection.execute(query))


def list_actions(uow: UnitOfWork, action_type: str, since: datetime) -> list[Row[Any]]:
    """The tenant's entries of one action since a moment of business time, newest first."""
    query = (
        select(AuditLog.__table__)
        .where(
            AuditLog.tenant_id == uow.tenant_id,
            AuditLog.action_type == action_type,
            AuditLog.created_at >= since,
        )
        .order_by(AuditLog.created_at.desc())
        .limit(100)
    )
    return list(uow.connection.execute(query))
