"""The tenant itself: settings that are checked, suspension at the door and at the worker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from alquimista.plataforma.tenants import lifecycle
from alquimista.plataforma.tenants.domain import Configuracoes
from tests.integration.acesso.test_chaves import holder, made
from tests.integration.acesso.test_pessoas import joined
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import assert_error
from tests.integration.conftest import Way

PATH = "/api/configuracoes"


def test_settings_have_defaults_that_work(pessoa: Visita) -> None:
    found = pessoa.ok("GET", PATH)
    expected = Configuracoes(emails_gestores=(pessoa.email,), nome_vendedor="Vera").to_json()
    assert {name: found[name] for name in expected} == expected
    assert (found["nome"], found["fuso_horario"], found["status"]) == (
        "Visita Ltda",
        "America/Sao_Paulo",
        "ativo",
    )


def test_a_part_changes_the_rest_stays_and_null_takes_the_default(pessoa: Visita) -> None:
    before = pessoa.ok("GET", PATH)
    part = {
        "nome": "Visita & Filhos",
        "fuso_horario": "America/Manaus",
        "tom_marca": "direto",
        "limites": {"por_hora": 40},
        "perfil_ideal": {"ufs": ["SP", "RJ"]},
        "disponibilidade": [{"dia_semana": 1, "inicio": "10:00", "fim": "11:30"}],
        "divulgacao_automatica": True,
        "retencao_dias": 90,
    }
    changed = pessoa.ok("PATCH", PATH, part)
    assert changed["limites"] == {**before["limites"], "por_hora": 40}
    assert changed["perfil_ideal"]["ufs"] == ["RJ", "SP"]
    for name in ("nome", "fuso_horario", "tom_marca", "disponibilidade", "retencao_dias"):
        assert changed[name] == part[name], name
    assert changed["palavras_descadastro"] == before["palavras_descadastro"]
    assert changed["versao"] == before["versao"] + 1
    assert pessoa.ok("GET", PATH) == changed
    back = pessoa.ok("PATCH", PATH, {"limites": None, "tom_marca": None})
    assert (back["limites"], back["tom_marca"]) == (before["limites"], before["tom_marca"])
    assert pessoa.audited("configuracoes_alteradas")[0].detalhes == {"campos": sorted(part)}
    assert pessoa.ok("GET", "/api/me")["tenant"]["nome"] == "Visita & Filhos"


@pytest.mark.parametrize(
    ("part", "campo"),
    [
        ({"fuso_horario": "Marte/Olimpo"}, "fuso_horario"),
        ({"email_remetente": "x"}, "email_remetente"),
        ({"emails_gestores": ["a@b.com.br", "x"]}, "emails_gestores"),
        ({"limites": {"por_hora": 101}}, "limites.por_hora"),
        ({"limites": {"por_dia": 0}}, "limites.por_dia"),
        ({"limites": {"pausa_s": 1}}, "limites.pausa_s"),
        ({"perfil_ideal": {"ufs": ["XX"]}}, "perfil_ideal.ufs"),
        ({"ddd_padrao": "01"}, "ddd_padrao"),
        ({"tom_marca": " "}, "tom_marca"),
        ({"retencao_dias": 1}, "retencao_dias"),
        ({"canais": {"whatsapp": "+55"}}, "canais.whatsapp"),
        ({"palavras_descadastro": [" "]}, "palavras_descadastro"),
        ({"disponibilidade": [{"dia_semana": 9, "inicio": "9:00", "fim": "x"}]}, "disponibilidade"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_setting_is_refused_by_its_name_and_nothing_changes(
    pessoa: Visita, part: dict[str, Any], campo: str
) -> None:
    before = pessoa.ok("GET", PATH)
    body = assert_error(pessoa.send("PATCH", PATH, {"nome": "Outro", **part}), 422)
    assert campo in body["message"]
    assert pessoa.ok("GET", PATH) == before


@pytest.mark.parametrize(
    "part",
    [
        {"versao": 9},
        {"status": "ativo"},
        {"sandbox": False},
        {"tenant_id": "x"},
        {"clock_offset": 1},
        {"limites": {"sem_limite": True}},
        {"retencao_dias": "90"},
        {"exigir_segundo_fator": "sim"},
        {"nome": "  "},
    ],
    ids=str,
)
def test_what_is_no_setting_is_refused_by_its_field(pessoa: Visita, part: dict[str, Any]) -> None:
    body = assert_error(pessoa.send("PATCH", PATH, part), 422)
    assert set(body["errors"]["json"]) == set(part)


def test_two_changes_at_once_both_count(pessoa: Visita) -> None:
    parts = [{"tom_marca": "direto"}, {"retencao_dias": 99}, {"ddd_padrao": "21"}]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda part: pessoa.ok("PATCH", PATH, part), parts))
    found = pessoa.ok("GET", PATH)
    assert (found["tom_marca"], found["retencao_dias"], found["ddd_padrao"]) == ("direto", 99, "21")


def test_an_address_of_another_tenant_is_not_taken(
    pessoa: Visita, outra: Callable[[], Visita]
) -> None:
    mine = {"canais": {"email": f"vendas-{pessoa.email}"}}
    pessoa.ok("PATCH", PATH, mine)
    pessoa.ok("PATCH", PATH, mine)
    body = assert_error(outra().send("PATCH", PATH, mine), 422)
    assert "canais.email" in body["message"]


def test_only_an_admin_reads_and_changes_settings(pessoa: Visita) -> None:
    manager = joined(pessoa, "manager")
    assert_error(manager.send("GET", PATH), 403)
    assert_error(manager.send("PATCH", PATH, {"tom_marca": "x"}), 403)


def test_a_tenant_that_asks_for_a_second_factor_asks_at_the_next_call(pessoa: Visita) -> None:
    pessoa.ok("PATCH", PATH, {"exigir_segundo_fator": True})
    assert assert_error(pessoa.send("GET", PATH), 403)["status"] == "segundo_fator_exigido"


def test_a_suspended_tenant_stops_at_the_door_for_people_and_keys(
    pessoa: Visita, mundo: Way
) -> None:
    tenant_id = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    machine = holder(pessoa, made(pessoa, "leads:read"))
    dsn = mundo.system.settings.owner_dsn
    lifecycle.suspend(dsn, tenant_id)
    for caller in (pessoa, machine):
        assert assert_error(caller.send("GET", "/api/leads"), 403)["status"] == "conta_suspensa"
    with pytest.raises(lifecycle.SituacaoErrada):
        lifecycle.suspend(dsn, tenant_id)
    lifecycle.reactivate(dsn, tenant_id)
    for caller in (pessoa, machine):
        assert caller.send("GET", "/api/leads").status_code == 200
    assert len(pessoa.audited("conta_suspensa")) == 1
    assert len(pessoa.audited("conta_reativada")) == 1
    with pytest.raises(lifecycle.SituacaoErrada):
        lifecycle.reactivate(dsn, tenant_id)


def test_a_person_of_a_suspended_tenant_still_reaches_their_other_one(
    pessoa: Visita, mundo: Way, outra: Callable[[], Visita]
) -> None:
    other = outra()
    own = other.ok("GET", "/api/me")["tenant"]["id"]
    other.ok("POST", "/api/convites", {"email": pessoa.email, "papel": "viewer"})
    pessoa.ok("POST", "/api/auth/convites/aceite", {"token": pessoa.letter_token()})
    tenant_id = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    lifecycle.suspend(mundo.system.settings.owner_dsn, tenant_id)
    assert_error(pessoa.send("GET", "/api/me"), 403)
    assert pessoa.send("GET", "/api/me", X_Tenant=own).status_code == 200


def test_settings_changed_since_they_were_read_are_not_overwritten(pessoa: Visita) -> None:
    read = pessoa.send("GET", PATH).headers["ETag"]
    first = pessoa.send("PATCH", PATH, {"tom_marca": "direto"}, If_Match=read)
    assert first.status_code == 200
    late = pessoa.send("PATCH", PATH, {"tom_marca": "formal"}, If_Match=read)
    assert assert_error(late, 412)["status"] == "versao_mudou"
    assert pessoa.ok("GET", PATH)["tom_marca"] == "direto"
    again = pessoa.send("PATCH", PATH, {"tom_marca": "formal"}, If_Match=first.headers["ETag"])
    assert again.status_code == 200
    assert pessoa.send("PATCH", PATH, {"tom_marca": "direto"}, If_Match="*").status_code == 200
    assert pessoa.send("PATCH", PATH, {"tom_marca": "formal"}).status_code == 200


def test_of_changes_at_once_with_one_tag_one_is_made(pessoa: Visita) -> None:
    read = pessoa.send("GET", PATH).headers["ETag"]
    app = pessoa.client.application

    def change(hour: int) -> int:
        headers = {"Authorization": f"Bearer {pessoa.token}", "If-Match": read}
        body = {"limites": {"por_hora": hour}}
        return app.test_client().patch(PATH, json=body, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(change, range(10, 14)))
    assert sorted(codes) == [200, 412, 412, 412]


def test_settings_that_nobody_changed_are_not_sent_again(pessoa: Visita) -> None:
    read = pessoa.send("GET", PATH).headers["ETag"]
    assert pessoa.send("GET", PATH, If_None_Match=read).status_code == 304


def test_a_sandbox_whose_clock_moves_still_takes_changes(mundo: Way) -> None:
    read = mundo.response("GET", PATH).headers["ETag"]
    with mundo.uow() as uow:
        mundo.system.services.tenants.move_clock(uow, timedelta(minutes=1))
    body = {"tom_marca": "cordial"}
    assert mundo.response("PATCH", PATH, body, headers={"If-Match": read}).status_code == 200
