"""Writing the audit log inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

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
