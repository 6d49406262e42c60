"""Passwords that were forgotten or change: one link, once, and every session ends."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from alquimista.plataforma.identity import builtin, links
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import as_owner, assert_error
from tests.integration.conftest import Way

NOVA = "NovaSenha9"
PEDIR, TROCAR = "/api/auth/recuperacao", "/api/auth/recuperacao/senha"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor of the answer's time has a test of its own."""
    monkeypatch.setattr(builtin, "PISO_S", 0.0)


def asked(pessoa: Visita) -> str:
    """Ask for a link as somebody who is not signed in; answers its token."""
    Visita(pessoa.way).ok("POST", PEDIR, {"email": pessoa.email.upper()})
    return pessoa.letter_token()


def test_a_forgotten_password_is_replaced_and_every_session_ends(pessoa: Visita) -> None:
    token = asked(pessoa)
    assert pessoa.letter()["assunto"] == "Troque sua senha"
    assert pessoa.send("POST", TROCAR, {"token": token, "senha": NOVA}).status_code == 204
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert_error(pessoa.refresh(), 401)
    old = {"email": pessoa.email, "senha": "Segredo123"}
    assert_error(pessoa.send("POST", "/api/auth/login", old), 401)
    pessoa.login(NOVA)
    assert len(pessoa.audited("senha_recuperada")) == 1
    pessoa.way.drain()
    assert pessoa.letter()["assunto"] == "Sua senha foi trocada"


def test_a_recovery_link_opens_once_and_ends_the_others(pessoa: Visita) -> None:
    first = asked(pessoa)
    second = asked(pessoa)
    pessoa.ok("POST", TROCAR, {"token": second, "senha": NOVA})
    for token in (first, second):
        body = assert_error(pessoa.send("POST", TROCAR, {"token": token, "senha": NOVA}), 422)
        assert body["status"] == "link_invalido"


def test_a_weak_password_leaves_the_link_good(pessoa: Visita) -> None:
    token = asked(pessoa)
    body = assert_error(pessoa.send("POST", TROCAR, {"token": token, "senha": "fraca"}), 422)
    assert body["status"] == "senha_fraca"
    pessoa.ok("POST", TROCAR, {"token": token, "senha": NOVA})


def test_an_expired_or_made_up_token_opens_nothing(pessoa: Visita, mundo: Way) -> None:
    token = asked(pessoa)
    me = UUID(pessoa.ok("GET", "/api/me")["usuario"]["id"])
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.links_acesso SET expira_em = clock_timestamp() "
        "WHERE user_id = :me",
        me=me,
    )
    for wrong in (token, links.new_token(me), links.new_token(uuid4()), "x"):
        assert_error(pessoa.send("POST", TROCAR, {"token": wrong, "senha": NOVA}), 422)
    pessoa.login()


def test_only_the_hash_of_a_token_is_kept(pessoa: Visita, mundo: Way) -> None:
    token = asked(pessoa)
    me = UUID(pessoa.ok("GET", "/api/me")["usuario"]["id"])
    with mundo.system.database.person(me) as connection:
        kept = connection.exec_driver_sql(
            "SELECT row_to_json(l)::text FROM alquimista_platform.links_acesso l"
        ).scalars()
        texts = list(kept)
    assert texts and all(token not in row for row in texts)
    assert links.digest(token) in texts[-1]


def test_an_unknown_address_gets_the_same_answer_and_no_letter(
    pessoa: Visita, visita: Visita
) -> None:
    known = Visita(pessoa.way).send("POST", PEDIR, {"email": pessoa.email})
    unknown = visita.send("POST", PEDIR, {"email": visita.email})
    assert (known.status_code, known.get_data()) == (unknown.status_code, unknown.get_data())
    pessoa.way.drain()
    assert_error(visita.client.get(f"/api/sandbox/cartas?email={visita.email}"), 404)


def test_both_answers_wait_for_the_same_floor(
    pessoa: Visita, visita: Visita, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that is left of the floor is slept, whoever is asked for."""
    waited: list[float] = []
    monkeypatch.setattr(builtin, "PISO_S", 60.0)
    monkeypatch.setattr("alquimista.plataforma.identity.builtin.time.sleep", waited.append)
    for email in (pessoa.email, visita.email):
        visita.ok("POST", PEDIR, {"email": email})
    assert len(waited) == 2
    assert all(0 < seconds < 60 for seconds in waited)


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(pessoa: Visita) -> None:
    laptop = Visita(pessoa.way, email=pessoa.email)
    laptop.login()
    wrong = {"senha_atual": "Errada123", "senha_nova": NOVA}
    assert assert_error(pessoa.send("POST", "/api/me/senha", wrong), 422)["status"] == (
        "senha_errada"
    )
    body = {"senha_atual": "Segredo123", "senha_nova": NOVA}
    assert pessoa.send("POST", "/api/me/senha", body).status_code == 204
    assert pessoa.send("GET", "/api/me").status_code == 200
    assert_error(laptop.send("GET", "/api/me"), 401)
    laptop.login(NOVA)
    assert len(pessoa.audited("senha_trocada")) == 1


def test_guesses_of_the_present_password_are_counted(pessoa: Visita) -> None:
    wrong = {"senha_atual": "Errada123", "senha_nova": NOVA}
    codes = [pessoa.send("POST", "/api/me/senha", wrong).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


def test_a_recovered_password_opens_the_gate_that_guesses_closed(pessoa: Visita) -> None:
    wrong = {"email": pessoa.email, "senha": "Errada123"}
    for _ in range(20):
        Visita(pessoa.way).send("POST", "/api/auth/login", wrong)
    assert_error(Visita(pessoa.way).send("POST", "/api/auth/login", wrong), 429)
    pessoa.ok("POST", TROCAR, {"token": asked(pessoa), "senha": NOVA})
    Visita(pessoa.way, email=pessoa.email).login(NOVA)
