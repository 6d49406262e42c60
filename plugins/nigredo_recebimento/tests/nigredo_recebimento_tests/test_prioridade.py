"""Priority."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.models import PerfilIdeal
from nigredo_recebimento.prioridade import calcular, classe_de
from nigredo_recebimento_tests.exemplos import lead

AGORA = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
PERFIL = PerfilIdeal(
    frozenset({"Indústria"}), frozenset({"ME", "EPP"}), frozenset({"SP"}), 2, 20
)  # fmt: skip


def test_the_ideal_reachable_lead_is_a() -> None:
    ideal = lead(
        1, setor="INDUSTRIA", porte="ME", uf="SP", telefone="+5511987654321", email="a@foz.com.br"
    )
    pontos = calcular(ideal, PERFIL, AGORA, "2015-03-01")
    assert (pontos.perfil, pontos.alcance, pontos.urgencia) == (60, 20, 0)
    assert (pontos.total, pontos.classe) == (80, "A")


def test_a_fact_that_is_not_known_scores_between_a_fit_and_a_misfit() -> None:
    serve = calcular(lead(1, setor="Indústria"), PERFIL, AGORA, None).perfil
    nao_se_sabe = calcular(lead(1), PERFIL, AGORA, None).perfil
    nao_serve = calcular(lead(1, setor="Moda"), PERFIL, AGORA, None).perfil
    assert serve > nao_se_sabe > nao_serve


def test_an_open_profile_fits_everybody() -> None:
    assert calcular(lead(1), PerfilIdeal(), AGORA, None).perfil == 60


@pytest.mark.parametrize(
    ("abertura", "pontos"),
    [("2015-03-01", 10), ("2026-01-01", 0), ("1990-01-01", 0), (None, 4), ("há tempos", 4)],
)
def test_the_age_counts_within_the_ideal_span(abertura: str | None, pontos: int) -> None:
    sem_idade = PerfilIdeal(PERFIL.setores, PERFIL.portes, PERFIL.ufs)
    base = calcular(lead(1), sem_idade, AGORA, abertura).perfil - 10
    assert calcular(lead(1), PERFIL, AGORA, abertura).perfil - base == pontos


@pytest.mark.parametrize(
    ("campos", "pontos"),
    [
        ({"email": "a@foz.com.br", "telefone": "+5511987654321"}, 20),
        ({"email": "a@gmail.com", "telefone": "+551133334444"}, 9),
        ({"email": None, "telefone": "+551133334444"}, 5),
        ({"email": None}, 0),
    ],
)
def test_reach_prefers_the_companys_own_address_and_a_mobile(
    campos: dict[str, Any], pontos: int
) -> None:
    assert calcular(lead(1, **campos), PERFIL, AGORA, None).alcance == pontos


@pytest.mark.parametrize(
    ("nota", "pontos"),
    [
        ("Urgente! ligar hoje", 20),
        ("não é urgente", 0),
        ("não parece nada urgente", 0),
        ("não é da indústria, mas é urgente", 20),
        ("veio por indicação", 12),
        ("pediu proposta", 8),
        ("sem interesse", 0),
        ("insiteful", 0),
        ("", 0),
    ],
)
def test_urgency_reads_whole_words_of_the_customers_remarks(nota: str, pontos: int) -> None:
    com_nota = lead(1, metadata={"extras": {"Obs": nota}})
    assert calcular(com_nota, PERFIL, AGORA, None).urgencia == pontos


@given(
    st.sampled_from([None, "Indústria", "Moda"]),
    st.sampled_from([None, "ME", "Grande"]),
    st.sampled_from([None, "SP", "AM"]),
    st.sampled_from([None, "a@foz.com.br", "a@gmail.com"]),
    st.sampled_from([None, "+5511987654321", "+551133334444"]),
    st.text(max_size=20),
)
def test_a_score_is_always_within_its_parts(
    setor: str | None,
    porte: str | None,
    uf: str | None,
    email: str | None,
    fone: str | None,
    obs: str,
) -> None:
    extras = {"extras": {"o": obs}}
    quem = lead(1, setor=setor, porte=porte, uf=uf, email=email, telefone=fone, metadata=extras)
    pontos = calcular(quem, PERFIL, AGORA, None)
    assert 0 <= pontos.perfil <= 60
    assert 0 <= pontos.alcance <= 20
    assert 0 <= pontos.urgencia <= 20
    assert pontos.total == pontos.perfil + pontos.alcance + pontos.urgencia


def test_the_classes_begin_at_80_and_60() -> None:
    assert [classe_de(n) for n in (100, 80, 79.9, 60, 59, 0)] == ["A", "A", "B", "B", "C", "C"]
