"""The second factor: enrolled, asked for, never twice the same code, and taken away again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyotp
import pytest

from alquimista.plataforma.identity import links
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import SENHA, as_owner, assert_error
from tests.integration.conftest import Way

FATOR = "/api/me/segundo-fator"


AGORA = datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still_clock(mundo: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """No step of the codes' clock ends in the middle of a test."""
    factor = vars(mundo.system.services.access)["_factor"]
    monkeypatch.setattr(factor, "_clock", lambda: AGORA)


def code_of(segredo: str, steps: int = 0) -> str:
    """The code of now, or some steps from it."""
    return pyotp.TOTP(segredo).at(int(AGORA.timestamp()), counter_offset=steps)


def enrolled(pessoa: Visita) -> tuple[str, list[str]]:
    """Turn the second factor on by the code of the step before; answers secret and reserves."""
    segredo = pessoa.ok("POST", FATOR, {"senha": SENHA})["segredo"]
    answer = pessoa.ok("POST", f"{FATOR}/confirmacao", {"codigo": code_of(segredo, -1)})
    return segredo, answer["codigos_reserva"]


def challenged(pessoa: Visita) -> str:
    """Come in by password; answers the challenge."""
    answer = pessoa.ok("POST", "/api/auth/login", {"email": pessoa.email, "senha": SENHA})
    assert set(answer) == {"desafio", "expires_in"}
    return str(answer["desafio"])


def second_step(pessoa: Visita, desafio: str, codigo: str) -> Any:
    return pessoa.send("POST", "/api/auth/login/codigo", {"desafio": desafio, "codigo": codigo})


def test_a_confirmed_factor_is_asked_for_at_the_next_login(pessoa: Visita) -> None:
    begun = pessoa.ok("POST", FATOR, {"senha": SENHA})
    assert begun["endereco"].startswith("otpauth://totp/Alquimista:")
    assert pessoa.ok("GET", FATOR)["ativo"] is False
    pessoa.login()
    codes = pessoa.ok("POST", f"{FATOR}/confirmacao", {"codigo": code_of(begun["segredo"], -1)})[
        "codigos_reserva"
    ]
    assert len(set(codes)) == 10
    assert pessoa.ok("GET", FATOR)["codigos_restantes"] == 10
    answer = second_step(pessoa, challenged(pessoa), code_of(begun["segredo"]))
    pessoa.keep(answer.get_json())
    assert pessoa.send("GET", "/api/me").status_code == 200
    assert pessoa.audited("segundo_fator_ativado")


def test_a_code_opens_once_even_in_another_login(pessoa: Visita) -> None:
    segredo, _ = enrolled(pessoa)
    code = code_of(segredo)
    assert second_step(pessoa, challenged(pessoa), code).status_code == 200
    assert_error(second_step(pessoa, challenged(pessoa), code), 401)
    assert_error(second_step(pessoa, challenged(pessoa), code_of(segredo, -1)), 401)
    assert second_step(pessoa, challenged(pessoa), code_of(segredo, 1)).status_code == 200


def test_the_code_that_confirmed_the_factor_opens_no_login(pessoa: Visita) -> None:
    segredo = pessoa.ok("POST", FATOR, {"senha": SENHA})["segredo"]
    code = code_of(segredo)
    pessoa.ok("POST", f"{FATOR}/confirmacao", {"codigo": code})
    assert_error(second_step(pessoa, challenged(pessoa), code), 401)


def test_a_challenge_opens_once_and_not_after_its_time(pessoa: Visita, mundo: Way) -> None:
    segredo, reserves = enrolled(pessoa)
    used = challenged(pessoa)
    assert second_step(pessoa, used, code_of(segredo)).status_code == 200
    assert_error(second_step(pessoa, used, reserves[0]), 401)
    late = challenged(pessoa)
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.links_acesso SET expira_em = clock_timestamp() "
        "WHERE tipo = 'desafio'",
    )
    assert_error(second_step(pessoa, late, reserves[0]), 401)
    assert second_step(pessoa, challenged(pessoa), reserves[0]).status_code == 200


def test_a_reserve_code_opens_once_however_it_is_typed(pessoa: Visita) -> None:
    _, reserves = enrolled(pessoa)
    typed = reserves[3].lower().replace("-", " ")
    assert second_step(pessoa, challenged(pessoa), typed).status_code == 200
    assert_error(second_step(pessoa, challenged(pessoa), reserves[3]), 401)
    assert pessoa.ok("GET", FATOR)["codigos_restantes"] == 9


def test_guesses_of_a_code_are_counted_across_challenges(pessoa: Visita) -> None:
    segredo, _ = enrolled(pessoa)
    codes = [second_step(pessoa, challenged(pessoa), "000000").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert_error(second_step(pessoa, challenged(pessoa), code_of(segredo)), 429)


def test_made_up_challenges_lock_nobody_out(pessoa: Visita, visita: Visita) -> None:
    segredo, _ = enrolled(pessoa)
    me = UUID(pessoa.ok("GET", "/api/me")["usuario"]["id"])
    for _ in range(8):
        assert_error(second_step(visita, links.new_token(me), "000000"), 401)
    assert second_step(pessoa, challenged(pessoa), code_of(segredo)).status_code == 200


@pytest.mark.parametrize("desafio", ["x", "alr_x", "A" * 64])
def test_a_text_that_is_no_challenge_opens_nothing(visita: Visita, desafio: str) -> None:
    assert_error(second_step(visita, desafio, "123456"), 401)


def test_a_challenge_is_no_recovery_link_and_no_token(pessoa: Visita) -> None:
    enrolled(pessoa)
    desafio = challenged(pessoa)
    body = {"token": desafio, "senha": "NovaSenha9"}
    assert_error(pessoa.send("POST", "/api/auth/recuperacao/senha", body), 422)
    pessoa.token = desafio
    assert_error(pessoa.send("GET", "/api/me"), 401)


def test_the_factor_is_changed_only_with_the_password(pessoa: Visita) -> None:
    assert_error(pessoa.send("POST", FATOR, {"senha": "Errada123"}), 422)
    enrolled(pessoa)
    body = assert_error(pessoa.send("POST", FATOR, {"senha": SENHA}), 409)
    assert body["status"] == "segundo_fator_ativo"
    off = f"{FATOR}/desativacao"
    assert_error(pessoa.send("POST", off, {"senha": "Errada123"}), 422)
    assert pessoa.send("POST", off, {"senha": SENHA}).status_code == 204
    assert pessoa.ok("GET", FATOR) == {"ativo": False, "desde": None, "codigos_restantes": 0}
    pessoa.login()
    assert pessoa.refresh_token
    assert pessoa.audited("segundo_fator_desativado")


def test_a_recovered_password_does_not_take_the_factor_away(pessoa: Visita) -> None:
    segredo, _ = enrolled(pessoa)
    Visita(pessoa.way).ok("POST", "/api/auth/recuperacao", {"email": pessoa.email})
    sent = {"token": pessoa.letter_token(), "senha": "NovaSenha9"}
    pessoa.ok("POST", "/api/auth/recuperacao/senha", sent)
    login = {"email": pessoa.email, "senha": "NovaSenha9"}
    desafio = pessoa.ok("POST", "/api/auth/login", login)["desafio"]
    assert second_step(pessoa, desafio, code_of(segredo)).status_code == 200


def test_a_tenant_that_asks_for_the_factor_lets_in_only_who_showed_it(
    pessoa: Visita, mundo: Way
) -> None:
    tenant = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.tenants SET configuracoes = configuracoes || "
        """'{"exigir_segundo_fator": true}'::jsonb WHERE id = :tenant""",
        tenant=tenant,
    )
    refused = assert_error(pessoa.send("GET", "/api/leads"), 403)
    assert refused["status"] == "segundo_fator_exigido"
    me = pessoa.ok("GET", "/api/me")
    assert me["permissoes"] == ["conta:proprio", "conta:read"]
    assert me["falta_segundo_fator"] is True
    segredo, _ = enrolled(pessoa)
    assert pessoa.send("GET", "/api/leads").status_code == 200
    answer = second_step(pessoa, challenged(pessoa), code_of(segredo))
    pessoa.keep(answer.get_json())
    assert pessoa.send("GET", "/api/leads").status_code == 200
    pessoa.keep(pessoa.refresh().get_json())
    assert pessoa.send("GET", "/api/leads").status_code == 200


def test_the_secret_is_kept_encrypted(pessoa: Visita, mundo: Way) -> None:
    segredo = pessoa.ok("POST", FATOR, {"senha": SENHA})["segredo"]
    me = UUID(pessoa.ok("GET", "/api/me")["usuario"]["id"])
    with mundo.system.database.person(me) as connection:
        [kept] = connection.exec_driver_sql(
            "SELECT segredo FROM alquimista_platform.segundo_fatores"
        ).scalars()
    assert segredo.encode() not in bytes(kept)


def test_a_wrong_code_is_audited_and_a_made_up_challenge_is_not(pessoa: Visita) -> None:
    segredo, _ = enrolled(pessoa)
    desafio = challenged(pessoa)
    assert_error(second_step(pessoa, desafio, "000000"), 401)
    assert_error(second_step(pessoa, "inventado", "000000"), 401)
    assert second_step(pessoa, desafio, code_of(segredo)).status_code == 200
    assert [entry.resultado for entry in pessoa.audited("codigo_recusado")] == ["recusado"]
