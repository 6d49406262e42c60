"""An error's text is logged and kept: it must not carry the values of a statement."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from alquimista.db.session import Database
from fibonacci_bus.queues import QueueReader
from tests.integration.bus.rig import DEFAULT_TOPOLOGY


def test_a_failed_statement_never_tells_the_values_that_it_was_given(database: Database) -> None:
    reader = QueueReader(database.relay_engine, DEFAULT_TOPOLOGY)
    engines: list[Engine] = [database.app_engine, database.relay_engine, reader._single]
    for engine in engines:
        with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
            connection.execute(text("SELECT 1/0, :who"), {"who": "ana@cliente.example"})
        assert "division by zero" in str(caught.value)
        assert "ana@" not in str(caught.value)
