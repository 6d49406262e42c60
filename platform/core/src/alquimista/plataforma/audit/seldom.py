"""Entries about what may be repeated at will: enough to know of it, too few to drown the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.models import AuditLog
from alquimista.plataforma.audit.service import Ator, record

PERIODO = timedelta(hours=1)
POR_CONTA = 20
"""Entries of one action that an account's audit takes within ``PERIODO``."""
_LOGS = table_of(AuditLog)
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def record_seldom(
    uow: UnitOfWork,
    ator: Ator,
    action_type: str,
    *,
    resultado: str,
    detalhes: Mapping[str, Any],
    alvo_tipo: str | None = None,
    alvo_id: UUID | None = None,
    trace_id: UUID | None = None,
) -> bool:
    """Append an entry where the last hour has none alike and fewer than ``POR_CONTA`` of its kind.

    Alike are entries of the same actor about the same target with the same ``detalhes``. False
    where nothing was noted; who is noting the same at this moment counts as one.
    """
    name = f"{uow.tenant_id}/{action_type}"
    if not uow.connection.execute(_ALONE, {"name": name}).scalar_one():
        return False
    mine = (
        (_LOGS.c.ator_id.is_not_distinct_from(ator.id))
        & (_LOGS.c.alvo_id.is_not_distinct_from(alvo_id))
        & (_LOGS.c.detalhes == dict(detalhes))
    )
    found = uow.connection.execute(
        select(func.count(), func.count().filter(mine)).where(
            _LOGS.c.tenant_id == uow.tenant_id,
            _LOGS.c.action_type == action_type,
            _LOGS.c.created_at > uow.agora - PERIODO,
        )
    ).one()
    if found[1] or found[0] >= POR_CONTA:
        return False
    record(
        uow,
        ator,
        action_type,
        resultado=resultado,
        detalhes=detalhes,
        alvo_tipo=alvo_tipo,
        alvo_id=alvo_id,
        trace_id=trace_id,
    )
    return True
