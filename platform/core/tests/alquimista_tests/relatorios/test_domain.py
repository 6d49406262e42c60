"""The funnel's rates and the recurring objections."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.relatorios.domain import (
    OUTROS,
    Contagens,
    funnel,
    rate,
    recurring,
    themes,
)
from alquimista_sdk.models import Interacao

DIA = date(2026, 11, 24)


def said(number: int, mensagem: str) -> Interacao:
    """A received message."""
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return Interacao(UUID(int=number), UUID(int=0), "recebido", "email", mensagem, moment)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_rate_never_divides_by_zero_and_keeps_its_parts(part: int, whole: int) -> None:
    taxa = rate("resposta", part, whole, "leads contatados")
    assert (taxa.numerador, taxa.denominador) == (part, whole)
    if whole == 0:
        assert taxa.valor is None
    else:
        assert taxa.valor == pytest.approx(100 * part / whole, abs=0.06)


def test_each_rate_names_its_denominator() -> None:
    counts = Contagens(100, 80, 80, 60, 30, 15, 6, 3, 2)
    metricas = funnel(DIA, DIA, counts, [], [])
    shown = {t.nome: (t.valor, t.denominador_nome) for t in metricas.taxas}
    assert shown == {
        "enriquecimento": (80.0, "leads recebidos"),
        "resposta": (50.0, "leads contatados"),
        "interesse": (50.0, "leads que responderam"),
        "agendamento": (40.0, "leads interessados"),
        "conversao": (50.0, "leads agendados"),
    }


def test_an_empty_period_has_no_rates_and_no_error() -> None:
    metricas = funnel(DIA, DIA, Contagens(), [], [])
    assert all(taxa.valor is None for taxa in metricas.taxas)


def test_objections_are_counted_by_theme_with_their_messages() -> None:
    found = recurring(
        [
            said(1, "Achei caro para o nosso orçamento"),
            said(2, "o preço está alto"),
            said(3, "Já temos um fornecedor"),
            said(4, "xyz"),
        ]
    )
    assert [(o.objecao, o.frequencia) for o in found] == [
        ("preço ou orçamento", 2),
        ("já tem fornecedor", 1),
        (OUTROS, 1),
    ]
    assert found[0].interacao_ids == (UUID(int=1), UUID(int=2))


@given(st.text(max_size=80))
def test_every_objection_has_a_theme(mensagem: str) -> None:
    assert themes(mensagem)
