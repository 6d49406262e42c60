"""Signing up: a letter, a confirmed address, a tenant with its admin; and nothing is told."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from alquimista.plataforma.identity import links, passwords
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import as_owner, assert_error
from tests.integration.conftest import Way

CONFIRMAR = "/api/auth/cadastro/confirmacao"


def test_a_confirmed_sign_up_is_a_tenant_with_its_admin(visita: Visita) -> None:
    cadastro_id = visita.sign_up("Aços Vera")
    assert_error(
        visita.send("POST", "/api/auth/login", {"email": visita.email, "senha": "Segredo123"}), 401
    )
    assert visita.confirm() == cadastro_id
    visita.login()
    me = visita.ok("GET", "/api/me")
    assert (me["tenant"]["id"], me["tenant"]["nome"]) == (str(cadastro_id), "Aços Vera")
    assert (me["papel"], me["usuario"]["email"]) == ("admin", visita.email)
    assert len(visita.audited("cadastro_confirmado")) == 1


def test_a_confirmation_link_opens_once(visita: Visita) -> None:
    visita.sign_up()
    token = visita.letter_token()
    visita.ok("POST", CONFIRMAR, {"token": token})
    body = assert_error(visita.send("POST", CONFIRMAR, {"token": token}), 422)
    assert body["status"] == "link_invalido"


def test_an_expired_link_opens_nothing_and_a_new_one_does(visita: Visita, mundo: Way) -> None:
    cadastro_id = visita.sign_up()
    old = visita.letter_token()
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.cadastros SET expira_em = clock_timestamp() "
        "WHERE tenant_id = :tenant",
        tenant=cadastro_id,
    )
    assert_error(visita.send("POST", CONFIRMAR, {"token": old}), 422)
    visita.ok("POST", "/api/auth/cadastro/reenvio", {"cadastro_id": str(cadastro_id)})
    fresh = visita.letter_token()
    assert fresh != old
    assert_error(visita.send("POST", CONFIRMAR, {"token": old}), 422)
    visita.ok("POST", CONFIRMAR, {"token": fresh})


@pytest.mark.parametrize(
    "token",
    ["x", "a" * 64, "%00", "../../x", links.new_token(uuid4())[:-2]],
    ids=["short", "long", "nul", "path", "cut"],
)
def test_a_text_that_is_no_token_opens_nothing(visita: Visita, token: str) -> None:
    assert_error(visita.send("POST", CONFIRMAR, {"token": token}), 422)


def test_a_token_of_nobody_opens_nothing(visita: Visita) -> None:
    assert_error(visita.send("POST", CONFIRMAR, {"token": links.new_token(uuid4())}), 422)


def test_a_known_address_gets_the_same_answer_and_another_letter(
    pessoa: Visita, mundo: Way
) -> None:
    stranger = Visita(mundo, email=pessoa.email)
    body = {"empresa": "X", "nome": "Y", "email": pessoa.email, "senha": "Roubada123"}
    known = stranger.send("POST", "/api/auth/cadastro", body)
    unknown = Visita(mundo).send("POST", "/api/auth/cadastro", {**body, "email": "n@x.example.com"})
    assert known.status_code == unknown.status_code == 202
    assert set(known.get_json()) == set(unknown.get_json()) == {"cadastro_id"}
    mundo.drain()
    assert pessoa.letter()["assunto"] == "Você já tem uma conta"
    assert "token=" not in pessoa.letter()["mensagem"]
    assert_error(
        stranger.send("POST", "/api/auth/login", {"email": pessoa.email, "senha": "Roubada123"}),
        401,
    )


def test_known_and_unknown_addresses_cost_one_hash_each(
    pessoa: Visita, mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    original = passwords.hash_password

    def counted(senha: str) -> str:
        hashed.append(senha)
        return original(senha)

    monkeypatch.setattr(passwords, "hash_password", counted)
    for email in (pessoa.email, "ninguem@y.example.com"):
        hashed.clear()
        body = {"empresa": "X", "nome": "Y", "email": email, "senha": "Senhaboa1"}
        Visita(mundo).ok("POST", "/api/auth/cadastro", body)
        assert hashed == ["Senhaboa1"], email


def test_login_costs_one_verification_for_known_and_unknown_addresses(
    pessoa: Visita, mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bool] = []
    original = passwords.verify_password

    def counted(hashed: str | None, senha: str) -> bool:
        verified.append(hashed is not None)
        return original(hashed, senha)

    monkeypatch.setattr(passwords, "verify_password", counted)
    for email in (pessoa.email, "ninguem@z.example.com"):
        body = {"email": email, "senha": "Errada123"}
        assert_error(Visita(mundo).send("POST", "/api/auth/login", body), 401)
    assert verified == [True, False]


def test_the_owner_of_an_address_wins_over_who_signed_up_with_it_before(mundo: Way) -> None:
    email = f"{uuid4().hex[:8]}@disputa.example.com"
    thief, owner = Visita(mundo, email=email), Visita(mundo, email=email)
    thief.sign_up("Ladrão SA", "Ladrao123")
    stolen = thief.letter_token()
    owner.sign_up("Dona SA", "DonaSegura1")
    owner.confirm()
    owner.login("DonaSegura1")
    assert_error(thief.send("POST", "/api/auth/login", {"email": email, "senha": "Ladrao123"}), 401)
    body = assert_error(owner.send("POST", CONFIRMAR, {"token": stolen}), 409)
    assert body["status"] == "email_em_uso"


@pytest.mark.parametrize("campo", ["tenant_id", "papel", "role", "status", "versao", "sandbox"])
def test_a_field_that_is_not_asked_for_is_refused(visita: Visita, campo: str) -> None:
    body = {"empresa": "X", "nome": "Y", "email": visita.email, "senha": "Senhaboa1", campo: "1"}
    found = assert_error(visita.send("POST", "/api/auth/cadastro", body), 422)
    assert set(found["errors"]["json"]) == {campo}


def test_a_weak_password_is_told_by_its_rules(visita: Visita) -> None:
    body = {"empresa": "X", "nome": "Y", "email": visita.email, "senha": "abc"}
    found = assert_error(visita.send("POST", "/api/auth/cadastro", body), 422)
    assert found["status"] == "senha_fraca"
    assert "uma letra maiúscula" in found["message"]


def test_a_name_adds_no_header_and_no_address_to_the_letter(visita: Visita) -> None:
    body = {
        "empresa": "X\r\nBcc: todos@x.example.com",
        "nome": "Vera\r\nBcc: a@b.example.com\n\nClique em http://mau.example.com",
        "email": visita.email,
        "senha": "Senhaboa1",
    }
    visita.ok("POST", "/api/auth/cadastro", body)
    visita.way.drain()
    letter = visita.letter()
    assert "\nBcc" not in letter["mensagem"]
    assert "mau.example.com\n" not in letter["mensagem"]
    assert "http://mau" not in letter["mensagem"]


@pytest.mark.parametrize(
    "email",
    ["a@b", "a b@c.com", "a@c.com\nBcc: x@y.com", "@c.com", "a@-c.com", "x" * 250 + "@c.io"],
)
def test_what_is_no_address_is_refused(visita: Visita, email: str) -> None:
    body = {"empresa": "X", "nome": "Y", "email": email, "senha": "Senhaboa1"}
    found = assert_error(visita.send("POST", "/api/auth/cadastro", body), 422)
    assert set(found["errors"]["json"]) == {"email"}


def test_nothing_of_a_sent_letter_is_left_in_the_outbox(visita: Visita) -> None:
    visita.established()
    [left] = visita.rows(
        "SELECT mensagem, destinatarios, status FROM nigredo_leads.disparos WHERE tipo = 'conta'"
    )
    assert (left.mensagem, left.destinatarios, left.status) == ("", None, "enviado")


def test_letters_to_one_address_are_counted_whoever_asks(mundo: Way) -> None:
    email = f"{uuid4().hex[:8]}@muitas.example.com"
    body = {"empresa": "X", "nome": "Y", "email": email, "senha": "Senhaboa1"}
    for _ in range(10):
        Visita(mundo).ok("POST", "/api/auth/cadastro", body)
    refused = Visita(mundo).send("POST", "/api/auth/cadastro", body)
    assert_error(refused, 429)
    assert int(refused.headers["Retry-After"]) > 0


def test_a_resend_for_nobody_is_answered_as_for_somebody(
    visita: Visita, outra: Callable[[], Visita]
) -> None:
    done = outra().ok("GET", "/api/me")["tenant"]["id"]
    for cadastro_id in (str(uuid4()), done):
        sent = {"cadastro_id": cadastro_id}
        assert visita.ok("POST", "/api/auth/cadastro/reenvio", sent) == sent
