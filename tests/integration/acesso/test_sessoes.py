"""Sessions: exchanged once, ended at once, and a stolen refresh token ends them too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from alquimista.plataforma.identity import links
from alquimista.plataforma.identity.sessions import PREFIX
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import as_owner, assert_error
from tests.integration.conftest import Way


def later(way: Way, seconds: int) -> None:
    """As if every exchange so far had been ``seconds`` earlier."""
    as_owner(
        way.system,
        "UPDATE alquimista_platform.renovacoes SET usada_em = usada_em - make_interval(secs => :s)",
        s=seconds,
    )


def session_of(pessoa: Visita) -> str:
    """The id of the session that calls."""
    [current] = [s["id"] for s in pessoa.ok("GET", "/api/me/sessoes")["itens"] if s["atual"]]
    return str(current)


def test_a_refresh_gives_new_tokens_of_the_same_session(pessoa: Visita) -> None:
    before, old = session_of(pessoa), pessoa.refresh_token
    answer = pessoa.refresh()
    assert answer.status_code == 200
    pessoa.keep(answer.get_json())
    assert pessoa.refresh_token != old
    assert session_of(pessoa) == before


def test_a_refresh_token_that_comes_back_late_ends_the_session_and_is_audited(
    pessoa: Visita, mundo: Way
) -> None:
    stolen = pessoa.refresh_token
    pessoa.keep(pessoa.refresh().get_json())
    later(mundo, 11)
    assert_error(pessoa.refresh(stolen), 401)
    assert_error(pessoa.refresh(), 401)
    assert_error(pessoa.send("GET", "/api/me"), 401)
    pessoa.login()
    [entry] = pessoa.audited("sessao_reuso")
    assert entry.resultado == "recusado"


def test_two_calls_at_once_leave_one_winner_and_a_live_session(pessoa: Visita) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: pessoa.refresh(), range(4)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            body = assert_error(answer, 409)
            assert body["status"] == "renovacao_em_andamento"
            assert "alr_" not in answer.get_data(as_text=True)
        else:
            pessoa.keep(answer.get_json())
    assert pessoa.refresh().status_code == 200


def test_a_made_up_refresh_token_neither_opens_nor_ends_anything(pessoa: Visita) -> None:
    me = pessoa.ok("GET", "/api/me")["usuario"]["id"]
    for token in (links.new_token(UUID(me), PREFIX), links.new_token(uuid4(), PREFIX), "alr_", "x"):
        assert_error(pessoa.refresh(token), 401)
    assert_error(pessoa.refresh(pessoa.token), 401)
    assert pessoa.refresh().status_code == 200


def test_a_refresh_token_is_no_access_token(pessoa: Visita) -> None:
    pessoa.token = pessoa.refresh_token
    assert_error(pessoa.send("GET", "/api/me"), 401)


def test_logout_ends_the_session_s_access_token_at_once(pessoa: Visita) -> None:
    sent = {"refresh_token": pessoa.refresh_token}
    for _ in range(2):
        assert pessoa.send("POST", "/api/auth/logout", sent).status_code == 204
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert_error(pessoa.refresh(), 401)


def test_sessions_are_listed_with_their_device_and_ended_one_by_one(pessoa: Visita) -> None:
    laptop = Visita(pessoa.way, email=pessoa.email)
    answer = laptop.send(
        "POST",
        "/api/auth/login",
        {"email": pessoa.email, "senha": "Segredo123"},
        User_Agent="Navegador/1.0 " + "x" * 500,
    )
    laptop.keep(answer.get_json())
    listed = pessoa.ok("GET", "/api/me/sessoes")["itens"]
    assert [s["atual"] for s in listed] == [False, True]
    assert listed[0]["rede"] == laptop.rede
    assert listed[0]["dispositivo"].startswith("Navegador/1.0")
    assert pessoa.send("DELETE", f"/api/me/sessoes/{listed[0]['id']}").status_code == 204
    assert_error(laptop.send("GET", "/api/me"), 401)
    assert pessoa.send("GET", "/api/me").status_code == 200


def test_another_person_s_session_is_not_found(pessoa: Visita, outra: Callable[[], Visita]) -> None:
    other = outra()
    assert_error(other.send("DELETE", f"/api/me/sessoes/{session_of(pessoa)}"), 404)
    assert pessoa.send("GET", "/api/me").status_code == 200


def test_logout_everywhere_spares_this_device_or_not(pessoa: Visita) -> None:
    laptop = Visita(pessoa.way, email=pessoa.email)
    laptop.login()
    assert pessoa.ok("DELETE", "/api/me/sessoes", {"manter_atual": True}) == {"encerradas": 1}
    assert_error(laptop.send("GET", "/api/me"), 401)
    assert pessoa.ok("DELETE", "/api/me/sessoes", {"manter_atual": False}) == {"encerradas": 1}
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert_error(pessoa.refresh(), 401)
    pessoa.login()
    assert len(pessoa.audited("saida_geral")) == 2


def test_a_session_ends_after_its_time_whatever_its_tokens_say(pessoa: Visita, mundo: Way) -> None:
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.sessoes SET expira_em = clock_timestamp() WHERE id = :id",
        id=session_of(pessoa),
    )
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert_error(pessoa.refresh(), 401)


def test_a_forged_address_header_opens_no_gate(pessoa: Visita) -> None:
    """Attempts are counted for the connection's address, not for what a header claims."""
    wrong = {"email": pessoa.email, "senha": "Errada123"}
    codes = [
        pessoa.send(
            "POST", "/api/auth/login", wrong, X_Forwarded_For=f"198.51.100.{number}"
        ).status_code
        for number in range(7)
    ]
    assert codes == [401] * 5 + [429] * 2


def test_a_person_without_a_scope_sees_nobody_s_sessions(mundo: Way, pessoa: Visita) -> None:
    """Row-level security alone: the app login in no scope, and in another person's."""
    assert pessoa.token
    tables = ("sessoes", "renovacoes", "links_acesso", "segundo_fatores", "codigos_reserva")
    with mundo.system.database.anonymous() as connection:
        for table in tables:
            count = f"SELECT count(*) FROM alquimista_platform.{table}"
            assert connection.exec_driver_sql(count).scalar_one() == 0, table
    with mundo.system.database.person(uuid4()) as connection:
        for table in tables:
            count = f"SELECT count(*) FROM alquimista_platform.{table}"
            assert connection.exec_driver_sql(count).scalar_one() == 0, table


def test_what_ended_long_ago_is_deleted_and_what_lives_stays(pessoa: Visita, mundo: Way) -> None:
    laptop = Visita(pessoa.way, email=pessoa.email)
    laptop.login()
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.sessoes SET revogada_em = clock_timestamp() "
        "- interval '31 days' WHERE id = :id",
        id=session_of(laptop),
    )
    assert mundo.system.purge_access()["sessoes"] >= 1
    me = UUID(pessoa.ok("GET", "/api/me")["usuario"]["id"])
    with mundo.system.database.person(me) as connection:
        kept = connection.exec_driver_sql(
            "SELECT count(DISTINCT s.id), count(*) FROM alquimista_platform.sessoes s "
            "JOIN alquimista_platform.renovacoes r ON r.sessao_id = s.id"
        ).one()
    assert tuple(kept) == (1, 1)
    assert pessoa.refresh().status_code == 200
