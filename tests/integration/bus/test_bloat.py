"""Tables and indexes of the queues grow with what waits, not with what has gone through."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from alquimista.db.embedded import EmbeddedPostgres
from alquimista.db.roles import create_database
from fibonacci_bus import Queue, QueueReader, Topology, install
from tests.database import SERVER_OPTIONS, server_home

pytestmark = [
    pytest.mark.untraced,
    pytest.mark.skipif(
        "DATABASE_URL" in os.environ,
        reason="a server whose autovacuum looks every second is needed",
    ),
]
ROUNDS = 10
MESSAGES = 20_000
BATCH = 1_000
TOPOLOGY = Topology([Queue("c")], [])
VACUUM_SECONDS = 60.0
_FILL = text(
    "INSERT INTO fibonacci_core.queue_messages (tenant_id, queue, event_id, ordering_key, "
    "visible_at) SELECT :tenant, 'c', gen_random_uuid(), CASE WHEN n % 2 = 0 THEN 'lead-' || n END,"
    " clock_timestamp() FROM generate_series(1, :count) AS n"
)
_SIZE = text("SELECT pg_total_relation_size('fibonacci_core.queue_messages')")
_DEAD = text("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'queue_messages'")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """The bus alone, on a server of its own whose autovacuum looks every second."""
    options = (*SERVER_OPTIONS, "-c", "autovacuum_naptime=1s")
    with server_home() as home, EmbeddedPostgres(home, options=options) as server:
        create_database(server.admin_dsn, "barramento")
        address = make_url(server.admin_dsn).set(database="barramento")
        made = create_engine(address)
        install(made)
        yield made
        made.dispose()


def test_two_hundred_thousand_messages_leave_the_queue_as_small_as_the_first_thousands(
    engine: Engine,
) -> None:
    reader, tenant_id = QueueReader(engine, TOPOLOGY), uuid4()
    sizes = []
    for _ in range(ROUNDS):
        _through(engine, reader, tenant_id)
        _until_swept(engine)
        sizes.append(_size(engine))
    assert reader.depth()["c"].waiting == 0
    # Grown with each round, the last would be five times the second. Autovacuum may come late.
    assert max(sizes) <= 3 * max(sizes[:2]), sizes


def _through(engine: Engine, reader: QueueReader, tenant_id: UUID) -> None:
    """A round of messages comes and goes, batch after batch, never more than a batch waiting."""
    received: list[object] = []
    for _ in range(MESSAGES // BATCH):
        with engine.begin() as connection:
            connection.execute(_FILL, {"tenant": tenant_id, "count": BATCH})
        messages = reader.receive(["c"], BATCH)
        assert reader.ack(messages) == BATCH
        received += messages
    assert len(received) == MESSAGES


def _until_swept(engine: Engine) -> None:
    """Autovacuum is the server's own business: wait for it, as long as it takes on a busy day."""
    end = time.monotonic() + VACUUM_SECONDS
    while True:
        with engine.connect() as connection:
            dead: int = connection.execute(_DEAD).scalar_one()
        if dead <= 2 * BATCH:
            return
        assert time.monotonic() < end, f"{dead} dead rows were not swept"
        time.sleep(0.2)


def _size(engine: Engine) -> int:
    with engine.connect() as connection:
        size: int = connection.execute(_SIZE).scalar_one()
    return size
