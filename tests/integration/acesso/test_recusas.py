"""Attempts to come in that came to nothing: audited where somebody would want to know."""

from __future__ import annotations

from typing import Any

import pytest

from alquimista.plataforma.identity import refused
from tests.integration.acesso.test_chaves import holder, made
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import as_owner, assert_error
from tests.integration.conftest import Way

LOGIN = "/api/auth/login"
ERRADA = "Errada123"


def entries(pessoa: Visita, action_type: str) -> list[Any]:
    """The tenant's entries of one action, with where they came from."""
    return pessoa.rows(
        "SELECT ator_tipo, alvo_tipo, alvo_id, resultado, detalhes, rede FROM "
        f"alquimista_platform.audit_logs WHERE action_type = '{action_type}' ORDER BY created_at"
    )


def test_a_wrong_password_is_audited_with_its_network_and_a_masked_address(
    pessoa: Visita,
) -> None:
    thief = Visita(pessoa.way)
    body = {"email": pessoa.email, "senha": ERRADA}
    assert_error(thief.send("POST", LOGIN, body, X_Forwarded_For="203.0.113.66"), 401)
    [entry] = entries(pessoa, "login_recusado")
    assert (entry.ator_tipo, entry.alvo_tipo, entry.resultado) == ("sistema", "usuario", "recusado")
    assert entry.alvo_id is not None
    assert entry.rede == thief.rede
    assert entry.detalhes == {"email": f"{pessoa.email[0]}***@visita.example.com"}
    assert entries(pessoa, "login_bloqueado") == []


def test_the_attempt_that_shuts_the_door_says_for_how_long_and_later_ones_nothing(
    pessoa: Visita,
) -> None:
    thief = Visita(pessoa.way)
    body = {"email": pessoa.email, "senha": ERRADA}
    codes = [thief.send("POST", LOGIN, body).status_code for _ in range(8)]
    assert codes == [401] * 5 + [429] * 3
    assert len(entries(pessoa, "login_recusado")) == 5
    [locked] = entries(pessoa, "login_bloqueado")
    assert 25 <= locked.detalhes["espera_segundos"] <= 30


def test_an_address_of_nobody_leaves_no_entry_anywhere(pessoa: Visita, mundo: Way) -> None:
    def count() -> int:
        found: int = mundo.rows("SELECT count(*) AS n FROM alquimista_platform.audit_logs")[0].n
        return found + len(entries(pessoa, "login_recusado"))

    before = count()
    body = {"email": "ninguem@z.example.com", "senha": ERRADA}
    assert_error(Visita(mundo).send("POST", LOGIN, body), 401)
    assert count() == before


def test_refusing_known_and_unknown_takes_the_same_floor(
    pessoa: Visita, mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that is left of the floor is slept, whoever was tried."""
    waited: list[float] = []
    monkeypatch.setattr(refused, "PISO_S", 60.0)
    monkeypatch.setattr("alquimista.plataforma.identity.refused.time.sleep", waited.append)
    for email in (pessoa.email, "ninguem@z.example.com"):
        body = {"email": email, "senha": ERRADA}
        assert_error(Visita(mundo).send("POST", LOGIN, body), 401)
    assert len(waited) == 2
    assert all(0 < seconds < 60 for seconds in waited)


def test_a_wrong_present_password_is_audited(pessoa: Visita) -> None:
    body = {"senha_atual": ERRADA, "senha_nova": "Outrasenha1"}
    assert_error(pessoa.send("POST", "/api/me/senha", body), 422)
    assert [entry.resultado for entry in entries(pessoa, "senha_recusada")] == ["recusado"]


@pytest.mark.parametrize("motivo", ["revogada", "vencida"])
def test_a_key_that_is_good_no_more_is_audited_once_an_hour(pessoa: Visita, motivo: str) -> None:
    key = made(pessoa, "leads:read")
    machine = holder(pessoa, key)
    if motivo == "revogada":
        pessoa.send("DELETE", f"/api/chaves/{key['id']}")
    else:
        as_owner(
            pessoa.way.system,
            "UPDATE alquimista_platform.api_keys SET expira_em = clock_timestamp() WHERE id = :id",
            id=key["id"],
        )
    for _ in range(3):
        assert_error(machine.send("GET", "/api/leads"), 401)
    [entry] = entries(pessoa, "chave_recusada")
    assert (entry.ator_tipo, str(entry.alvo_id)) == ("chave", key["id"])
    assert (entry.resultado, entry.detalhes) == ("recusado", {"motivo": motivo})
    assert pessoa.ok("GET", f"/api/chaves/{key['id']}")["ultimo_uso_em"] is None
    as_owner(
        pessoa.way.system,
        "UPDATE alquimista_platform.api_keys SET recusada_em = recusada_em - interval '61 minutes'",
    )
    assert_error(machine.send("GET", "/api/leads"), 401)
    assert len(entries(pessoa, "chave_recusada")) == 2


def test_a_refresh_token_that_comes_back_is_audited(pessoa: Visita) -> None:
    stolen = pessoa.refresh_token
    pessoa.keep(pessoa.refresh().get_json())
    as_owner(
        pessoa.way.system,
        "UPDATE alquimista_platform.renovacoes SET usada_em = usada_em - interval '11 seconds'",
    )
    assert_error(Visita(pessoa.way).refresh(stolen), 401)
    pessoa.login()
    assert [entry.resultado for entry in entries(pessoa, "sessao_reuso")] == ["recusado"]
