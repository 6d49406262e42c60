"""Purposes and legal bases: what decides, and what is held to its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.finalidades.domain import (
    BASES,
    CONSENTIMENTO,
    FINALIDADE_DO_TIPO,
    LEGITIMO_INTERESSE,
    PADROES,
    BaseInvalida,
    Finalidade,
    Registro,
    conferir,
    conferir_registro,
    decidir,
)
from alquimista_sdk.models import FINALIDADES

AGORA = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
CONSENTIU = Registro(CONSENTIMENTO, AGORA - timedelta(days=3))
RETIROU = replace(CONSENTIU, retirado_em=AGORA)


def so_com_consentimento(finalidade: str) -> Finalidade:
    """A purpose that needs each person's consent."""
    return replace(PADROES[finalidade], base_legal=CONSENTIMENTO, lia=None, ativa=True)


def test_agents_may_ask_for_exactly_the_purposes_that_there_are() -> None:
    assert tuple(PADROES) == FINALIDADES
    assert set(FINALIDADE_DO_TIPO.values()) <= set(PADROES)


@pytest.mark.parametrize("padrao", PADROES.values(), ids=PADROES)
def test_every_default_is_complete_and_only_training_needs_a_yes_first(padrao: Finalidade) -> None:
    assert conferir(padrao) == padrao
    assert (padrao.lia is not None) == (padrao.base_legal == LEGITIMO_INTERESSE)
    assert decidir(padrao, []).permitido == (padrao.finalidade != "melhoria_modelo")


def test_a_lead_that_came_without_a_basis_is_not_prospected_but_is_answered() -> None:
    assert not decidir(PADROES["prospeccao"], [], None).permitido
    assert decidir(PADROES["atendimento"], [], None).permitido
    assert decidir(PADROES["prospeccao"], [CONSENTIU], None).permitido


def test_an_account_that_asks_for_consent_uses_nothing_without_one() -> None:
    asked = so_com_consentimento("prospeccao")
    refused = decidir(asked, [])
    assert (refused.permitido, refused.base_legal) == (False, None)
    assert "consentimento" in refused.motivo
    given_ = decidir(asked, [CONSENTIU])
    assert (given_.permitido, given_.base_legal, given_.origem) == (True, CONSENTIMENTO, "lead")


def test_a_withdrawal_says_when_and_beats_every_basis_of_the_account() -> None:
    for padrao in PADROES.values():
        found = decidir(replace(padrao, ativa=True), [RETIROU])
        assert not found.permitido
        assert "24/11/2026" in found.motivo


def test_a_withdrawal_of_a_lead_that_was_merged_in_counts_for_the_one_that_stays() -> None:
    assert not decidir(PADROES["prospeccao"], [CONSENTIU, RETIROU]).permitido


def test_a_purpose_that_is_off_uses_nobodys_data() -> None:
    assert not decidir(replace(PADROES["prospeccao"], ativa=False), [CONSENTIU]).permitido


@given(
    st.sampled_from(list(PADROES)),
    st.sampled_from(list(BASES)),
    st.booleans(),
    st.lists(st.sampled_from([CONSENTIU, RETIROU]), max_size=4),
    st.sampled_from([None, LEGITIMO_INTERESSE]),
)
def test_whatever_is_allowed_names_its_basis_and_nothing_withdrawn_is_allowed(
    nome: str, base: str, ativa: bool, registros: list[Registro], importada: str | None
) -> None:
    found = decidir(replace(PADROES[nome], base_legal=base, ativa=ativa), registros, importada)
    assert found.permitido == (found.base_legal in BASES)
    assert found.motivo
    if found.permitido:
        assert ativa and RETIROU not in registros
        assert base != CONSENTIMENTO or CONSENTIU in registros


def test_a_legitimate_interest_without_its_note_is_refused_naming_what_is_missing() -> None:
    bare = replace(PADROES["atendimento"], base_legal=LEGITIMO_INTERESSE)
    with pytest.raises(BaseInvalida, match=r"lia\.interesse, lia\.necessidade"):
        conferir(bare)
    lia = PADROES["prospeccao"].lia
    assert lia is not None
    with pytest.raises(BaseInvalida, match=r"em lia\.impacto\.$"):
        conferir(replace(bare, lia=replace(lia, impacto=" baixo ")))
    with pytest.raises(BaseInvalida, match="não existe"):
        conferir(replace(bare, base_legal="vontade"))


def test_a_note_goes_where_the_basis_is_another() -> None:
    changed = conferir(replace(PADROES["prospeccao"], base_legal=CONSENTIMENTO))
    assert changed.lia is None


def test_a_consent_needs_its_text_and_a_moment_that_has_been() -> None:
    with pytest.raises(BaseInvalida, match="texto"):
        conferir_registro(CONSENTIMENTO, "  ", AGORA, AGORA)
    with pytest.raises(BaseInvalida, match="futuro"):
        conferir_registro(CONSENTIMENTO, "Aceito", AGORA + timedelta(seconds=1), AGORA)
    conferir_registro("execucao_contrato", None, AGORA, AGORA)
