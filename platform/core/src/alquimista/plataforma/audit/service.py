"""Writing the audit log inside the caller's transaction, and reading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select, tuple_

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit import origin
from alquimista.plataforma.audit.models import AuditLog

if TYPE_CHECKING:
    from alquimista.runtime.cifra import SubjectKeys

LEAD = "lead"
_APPEND = insert(table_of(AuditLog))
_SEALED = "cifrado"


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
    antes: Mapping[str, Any] | None = None,
    depois: Mapping[str, Any] | None = None,
    chaves: SubjectKeys | None = None,
) -> None:
    """Append one entry. ``detalhes`` must hold no personal data of leads.

    ``antes`` and ``depois`` are what changed, by field; of a lead they are encrypted under its key
    (decision 3), for which ``chaves`` is needed. Address and trace come from the request, where
    one is under way.

    Raises:
        ValueError: values of a lead without ``chaves``.
    """
    here = origin.current()
    uow.connection.execute(
        _APPEND,
        {
            "id": uuid4(),
            "tenant_id": uow.tenant_id,
            "ator_tipo": ator.tipo,
            "ator_id": ator.id,
            "action_type": action_type,
            "agent_id": ator.agent_id,
            "alvo_tipo": alvo_tipo,
            "alvo_id": alvo_id,
            "resultado": resultado,
            "detalhes": dict(detalhes or {}),
            "trace_id": trace_id or here.trace_id,
            "created_at": uow.agora,
            "antes": _kept(uow, alvo_tipo, alvo_id, antes, chaves),
            "depois": _kept(uow, alvo_tipo, alvo_id, depois, chaves),
            "rede": here.rede,
        },
    )


def opened(
    uow: UnitOfWork, row: Any, value: Mapping[str, Any] | None, chaves: SubjectKeys
) -> Mapping[str, Any] | None:
    """``antes`` or ``depois`` of an entry in clear; ``{"apagado": true}`` after an erasure."""
    from alquimista.runtime.cifra import unseal

    if value is None or _SEALED not in value:
        return value
    key = chaves.key(uow.connection, uow.tenant_id, row.alvo_id, create=False)
    if key is None:
        return {"apagado": True}
    found: Mapping[str, Any] = unseal(key, value[_SEALED], _associated(uow, row.alvo_id))
    return found


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


def _kept(
    uow: UnitOfWork,
    alvo_tipo: str | None,
    alvo_id: UUID | None,
    values: Mapping[str, Any] | None,
    chaves: SubjectKeys | None,
) -> dict[str, Any] | None:
    from alquimista.runtime.cifra import seal

    if values is None:
        return None
    if alvo_tipo != LEAD or alvo_id is None:
        return dict(values)
    if chaves is None:
        raise ValueError("values of a lead are kept under its key: pass chaves")
    key = chaves.key(uow.connection, uow.tenant_id, alvo_id, create=True)
    if key is None:
        return {"apagado": True}
    return {_SEALED: seal(key, dict(values), _associated(uow, alvo_id))}


def _associated(uow: UnitOfWork, lead_id: UUID) -> str:
    return f"audit:{uow.tenant_id}:{lead_id}"
