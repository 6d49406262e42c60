"""Keys of machines: shown once, never more than their maker, revoked at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.acesso.test_pessoas import joined, me_of
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import assert_error


def made(pessoa: Visita, *escopos: str, **extra: Any) -> dict[str, Any]:
    """A key of the person's tenant."""
    body = {"nome": "crm", "escopos": list(escopos), **extra}
    found: dict[str, Any] = pessoa.ok("POST", "/api/chaves", body)
    return found


def holder(pessoa: Visita, key: dict[str, Any]) -> Visita:
    """A machine that calls with a key."""
    return Visita(pessoa.way, token=key["chave"])


def test_a_key_is_shown_once_and_found_by_its_prefix(pessoa: Visita) -> None:
    key = made(pessoa, "leads:read")
    assert key["chave"].startswith(key["prefixo"]) and key["prefixo"].startswith("alq_")
    shown = pessoa.send("GET", f"/api/chaves/{key['id']}").get_data(as_text=True)
    listed = pessoa.send("GET", "/api/chaves").get_data(as_text=True)
    assert key["chave"] not in shown + listed
    [kept] = pessoa.rows("SELECT row_to_json(k)::text AS all FROM alquimista_platform.api_keys k")
    assert key["chave"] not in kept.all


def test_a_key_does_what_its_scopes_say_and_its_use_is_noted(pessoa: Visita) -> None:
    key = made(pessoa, "leads:read")
    assert pessoa.ok("GET", f"/api/chaves/{key['id']}")["ultimo_uso_em"] is None
    machine = holder(pessoa, key)
    assert machine.send("GET", "/api/leads").status_code == 200
    assert_error(machine.send("GET", "/api/campanhas"), 403)
    assert_error(machine.send("GET", "/api/me/sessoes"), 403)
    assert pessoa.ok("GET", f"/api/chaves/{key['id']}")["ultimo_uso_em"] is not None


def test_a_revoked_key_opens_nothing_at_once(pessoa: Visita) -> None:
    key = made(pessoa, "leads:read")
    for _ in range(2):
        assert pessoa.send("DELETE", f"/api/chaves/{key['id']}").status_code == 204
    assert_error(holder(pessoa, key).send("GET", "/api/leads"), 401)
    assert pessoa.ok("GET", f"/api/chaves/{key['id']}")["revogada_em"] is not None


def test_a_key_expires_and_cannot_be_made_expired(pessoa: Visita) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert made(pessoa, "leads:read", expira_em=soon)["expira_em"]
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    body = {"nome": "x", "escopos": ["leads:read"], "expira_em": past}
    assert assert_error(pessoa.send("POST", "/api/chaves", body), 422)["status"] == (
        "validade_invalida"
    )


def test_a_key_holds_no_more_than_who_makes_it(pessoa: Visita) -> None:
    machine = holder(pessoa, made(pessoa, "chaves:write", "leads:read", "events:publish:crm.*"))
    body = {"nome": "x", "escopos": ["leads:read", "events:publish:crm.acme"]}
    assert machine.send("POST", "/api/chaves", body).status_code == 201
    for beyond in ("leads:write", "usuarios:write", "events:publish:*", "events:publish:erp.x"):
        refused = machine.send("POST", "/api/chaves", {"nome": "x", "escopos": [beyond]})
        assert assert_error(refused, 422, hint=beyond)["status"] == "escopo_invalido"
    own = ["conta:proprio", "events:publish:alquimista.campanhas", "leads:voar"]
    for wrong in own:
        refused = pessoa.send("POST", "/api/chaves", {"nome": "x", "escopos": [wrong]})
        assert assert_error(refused, 422, hint=wrong)["status"] == "escopo_invalido"


def test_a_key_with_the_permission_invites_nobody_above_it(pessoa: Visita) -> None:
    machine = holder(pessoa, made(pessoa, "usuarios:write", "leads:read"))
    for papel in ("viewer", "admin"):
        body = {"email": "x@y.example.com", "papel": papel}
        assert_error(machine.send("POST", "/api/convites", body), 403, hint=papel)


def test_another_tenant_s_key_is_not_found(pessoa: Visita, outra: Callable[[], Visita]) -> None:
    key = made(pessoa, "leads:read")
    intruder = outra()
    for method in ("GET", "DELETE"):
        assert_error(intruder.send(method, f"/api/chaves/{key['id']}"), 404)
    assert intruder.ok("GET", "/api/chaves")["itens"] == []
    assert holder(pessoa, key).send("GET", "/api/leads").status_code == 200


def test_a_key_names_no_other_tenant_by_a_header(
    pessoa: Visita, outra: Callable[[], Visita]
) -> None:
    other = outra().ok("GET", "/api/me")["tenant"]["id"]
    machine = holder(pessoa, made(pessoa, "leads:read"))
    me = machine.send("GET", "/api/me", X_Tenant=other).get_json()
    assert me["tenant"]["id"] == pessoa.ok("GET", "/api/me")["tenant"]["id"]


def test_only_who_may_sees_and_makes_keys(pessoa: Visita) -> None:
    manager = joined(pessoa, "manager")
    assert me_of(manager)
    assert_error(manager.send("GET", "/api/chaves"), 403)
    assert_error(manager.send("POST", "/api/chaves", {"nome": "x", "escopos": []}), 403)


def test_keys_are_listed_page_by_page_newest_first(pessoa: Visita) -> None:
    made_ids = [made(pessoa, "leads:read")["id"] for _ in range(3)]
    first = pessoa.ok("GET", "/api/chaves?limite=2")
    rest = pessoa.ok("GET", f"/api/chaves?limite=2&cursor={first['proximo']}")
    listed = [key["id"] for key in (*first["itens"], *rest["itens"])]
    assert sorted(listed) == sorted(made_ids)
    assert len(first["itens"]) == 2
