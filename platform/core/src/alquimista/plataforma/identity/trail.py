"""The audit trail of what people do with their own access, which belongs to no one tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import Ator, record

_FIRST = text(
    "SELECT id FROM alquimista_platform.tenants_of(:person) "
    "ORDER BY (id = CAST(:wanted AS uuid)) DESC NULLS LAST LIMIT 1"
)


def joined(
    database: Database, connection: Connection, user_id: UUID, wanted: UUID | None = None
) -> UnitOfWork | None:
    """The transaction as one of a tenant of the person too: the one wanted, else their first.

    None where the person belongs to no tenant any more.
    """
    tenant_id = connection.execute(
        _FIRST, {"person": user_id, "wanted": str(wanted) if wanted else None}
    ).scalar_one_or_none()
    return database.join(connection, tenant_id) if tenant_id is not None else None


def entered(uow: UnitOfWork, user_id: UUID) -> None:
    """Record a login in a tenant that is known to be the person's."""
    record(uow, Ator("pessoa", str(user_id)), "login", alvo_tipo="usuario", alvo_id=user_id)


def note(
    database: Database,
    connection: Connection,
    user_id: UUID,
    action_type: str,
    *,
    tenant_id: UUID | None = None,
    resultado: str = "ok",
    detalhes: Mapping[str, Any] | None = None,
) -> UnitOfWork | None:
    """Record what a person did, or what was done in their name; see ``joined`` for where."""
    uow = joined(database, connection, user_id, tenant_id)
    if uow is not None:
        record(
            uow,
            Ator("pessoa", str(user_id)),
            action_type,
            alvo_tipo="usuario",
            alvo_id=user_id,
            resultado=resultado,
            detalhes=detalhes,
        )
    return uow
