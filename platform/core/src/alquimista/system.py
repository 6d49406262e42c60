"""What one process needs, made once; how the bus treats its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from alquimista.db.session import Database
from alquimista.files.orphans import sweep
from alquimista.http.services import Services
from alquimista.plataforma.identity.builtin import machine_time
from alquimista.plataforma.identity.housekeeping import purge as purge_access
from alquimista.plataforma.tenants.removal import remove_expired_signups
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.prospeccao.titulares.retencao import Retencao
from alquimista.runtime.homes import Home
from alquimista.runtime.purger import Purger
from alquimista.runtime.ticker import Ticker
from alquimista.settings import Settings
from alquimista_sdk.errors import (
    CriticalError,
    NotFound,
    PermanentError,
    TransientError,
    VersionConflict,
)
from fibonacci_bus.aws import SqsQueues, lambda_handler
from fibonacci_bus.aws.handler import LambdaHandler
from fibonacci_bus.errors import ErrorClass, EventTooLarge
from fibonacci_bus.event import Event
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.retention import Retention
from fibonacci_bus.timers import Timers
from fibonacci_bus.topology import Topology
from fibonacci_bus.worker import Consumer, Worker

_SIGNUP_KEPT = timedelta(days=5)
_SESSION_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class System:
    """All that one process needs; ``close`` gives the connections back."""

    services: Services
    consumers: Mapping[str, Consumer]
    ticker: Ticker
    keys: LeadKeys
    timers: Timers
    home: Home

    @property
    def settings(self) -> Settings:
        """The process's settings."""
        return self.services.settings

    @property
    def database(self) -> Database:
        """The process's engines."""
        return self.services.database

    @property
    def topology(self) -> Topology:
        """Queues and rules of the admitted agents."""
        return self.services.topology

    @property
    def purger(self) -> Purger:
        """Deletes what is older than its retention."""
        retention = Retention(events=self.settings.bus.events_kept)
        return Purger(self.database, self.topology, retention)

    def purge_access(self) -> dict[str, int]:
        """Delete ended sessions, used links and sign-ups that nobody confirmed; answers rows."""
        dsn, now = self.settings.owner_dsn, machine_time()
        gone = dict(purge_access(dsn, now - _SESSION_KEPT))
        files = self.services.ports.files
        gone["cadastros"] = remove_expired_signups(dsn, files, now - _SIGNUP_KEPT)
        return gone

    def purge_files(self) -> dict[str, int]:
        """Remove stored files that no row names; answers how many."""
        return sweep(self.database, self.services.ports.files, machine_time())

    @property
    def retencao(self) -> Retencao:
        """Erases what is older than each tenant's setting."""
        return Retencao(self.database, self.services.tenants, self.services.registry)

    def resume_suspended(self) -> int:
        """Hand out again the events of tenants and agents that are suspended no more."""
        return self.home.resume(self._resumable)

    def worker(self, queues: tuple[str, ...] | None = None) -> Worker:
        """A worker of all queues that have a consumer, or of some; for one thread."""
        return self._worker(self.home.source(), queues)

    def sqs_handler(self) -> LambdaHandler:
        """The handler of a function that SQS queues feed.

        Raises:
            TypeError: the bus is not at home on AWS.
        """
        source = self.home.source()
        if not isinstance(source, SqsQueues):
            raise TypeError("ALQUIMISTA_BUS is not aws")
        return lambda_handler(source, self._worker(source, None))

    def _worker(self, source: MessageSource, queues: tuple[str, ...] | None) -> Worker:
        chosen = [c for name, c in self.consumers.items() if queues is None or name in queues]
        return Worker(
            source,
            self.database.scope,
            chosen,
            classify,
            on_critical=self._alert,
            lease_margin=self.settings.bus.lease_margin,
        )

    def close(self) -> None:
        """Close every pooled connection."""
        self.home.close()
        self.database.dispose()

    def _resumable(self, tenant_id: UUID, queue: str) -> bool:
        try:
            with self.database.scope(tenant_id) as connection:
                return not self.services.tenants.suspended(connection, tenant_id, queue)
        except NotFound:
            return True

    def _alert(self, event: Event, error: BaseException) -> None:
        """A critical error goes to the operators by e-mail, once per event."""
        with self.database.unit_of_work(event.tenant_id) as uow:
            disparos.request(
                self.services.ports,
                uow,
                tipo="interno",
                canal="email",
                assunto=f"[crítico] {type(error).__name__} em {event.source}.{event.type}",
                mensagem=(
                    f"Evento {event.id} ({event.source}.{event.type}) falhou de forma crítica: "
                    f"{type(error).__name__}. Rastreio: {event.trace_id}. "
                    "O evento está nas mensagens mortas; veja GET /api/dead-letters."
                ),
                chave=f"{event.tenant_id}-alerta-{event.id}",
                destinatarios=[self.settings.operadores],
                trace_id=event.trace_id,
            )


def classify(error: BaseException) -> ErrorClass:
    """How the bus treats an error: by its class, never by its text."""
    if isinstance(error, VersionConflict):
        return ErrorClass.CONFLICT
    if isinstance(error, CriticalError):
        return ErrorClass.CRITICAL
    if isinstance(error, TransientError):
        return ErrorClass.TRANSIENT
    if isinstance(
        error, PermanentError | EventTooLarge | IntegrityError | DataError | ProgrammingError
    ):
        return ErrorClass.PERMANENT
    return ErrorClass.TRANSIENT
