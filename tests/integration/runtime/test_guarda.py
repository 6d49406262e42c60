"""Workers purge by themselves."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from alquimista.workers import WorkerThreads
from tests.integration.runtime.brinquedo import Brinquedo
from tests.integration.runtime.conftest import Abrir


def test_a_worker_process_purges_what_is_past_its_retention(abrir: Abrir) -> None:
    oficina = abrir(Brinquedo())
    with oficina.owner() as connection:
        for days in (13, 15):
            connection.execute(
                text(
                    "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, "
                    "error_class, error_text, receives, died_at) VALUES (:id, :tenant, "
                    "'brinquedo_um', :id, 'permanent', 'não', 3, clock_timestamp() - :age)"
                ),
                {"id": uuid4(), "tenant": oficina.tenant_id, "age": timedelta(days=days)},
            )
    working = WorkerThreads(oficina.system, threads=0, purge_seconds=0.05)
    working.start()
    try:
        end = time.monotonic() + 20
        while len(oficina.mortas()) == 2 and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        working.stop()
    assert working.failed is None
    [left] = oficina.mortas()
    assert left.receives == 3
