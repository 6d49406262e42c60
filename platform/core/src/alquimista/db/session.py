"""Units of work: every transaction of the app login belongs to one tenant, or to one person.

The tenant is set with ``set_config(..., true)``: it ends with the transaction, so a pooled
connection never carries it to its next user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from alquimista.db.preparing import PreparingConnection
from alquimista_sdk.errors import NotFound
from fibonacci_bus.driver import fetch

_OPEN = (
    "SELECT set_config('app.tenant_id', %(tenant)s, true), "
    "alquimista_platform.business_now(%(tenant)s::uuid)"
)
_OPEN_CALLED = "SELECT alquimista_platform.open_called_unit(%(tenant)s::uuid, %(entry)s::uuid)"
_PERSON = "SELECT set_config('app.user_id', %(person)s, true)"
_CALL: ContextVar[tuple[UUID, UUID] | None] = ContextVar("call_with_key", default=None)
_OPENED = "alquimista.unit_of_work"
_USED = "alquimista.used_at"
_IDLE_SECONDS = 5.0
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that vanished without a word is given up within a minute; the kernel alone waits for
two hours (libpq, "Parameter Key Words"; ``tcp_user_timeout`` in ms). Unix sockets ignore these."""


class TenantMissing(RuntimeError):
    """A transaction was opened without a tenant: a mistake in the code, never in the data."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction of one tenant. ``agora`` is business time, fixed when it opened (UTC).

    ``replay`` and ``effects`` are set where it belongs to a replayed event: without effects nothing
    leaves the database, and events published in it carry both on.
    """

    connection: Connection
    tenant_id: UUID
    agora: datetime
    replay: str | None = None
    effects: bool = True


class Database:
    """The engines of a process: the app's, and the relay's where the process moves envelopes.

    ``begin`` opens a tenant's transaction; whoever has to act after each commit wraps it.
    ``prepare`` is False behind a pooler that gives each transaction another connection.
    """

    def __init__(
        self,
        app_dsn: str,
        relay_dsn: str | None = None,
        *,
        pool_size: int = 5,
        prepare: bool = True,
    ) -> None:
        self.app_engine = _engine(app_dsn, pool_size, prepare)
        self._relay = _engine(relay_dsn, pool_size, prepare) if relay_dsn else None
        self.begin: Callable[[UUID], AbstractContextManager[Connection]] = self._begin

    @property
    def relay_engine(self) -> Engine:
        """The engine of ``fibonacci_relay``."""
        if self._relay is None:
            raise TenantMissing("this process has no relay login")
        return self._relay

    @contextmanager
    def unit_of_work(self, tenant_id: UUID | None) -> Iterator[UnitOfWork]:
        """A transaction of a tenant; commits at the end, rolls back on any error.

        Raises:
            TenantMissing: no tenant was given.
        """
        if tenant_id is None:
            raise TenantMissing("a unit of work needs a tenant")
        with self.begin(tenant_id) as connection:
            yield self.join(connection, tenant_id)

    def _begin(self, _: UUID) -> AbstractContextManager[Connection]:
        return self.app_engine.begin()

    def join(self, connection: Connection, tenant_id: UUID) -> UnitOfWork:
        """Scope an open transaction to a tenant and read business time, in one message.

        Joining a transaction that is the tenant's already answers its unit of work.

        Raises:
            NotFound: there is no such tenant.
        """
        transaction = connection.get_transaction()
        opened = connection.info.get(_OPENED)
        if opened is not None and opened[0] is transaction and opened[1].tenant_id == tenant_id:
            joined: UnitOfWork = opened[1]
            return joined
        call = _CALL.get()
        if call is not None and call[0] == tenant_id:
            named = {"tenant": str(tenant_id), "entry": str(call[1])}
            ((agora,),) = fetch(connection, _OPEN_CALLED, named)
        else:
            ((_, agora),) = fetch(connection, _OPEN, {"tenant": str(tenant_id)})
        if agora is None:
            raise NotFound("no such tenant")
        uow = UnitOfWork(connection, tenant_id, agora)
        connection.info[_OPENED] = (connection.get_transaction(), uow)
        return uow

    @contextmanager
    def scope(self, tenant_id: UUID) -> Iterator[Connection]:
        """A tenant's transaction as the bus wants it."""
        with self.unit_of_work(tenant_id) as uow:
            yield uow.connection

    @contextmanager
    def anonymous(self) -> Iterator[Connection]:
        """A transaction of no tenant: only SECURITY DEFINER look-ups find anything in it."""
        with self.app_engine.begin() as connection:
            yield connection

    @contextmanager
    def person(self, user_id: UUID) -> Iterator[Connection]:
        """A transaction of one person: their sessions, secrets and links, whatever the tenant."""
        with self.app_engine.begin() as connection:
            self.as_person(connection, user_id)
            yield connection

    def as_person(self, connection: Connection, user_id: UUID) -> None:
        """Scope an open transaction to a person too, until it ends."""
        connection.exec_driver_sql(_PERSON, {"person": str(user_id)})

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.app_engine.dispose()
        if self._relay is not None:
            self._relay.dispose()


@contextmanager
def within_call(tenant_id: UUID, entry: UUID) -> Iterator[None]:
    """Units of work of this block belong to a call with an idempotency key, the row ``entry``:
    that it was done is committed with the first of them."""
    token = _CALL.set((tenant_id, entry))
    try:
        yield
    finally:
        _CALL.reset(token)


def _engine(dsn: str, pool_size: int, prepare: bool) -> Engine:
    """A statement's values are people's data: an error's text, which is logged, has none."""
    preparing = {"connection_factory": PreparingConnection} if prepare else {}
    engine = create_engine(
        dsn,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_reset_on_return="rollback",
        hide_parameters=True,
        connect_args=_PATIENCE | preparing,
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_idle)
    return engine


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = monotonic()


def _ping_idle(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Ask a connection that lay idle whether it still lives; one used just now is trusted."""
    if monotonic() - record.info.get(_USED, 0.0) < _IDLE_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError("the connection died while it was idle") from error
