"""Systems of toy agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from alquimista.bootstrap import build
from alquimista.settings import Settings
from tests.integration.runtime.brinquedo import Brinquedo, Oficina, catalogue_of

Abrir = Callable[..., Oficina]


@pytest.fixture
def abrir(settings: Settings) -> Iterator[Abrir]:
    """Open a tenant with toys, in a system of its own."""
    with ExitStack() as stack:

        def opened(*agents: Brinquedo, ativos: tuple[Brinquedo, ...] | None = None) -> Oficina:
            system = build(settings, catalogue=catalogue_of(*agents))
            stack.callback(system.close)
            return Oficina.abrir(system, *(agents if ativos is None else ativos))

        yield opened
