"""One system without agents for all tests of access; each test brings people of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from alquimista.runtime.admission import Catalogue
from tests.database import Server
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import open_way
from tests.integration.conftest import Way


@pytest.fixture(scope="package")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant's admin; nobody else yet."""
    home = tmp_path_factory.mktemp("acesso")
    with open_way(postgres, template_database, home, Catalogue()) as way:
        yield way


@pytest.fixture
def visita(mundo: Way) -> Visita:
    """Somebody without an account."""
    return Visita(mundo)


@pytest.fixture
def pessoa(mundo: Way) -> Visita:
    """The admin of a tenant of their own, signed in."""
    return Visita(mundo).established()


@pytest.fixture
def outra(mundo: Way) -> Callable[[], Visita]:
    """Makes further admins of tenants of their own."""
    return lambda: Visita(mundo).established()
