"""The people of a tenant: invited, joined, promoted, removed; and one who is in several tenants."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.acesso.visita import Visita
from tests.integration.api.world import NOBODY, SENHA, as_owner, assert_error
from tests.integration.conftest import Way

ACEITE = "/api/auth/convites/aceite"


def me_of(pessoa: Visita) -> str:
    """The id of the person who is signed in."""
    return str(pessoa.ok("GET", "/api/me")["usuario"]["id"])


def tenant_of(pessoa: Visita) -> str:
    """The id of the tenant that the person acts in."""
    return str(pessoa.ok("GET", "/api/me")["tenant"]["id"])


def invited(admin: Visita, papel: str = "viewer", email: str | None = None) -> Visita:
    """Somebody with an invitation of the admin's tenant in the letter box."""
    guest = Visita(admin.way, **({"email": email} if email else {}))
    admin.ok("POST", "/api/convites", {"email": guest.email, "papel": papel})
    return guest


def joined(admin: Visita, papel: str = "viewer") -> Visita:
    """A new person who accepted and came in."""
    guest = invited(admin, papel)
    body = {"token": guest.letter_token(), "nome": "Gil Convidado", "senha": SENHA}
    guest.ok("POST", ACEITE, body)
    guest.login()
    return guest


def test_an_invited_person_joins_with_a_name_a_password_and_the_role(pessoa: Visita) -> None:
    guest = invited(pessoa, "manager")
    token = guest.letter_token()
    look = guest.ok("POST", "/api/auth/convites/consulta", {"token": token})
    assert look == {
        "empresa": "Visita Ltda",
        "email": guest.email,
        "papel": "manager",
        "tem_conta": False,
    }
    missing = assert_error(guest.send("POST", ACEITE, {"token": token}), 422)
    assert missing["status"] == "dados_necessarios"
    body = {"token": token, "nome": "Gil", "senha": SENHA}
    assert guest.ok("POST", ACEITE, body) == {"tenant_id": tenant_of(pessoa)}
    guest.login()
    assert guest.ok("GET", "/api/me")["papel"] == "manager"
    assert_error(guest.send("POST", ACEITE, body), 422)
    assert [item["situacao"] for item in pessoa.ok("GET", "/api/convites")["itens"]] == ["aceito"]
    assert pessoa.audited("convite_aceito")[0].ator_id == me_of(guest)


def test_a_person_with_an_account_joins_by_the_link_and_keeps_their_password(
    pessoa: Visita, outra: Callable[[], Visita]
) -> None:
    other = outra()
    own = tenant_of(other)
    invited(pessoa, "operator", other.email)
    token = other.letter_token()
    other.ok("POST", ACEITE, {"token": token, "nome": "Outro", "senha": "Trocada123"})
    other.login(SENHA)
    listed = other.ok("GET", "/api/me/contas")["itens"]
    assert {(c["id"], c["papel"]) for c in listed} == {
        (own, "admin"),
        (tenant_of(pessoa), "operator"),
    }
    assert other.ok("GET", "/api/me")["usuario"]["nome"] == "Vera"


def test_a_person_in_two_tenants_switches_and_the_old_session_ends(
    pessoa: Visita, outra: Callable[[], Visita]
) -> None:
    other = outra()
    invited(pessoa, "viewer", other.email)
    other.ok("POST", ACEITE, {"token": other.letter_token()})
    before = Visita(other.way, token=other.token)
    target = tenant_of(pessoa)
    other.keep(other.ok("POST", f"/api/me/contas/{target}/entrada"))
    me = other.ok("GET", "/api/me")
    assert (me["tenant"]["id"], me["papel"]) == (target, "viewer")
    assert_error(before.send("GET", "/api/me"), 401)
    other.keep(other.refresh().get_json())
    assert tenant_of(other) == target
    for foreign in (str(NOBODY), tenant_of(Visita(other.way).established())):
        assert_error(other.send("POST", f"/api/me/contas/{foreign}/entrada"), 404)


def test_a_resent_invitation_has_a_new_link_and_the_old_one_opens_nothing(pessoa: Visita) -> None:
    guest = invited(pessoa)
    old = guest.letter_token()
    [convite] = pessoa.ok("GET", "/api/convites")["itens"]
    again = pessoa.ok("POST", f"/api/convites/{convite['id']}/reenvio")
    assert again["expira_em"] > convite["expira_em"]
    fresh = guest.letter_token()
    body = {"nome": "Gil", "senha": SENHA}
    assert_error(guest.send("POST", ACEITE, {"token": old, **body}), 422)
    guest.ok("POST", ACEITE, {"token": fresh, **body})
    assert_error(pessoa.send("POST", f"/api/convites/{convite['id']}/reenvio"), 404)
    assert_error(pessoa.send("DELETE", f"/api/convites/{convite['id']}"), 404)


def test_a_revoked_replaced_or_expired_invitation_opens_nothing(pessoa: Visita, mundo: Way) -> None:
    body = {"nome": "Gil", "senha": SENHA}
    revoked = invited(pessoa)
    token = revoked.letter_token()
    [convite] = pessoa.ok("GET", "/api/convites")["itens"]
    for _ in range(2):
        assert pessoa.send("DELETE", f"/api/convites/{convite['id']}").status_code == 204
    assert_error(revoked.send("POST", ACEITE, {"token": token, **body}), 422)
    first = invited(pessoa)
    old = first.letter_token()
    invited(pessoa, "viewer", first.email)
    assert_error(first.send("POST", ACEITE, {"token": old, **body}), 422)
    late = invited(pessoa)
    token = late.letter_token()
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.convites SET expira_em = clock_timestamp() "
        "WHERE email = :email",
        email=late.email,
    )
    assert_error(late.send("POST", ACEITE, {"token": token, **body}), 422)
    situations = [item["situacao"] for item in pessoa.ok("GET", "/api/convites")["itens"]]
    assert situations == ["vencido", "pendente", "revogado", "revogado"]


def test_an_invitation_of_a_suspended_tenant_opens_nothing(pessoa: Visita, mundo: Way) -> None:
    guest = invited(pessoa)
    token = guest.letter_token()
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.tenants SET status = 'suspenso' WHERE id = :id",
        id=tenant_of(pessoa),
    )
    assert_error(guest.send("POST", "/api/auth/convites/consulta", {"token": token}), 422)


def test_a_member_is_not_invited_again(pessoa: Visita) -> None:
    guest = joined(pessoa)
    body = {"email": guest.email.upper(), "papel": "admin"}
    assert assert_error(pessoa.send("POST", "/api/convites", body), 409)["status"] == "email_em_uso"


def test_an_invitation_accepted_twice_at_once_makes_one_person(pessoa: Visita) -> None:
    guest = invited(pessoa)
    body = {"token": guest.letter_token(), "nome": "Gil", "senha": SENHA}
    with ThreadPoolExecutor(3) as pool:
        codes = sorted(
            answer.status_code
            for answer in pool.map(lambda _: guest.send("POST", ACEITE, body), range(3))
        )
    assert codes == [200, 422, 422]
    people = pessoa.ok("GET", "/api/usuarios")["itens"]
    assert [person["email"] for person in people].count(guest.email) == 1


def test_a_changed_role_counts_at_the_next_call(pessoa: Visita) -> None:
    guest = joined(pessoa, "viewer")
    assert_error(guest.send("GET", "/api/usuarios"), 403)
    changed = pessoa.ok("PATCH", f"/api/usuarios/{me_of(guest)}", {"papel": "admin"})
    assert changed["papel"] == "admin"
    assert guest.send("GET", "/api/usuarios").status_code == 200
    assert pessoa.audited("papel_alterado")[0].detalhes == {"antes": "viewer", "depois": "admin"}


def test_a_removed_person_is_out_at_once_and_may_be_invited_again(pessoa: Visita) -> None:
    guest = joined(pessoa, "manager")
    person = me_of(guest)
    pessoa.ok("POST", f"/api/usuarios/{person}/permissoes", {"escopo": "leads:erase"})
    assert pessoa.send("DELETE", f"/api/usuarios/{person}").status_code == 204
    assert_error(guest.send("GET", "/api/me"), 401)
    assert_error(pessoa.send("GET", f"/api/usuarios/{person}"), 404)
    invited(pessoa, "viewer", guest.email)
    guest.ok("POST", ACEITE, {"token": guest.letter_token()})
    guest.login()
    assert "leads:erase" not in guest.ok("GET", "/api/me")["permissoes"]


def test_the_last_admin_neither_leaves_nor_steps_down(pessoa: Visita) -> None:
    mine = f"/api/usuarios/{me_of(pessoa)}"
    for response in (pessoa.send("DELETE", mine), pessoa.send("PATCH", mine, {"papel": "viewer"})):
        assert assert_error(response, 409)["status"] == "ultimo_admin"
    joined(pessoa, "admin")
    assert pessoa.send("PATCH", mine, {"papel": "viewer"}).status_code == 200


def test_two_admins_who_remove_each_other_at_once_leave_one(pessoa: Visita) -> None:
    second = joined(pessoa, "admin")
    pairs = [(pessoa, me_of(second)), (second, me_of(pessoa))]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda p: p[0].send("DELETE", f"/api/usuarios/{p[1]}"), pairs))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 204
    assert codes[1] in (401, 409)


def test_nobody_gives_or_takes_more_than_they_hold(pessoa: Visita) -> None:
    """A manager who was granted ``usuarios:write`` does not make themselves an admin."""
    manager, viewer = joined(pessoa, "manager"), joined(pessoa, "viewer")
    grant = f"/api/usuarios/{me_of(manager)}/permissoes"
    for escopo in ("usuarios:write", "usuarios:read"):
        pessoa.ok("POST", grant, {"escopo": escopo})
    for response in (
        manager.send("PATCH", f"/api/usuarios/{me_of(manager)}", {"papel": "admin"}),
        manager.send("PATCH", f"/api/usuarios/{me_of(viewer)}", {"papel": "admin"}),
        manager.send("PATCH", f"/api/usuarios/{me_of(pessoa)}", {"papel": "viewer"}),
        manager.send("DELETE", f"/api/usuarios/{me_of(pessoa)}"),
        manager.send("POST", "/api/convites", {"email": "x@y.example.com", "papel": "admin"}),
    ):
        assert assert_error(response, 403)["status"] == "papel_acima_do_seu"
    refused = manager.send("POST", grant, {"escopo": "leads:erase"})
    assert assert_error(refused, 422)["status"] == "escopo_invalido"
    manager.ok("PATCH", f"/api/usuarios/{me_of(viewer)}", {"papel": "operator"})


def test_a_grant_is_given_shown_and_taken_back(pessoa: Visita) -> None:
    guest = joined(pessoa, "operator")
    path = f"/api/usuarios/{me_of(guest)}/permissoes"
    for _ in range(2):
        shown = pessoa.ok("POST", path, {"escopo": "conversas:atender"})
        assert shown["permissoes"] == ["conversas:atender"]
    assert "conversas:atender" in guest.ok("GET", "/api/me")["permissoes"]
    assert pessoa.send("DELETE", f"{path}/conversas:atender").status_code == 204
    assert_error(pessoa.send("DELETE", f"{path}/conversas:atender"), 404)
    assert "conversas:atender" not in guest.ok("GET", "/api/me")["permissoes"]
    for wrong in ("leads:voar", "conta:proprio", "events:publish:alquimista.campanhas"):
        assert_error(pessoa.send("POST", path, {"escopo": wrong}), 422, hint=wrong)


def test_another_tenant_s_people_and_invitations_are_not_found(
    pessoa: Visita, outra: Callable[[], Visita]
) -> None:
    invited(pessoa)
    [convite] = pessoa.ok("GET", "/api/convites")["itens"]
    intruder, person = outra(), me_of(pessoa)
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/api/usuarios/{person}", None),
        ("PATCH", f"/api/usuarios/{person}", {"papel": "viewer"}),
        ("DELETE", f"/api/usuarios/{person}", None),
        ("POST", f"/api/usuarios/{person}/permissoes", {"escopo": "leads:read"}),
        ("DELETE", f"/api/usuarios/{person}/permissoes/leads:read", None),
        ("POST", f"/api/convites/{convite['id']}/reenvio", None),
        ("DELETE", f"/api/convites/{convite['id']}", None),
    ]
    for method, path, body in calls:
        assert_error(intruder.send(method, path, body), 404, hint=(method, path))
    assert intruder.ok("GET", "/api/convites")["itens"] == []
    assert [p["id"] for p in intruder.ok("GET", "/api/usuarios")["itens"]] == [me_of(intruder)]
    assert pessoa.ok("GET", "/api/me")["papel"] == "admin"


@pytest.mark.parametrize("campo", ["tenant_id", "role", "status", "versao", "user_id", "aceito_em"])
def test_a_body_sets_nothing_that_is_not_asked_for(pessoa: Visita, campo: str) -> None:
    bodies: list[tuple[str, str, dict[str, str]]] = [
        ("POST", "/api/convites", {"email": "x@y.example.com", "papel": "viewer"}),
        ("PATCH", f"/api/usuarios/{me_of(pessoa)}", {"papel": "admin"}),
        ("POST", ACEITE, {"token": "x"}),
        ("POST", "/api/chaves", {"nome": "x", "escopos": ""}),
    ]
    for method, path, body in bodies:
        found = assert_error(pessoa.send(method, path, {**body, campo: str(uuid4())}), 422)
        assert campo in found["errors"]["json"], path


def test_people_are_listed_page_by_page(pessoa: Visita) -> None:
    joined(pessoa)
    joined(pessoa)
    first = pessoa.ok("GET", "/api/usuarios?limite=2")
    rest = pessoa.ok("GET", f"/api/usuarios?limite=2&cursor={first['proximo']}")
    assert [len(first["itens"]), len(rest["itens"]), rest["proximo"]] == [2, 1, None]
    assert len({p["id"] for p in (*first["itens"], *rest["itens"])}) == 3
