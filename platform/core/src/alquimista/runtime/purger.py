"""Retention of the bus's tables, tenant by tenant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import Database
from fibonacci_bus.retention import Retention, purge
from fibonacci_bus.topology import Topology

logger = logging.getLogger(__name__)
_TENANTS = text("SELECT id FROM alquimista_platform.tenants ORDER BY id")
Progress = Callable[[UUID, str, int], None]


class Purger:
    """Finds the tenants by the relay login and deletes under each of them."""

    def __init__(self, database: Database, topology: Topology, retention: Retention) -> None:
        self._database = database
        self._topology = topology
        self._retention = retention

    def run(
        self, tenant_id: UUID | None = None, progress: Progress | None = None
    ) -> dict[str, int]:
        """Purge one tenant, or all; answers rows deleted by table."""
        gone: dict[str, int] = {}
        for tenant in [tenant_id] if tenant_id is not None else self._tenants():
            for table, rows in self._purge(tenant, progress).items():
                gone[table] = gone.get(table, 0) + rows
        logger.info("purged", extra={"metadata": gone})
        return gone

    def _tenants(self) -> list[UUID]:
        with self._database.relay_engine.begin() as relay:
            return list(relay.execute(_TENANTS).scalars())

    def _purge(self, tenant_id: UUID, progress: Progress | None) -> dict[str, int]:
        with self._database.unit_of_work(tenant_id) as uow:
            agora = uow.agora
        queues = [self._topology.queue(name) for name in self._topology.names]
        tell = None
        if progress is not None:
            told = progress

            def tell(table: str, rows: int) -> None:
                told(tenant_id, table, rows)

        return purge(self._database.scope, tenant_id, self._retention, queues, agora, progress=tell)
