"""A tenant's settings: defaults, round trip, and refusals that name the field."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.tenants.domain import (
    UFS,
    CanaisDoTenant,
    ConfiguracaoInvalida,
    Configuracoes,
    LimitesDeEnvio,
    check_fuso,
)
from alquimista.plataforma.tenants.provisioning import NovoTenant
from alquimista.plataforma.tenants.redacao import REDATORES
from alquimista_sdk.models import Janela, PerfilIdeal

_WORD = st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
_EMAIL = st.from_regex(r"\A[a-z]{1,8}@[a-z]{1,8}\.com\.br\Z")
_PERFIL = st.builds(
    PerfilIdeal,
    setores=st.frozensets(_WORD, max_size=3),
    portes=st.frozensets(_WORD, max_size=3),
    ufs=st.frozensets(st.sampled_from(sorted(UFS)), max_size=3),
    idade_minima=st.none() | st.integers(0, 50),
    idade_maxima=st.none() | st.integers(50, 300),
)
_CONFIGURACOES = st.builds(
    Configuracoes,
    email_remetente=_EMAIL,
    nome_vendedor=st.text(max_size=20),
    emails_gestores=st.lists(_EMAIL, max_size=3).map(tuple),
    tom_marca=_WORD,
    ddd_padrao=st.none() | st.from_regex(r"\A[1-9][1-9]\Z"),
    perfil_ideal=_PERFIL,
    disponibilidade=st.lists(st.integers(0, 6), unique=True, max_size=7).map(
        lambda dias: tuple(Janela(dia, time(8, 30), time(17)) for dia in dias)
    ),
    palavras_descadastro=st.lists(_WORD, max_size=3).map(tuple),
    divulgacao_automatica=st.booleans(),
    limites=st.builds(
        LimitesDeEnvio,
        por_hora=st.integers(1, 100),
        por_dia=st.integers(1, 500),
        pausa_s=st.integers(2, 60),
    ),
    canais=st.builds(CanaisDoTenant, st.none() | _EMAIL, st.none() | st.just("1234567890")),
    retencao_dias=st.integers(30, 3650),
    redator=st.sampled_from(REDATORES),
)


@given(_CONFIGURACOES)
def test_settings_survive_the_column(configuracoes: Configuracoes) -> None:
    assert Configuracoes.from_json(configuracoes.to_json()) == configuracoes


def test_an_empty_column_takes_defaults_that_work() -> None:
    found = Configuracoes.from_json({})
    facts = found.facts(uuid4(), "Acme", "America/Manaus", sandbox=True)
    assert facts.email_remetente
    assert "descadastrar" in facts.palavras_descadastro
    assert {janela.dia_semana for janela in facts.disponibilidade} == set(range(5))
    assert (facts.nome, facts.fuso_horario, facts.sandbox) == ("Acme", "America/Manaus", True)
    assert found.limites.pausa == timedelta(seconds=2)


@given(_CONFIGURACOES)
def test_old_code_reads_what_newer_code_wrote(configuracoes: Configuracoes) -> None:
    newer = configuracoes.to_json()
    newer["cor"] = "azul"
    newer["limites"]["por_mes"] = 1
    for janela in newer["disponibilidade"]:
        janela["sala"] = 3
    assert Configuracoes.from_column(newer) == configuracoes


def test_channels_are_stored_where_the_look_up_finds_them() -> None:
    raw = Configuracoes(canais=CanaisDoTenant("oi@acme.com.br", "42")).to_json()
    assert raw["canais"] == {"email": "oi@acme.com.br", "whatsapp": "42"}


@pytest.mark.parametrize(
    ("raw", "campo"),
    [
        ({"cor": "azul"}, "cor"),
        ({"email_remetente": "acme"}, "email_remetente"),
        ({"email_remetente": 3}, "email_remetente"),
        ({"emails_gestores": "ana@acme.com.br"}, "emails_gestores"),
        ({"emails_gestores": ["ana"]}, "emails_gestores"),
        ({"ddd_padrao": "10"}, "ddd_padrao"),
        ({"tom_marca": " "}, "tom_marca"),
        ({"calendario_id": ""}, "calendario_id"),
        ({"palavras_descadastro": ["pare", " "]}, "palavras_descadastro"),
        ({"divulgacao_automatica": "sim"}, "divulgacao_automatica"),
        ({"redator": "outro"}, "redator"),
        ({"redator": True}, "redator"),
        ({"retencao_dias": 29}, "retencao_dias"),
        ({"retencao_dias": True}, "retencao_dias"),
        ({"limites": {"por_hora": 101}}, "limites.por_hora"),
        ({"limites": {"por_dia": 0}}, "limites.por_dia"),
        ({"limites": {"pausa_s": 1}}, "limites.pausa_s"),
        ({"limites": {"por_mes": 1}}, "limites.por_mes"),
        ({"limites": 3}, "limites"),
        ({"canais": {"email": "x"}}, "canais.email"),
        ({"canais": {"whatsapp": "+55 11"}}, "canais.whatsapp"),
        ({"perfil_ideal": {"ufs": ["XX"]}}, "perfil_ideal.ufs"),
        ({"perfil_ideal": {"idade_minima": -1}}, "perfil_ideal.idade_minima"),
        ({"perfil_ideal": {"idade_minima": 9, "idade_maxima": 3}}, "perfil_ideal.idade_minima"),
        ({"disponibilidade": "sempre"}, "disponibilidade"),
        (
            {"disponibilidade": [{"dia_semana": 7, "inicio": "09:00", "fim": "10:00"}]},
            "disponibilidade.dia_semana",
        ),
        (
            {"disponibilidade": [{"dia_semana": 1, "inicio": "10:00", "fim": "09:00"}]},
            "disponibilidade",
        ),
        (
            {"disponibilidade": [{"dia_semana": 1, "inicio": "9h", "fim": "10:00"}]},
            "disponibilidade",
        ),
        (
            {"disponibilidade": [{"dia_semana": 1, "inicio": "09:00Z", "fim": "10:00"}]},
            "disponibilidade",
        ),
    ],
)
def test_a_wrong_setting_is_refused_by_name(raw: dict[str, Any], campo: str) -> None:
    with pytest.raises(ConfiguracaoInvalida) as caught:
        Configuracoes.from_json(raw)
    assert caught.value.campo == campo
    assert str(caught.value).endswith(".")


def test_windows_of_one_day_may_touch_but_not_overlap() -> None:
    Configuracoes(disponibilidade=(Janela(0, time(9), time(12)), Janela(0, time(12), time(14))))
    with pytest.raises(ConfiguracaoInvalida, match="sobrepõem"):
        Configuracoes(disponibilidade=(Janela(0, time(11), time(14)), Janela(0, time(9), time(12))))


def test_there_are_27_states() -> None:
    assert len(UFS) == 27


def test_a_zone_that_does_not_exist_is_refused() -> None:
    assert check_fuso("America/Sao_Paulo") == "America/Sao_Paulo"
    for wrong in ("America/Nowhere", "", "../etc/passwd"):
        with pytest.raises(ConfiguracaoInvalida):
            check_fuso(wrong)


def test_a_new_tenant_needs_a_name_and_never_shows_its_password() -> None:
    with pytest.raises(ConfiguracaoInvalida):
        NovoTenant(" ", "ana@acme.com.br", "Segredo123")
    assert "Segredo123" not in repr(NovoTenant("Acme", "ana@acme.com.br", "Segredo123"))
