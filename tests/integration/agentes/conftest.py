"""One running system: the seven agents, and three that misbehave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database import Server
from tests.integration.agentes.pacote import catalogue_beside_the_seven
from tests.integration.api.world import open_way
from tests.integration.conftest import Way


@pytest.fixture(scope="package")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant's admin."""
    packages = tmp_path_factory.mktemp("pacotes")
    with catalogue_beside_the_seven(packages) as catalogue:
        home = tmp_path_factory.mktemp("casa")
        with open_way(postgres, template_database, home, catalogue) as way:
            yield way
