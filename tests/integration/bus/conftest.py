"""The rig on a fresh database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from alquimista.db.session import Database
from tests.conftest import TestTenant
from tests.integration.bus.rig import CREATE_EFFECTS, Rig


@pytest.fixture
def rig(database: Database, owner_engine: Engine, tenant: TestTenant) -> Rig:
    """A bus on real PostgreSQL with one tenant."""
    with owner_engine.begin() as connection:
        for statement in CREATE_EFFECTS:
            connection.execute(text(statement))
    return Rig(database, owner_engine, tenant.id)
