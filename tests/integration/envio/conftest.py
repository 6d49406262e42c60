"""A system whose only channel is the test's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from alquimista import bootstrap
from alquimista.bootstrap import System, build
from alquimista.prospeccao.disparos.canais import Canal
from alquimista.runtime.admission import Catalogue
from alquimista.settings import Settings
from tests.integration.envio.bancada import Bancada
from tests.integration.envio.canais import CanalDeTeste

Montar = Callable[..., Bancada]


@pytest.fixture
def canal() -> CanalDeTeste:
    """The channel of all e-mail."""
    return CanalDeTeste()


@pytest.fixture
def canais(canal: CanalDeTeste) -> Mapping[str, Canal]:
    """The channels by name."""
    return {"email": canal}


@pytest.fixture
def sistema(
    settings: Settings, canais: Mapping[str, Canal], monkeypatch: pytest.MonkeyPatch
) -> Iterator[System]:
    """A system without agents."""
    monkeypatch.setattr(bootstrap, "channels", lambda _settings, _database: canais)
    with ExitStack() as stack:
        built = build(settings, catalogue=Catalogue())
        stack.callback(built.close)
        yield built


@pytest.fixture
def montar(sistema: System) -> Montar:
    """Make a tenant with its own limits."""

    def make(**limites: int) -> Bancada:
        return Bancada.montar(sistema, limites or None)

    return make


@pytest.fixture
def bancada(montar: Montar) -> Bancada:
    """A tenant with the usual limits."""
    return montar()
