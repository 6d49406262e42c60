"""A connection of the owner login to the migrated schema, which no test here changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from tests.database import Server, copied_database


@pytest.fixture(scope="session")
def catalogue(postgres: Server, template_database: str) -> Iterator[Connection]:
    """Read-only: one copy of the template for all these tests."""
    with copied_database(postgres, template_database) as urls:
        engine = create_engine(urls.owner)
        with engine.connect() as connection:
            yield connection
        engine.dispose()
