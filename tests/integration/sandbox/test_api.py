"""The sandbox's letter box over HTTP."""

from __future__ import annotations

from alquimista.sandbox.service import NovaMensagem, record
from tests.integration.conftest import Way


def test_the_letter_box_is_read_page_by_page(way: Way) -> None:
    with way.uow() as uow:
        for i in range(3):
            record(uow, NovaMensagem("email", "a@x", "b@y", f"m{i}", f"<{i}@x>"))
    first = way.call("GET", "/api/sandbox/mensagens?limite=2")
    assert [m["mensagem"] for m in first["itens"]] == ["m0", "m1"]
    after = way.call("GET", f"/api/sandbox/mensagens?depois_de={first['proximo']}")
    assert [m["mensagem"] for m in after["itens"]] == ["m2"]
    assert after["proximo"] is None
