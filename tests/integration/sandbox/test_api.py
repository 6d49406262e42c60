from __future__ import annotations
from alquimista.sandbox.service import NovaMensagem, record

def test_letter_box(way):
    with way.uow() as uow:
        for i in range(3):
            record(uow, NovaMensagem("email","a@x","b@y",f"m{i}",f"<{i}@x>", anexos=({"nome":"a","tipo":"b","tamanho":1},)))
    first = way.call("GET", "/api/sandbox/mensagens?limite=2")
    assert [m["mensagem"] for m in first["itens"]] == ["m0","m1"]
    nxt = way.call("GET", f"/api/sandbox/mensagens?depois_de={first['proximo']}")
    assert [m["mensagem"] for m in nxt["itens"]] == ["m2"] and nxt["proximo"] is None
    print(first["itens"][0])
    way.call("GET", "/api/sandbox/mensagens?limite=0", status=422)
