"""The sandbox's letter box over HTTP."""

from __future__ import annotations

import pytest

from alquimista.sandbox.service import NovaMensagem, record
from tests.integration.api.world import assert_error
from tests.integration.conftest import Way


def test_the_letter_box_is_read_page_by_page(way: Way) -> None:
    with way.uow() as uow:
        for i in range(3):
            record(uow, NovaMensagem("email", "a@x", "b@y", f"m{i}", f"<{i}@x>"))
    first = way.call("GET", "/api/sandbox/mensagens?limite=2")
    assert [m["mensagem"] for m in first["itens"]] == ["m0", "m1"]
    after = way.call("GET", f"/api/sandbox/mensagens?cursor={first['proximo']}")
    fresh = way.call("GET", f"/api/sandbox/mensagens?depois_de={first['itens'][-1]['ordem']}")
    assert fresh["itens"] == after["itens"]
    assert [m["mensagem"] for m in after["itens"]] == ["m2"]
    assert after["proximo"] is None


CARTAS = "/api/sandbox/cartas?email=quem@x.example.com"


@pytest.mark.parametrize(
    ("remote", "headers"),
    [
        ("203.0.113.9", {}),
        ("10.0.0.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}),
        ("127.0.0.1", {"Host": "rebound.example.com"}),
        ("127.0.0.1", {"Host": "127.0.0.1.example.com:8000"}),
        ("127.0.0.1", {"Host": "localhost.example.com"}),
    ],
)
def test_letters_about_access_are_shown_to_no_other_machine(
    way: Way, remote: str, headers: dict[str, str]
) -> None:
    answer = way.client.get(CARTAS, headers=headers, environ_overrides={"REMOTE_ADDR": remote})
    assert assert_error(answer, 403)["status"] == "acesso_negado"


@pytest.mark.parametrize(
    ("remote", "host"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("127.0.0.1", "localhost"),
        ("::1", "[::1]:8000"),
        ("127.0.0.2", "LOCALHOST:5000"),
    ],
)
def test_letters_about_access_are_shown_at_the_sandboxs_own_machine(
    way: Way, remote: str, host: str
) -> None:
    answer = way.client.get(
        CARTAS, headers={"Host": host}, environ_overrides={"REMOTE_ADDR": remote}
    )
    assert_error(answer, 404)
