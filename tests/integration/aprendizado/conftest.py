"""One system for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database import Server
from tests.integration.api.world import open_way
from tests.integration.conftest import Way


@pytest.fixture(scope="package")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant, its admin signed in."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("aprende")) as way:
        yield way
