"""Suspending and reactivating tenants, as the owner login: what operators of the platform do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, create_engine, select, text, update

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import SISTEMA, record
from alquimista.plataforma.tenants.models import Tenant
from alquimista_sdk.errors import NotFound, PermanentError

ATIVO = "ativo"
SUSPENSO = "suspenso"
PENDENTE = "pendente"
ENCERRANDO = "encerrando"
_SHOWN: tuple[Any, ...] = (Tenant.id, Tenant.nome, Tenant.status, Tenant.sandbox)
_NOW = text("SELECT alquimista_platform.business_now(CAST(:tenant AS uuid))")


class SituacaoErrada(PermanentError):
    """The tenant is not in a state that allows it."""

    code = "situacao_errada"
    http_status = 409


def listing(owner_dsn: str) -> Sequence[Row[Any]]:
    """Every tenant, the oldest first: id, name, status, sandbox."""
    with _owner(owner_dsn) as connection:
        return connection.execute(select(*_SHOWN).order_by(Tenant.created_at, Tenant.id)).all()


def suspend(owner_dsn: str, tenant_id: UUID) -> None:
    """Stop a tenant at the door and at the workers, at once; its data stays, its events wait.

    Raises:
        NotFound: there is no such tenant.
        SituacaoErrada: it is not active.
    """
    _move(owner_dsn, tenant_id, ATIVO, SUSPENSO, "conta_suspensa")


def reactivate(owner_dsn: str, tenant_id: UUID) -> None:
    """Let a suspended tenant in again; planned messages and events that waited go on.

    Raises:
        NotFound: there is no such tenant.
        SituacaoErrada: it is not suspended.
    """
    _move(owner_dsn, tenant_id, SUSPENSO, ATIVO, "conta_reativada")


def unit(connection: Connection, tenant_id: UUID) -> UnitOfWork:
    """A transaction of the owner login as a unit of work of a tenant. Raises ``NotFound``."""
    agora = connection.execute(_NOW, {"tenant": str(tenant_id)}).scalar_one()
    if agora is None:
        raise NotFound(f"não há tenant {tenant_id}")
    return UnitOfWork(connection, tenant_id, agora)


def _move(owner_dsn: str, tenant_id: UUID, before: str, after: str, action_type: str) -> None:
    with _owner(owner_dsn) as connection:
        uow = unit(connection, tenant_id)
        changed = connection.execute(
            update(Tenant)
            .where(Tenant.id == tenant_id, Tenant.status == before)
            .values(status=after, versao=Tenant.versao + 1)
        ).rowcount
        if not changed:
            raise SituacaoErrada(f"A conta não está com a situação {before!r}.")
        record(uow, SISTEMA, action_type, alvo_tipo="tenant", alvo_id=tenant_id)


@contextmanager
def _owner(owner_dsn: str) -> Iterator[Connection]:
    engine = create_engine(owner_dsn)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
