"""One system for all tests of the API: each test takes leads of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.database import Server
from tests.integration.api.world import open_way
from tests.integration.conftest import Way
from tests.integration.test_main_way import import_leads, lead_named


@pytest.fixture(scope="package")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """Five leads were written to; one chose a slot, one was offered slots, three are silent."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("api")) as way:
        import_leads(way)
        way.advance(timedelta(hours=11))
        for empresa in ("Empresa Teste", "Aços Sul"):
            answer(way, empresa, "Tenho interesse, vamos agendar")
        answer(way, "Empresa Teste", "pode ser o 2")
        yield way


def answer(way: Way, empresa: str, mensagem: str) -> None:
    """Answer as a lead by e-mail, and let the agents hear of it."""
    lead_id = lead_named(way, empresa)["id"]
    way.call("POST", "/api/sandbox/respostas", {"lead_id": lead_id, "mensagem": mensagem})
    way.advance(timedelta(minutes=2))
