"""Figures in pt-BR."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_relatorios.numeros import contado, decimal, dia, inteiro, ler, percentual


@given(st.integers(-(10**15), 10**15))
def test_a_whole_number_reads_back(valor: int) -> None:
    assert ler(inteiro(valor)) == valor


@given(
    st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=4),
    st.integers(1, 4),
)
def test_a_number_with_decimals_reads_back_rounded(valor: Decimal, casas: int) -> None:
    esperado = valor.quantize(Decimal(1).scaleb(-casas), ROUND_HALF_UP)
    assert ler(decimal(valor, casas)) == esperado


@pytest.mark.parametrize(
    ("valor", "texto"),
    [(0, "0"), (999, "999"), (1000, "1.000"), (1234567, "1.234.567"), (-1200, "-1.200")],
)
def test_thousands_have_points(valor: int, texto: str) -> None:
    assert inteiro(valor) == texto


def test_decimals_have_a_comma_and_halves_go_up() -> None:
    assert decimal(1234.55) == "1.234,6"
    assert decimal(0.25) == "0,3"
    assert decimal(-0.01) == "0,0"
    assert decimal(12, casas=2) == "12,00"
    assert percentual(94.5) == "94,5%"


@pytest.mark.parametrize("texto", ["10.5", "1.23", "1,2,3", "", "1.2345", "٣", "1,", ",5", "1 000"])
def test_what_is_no_number_in_portuguese_is_refused(texto: str) -> None:
    with pytest.raises(ValueError, match="pt-BR"):
        ler(texto)


def test_dates_and_counts_are_written_out() -> None:
    assert dia(date(2026, 3, 9)) == "09/03/2026"
    assert contado(1, "lead", "leads") == "1 lead"
    assert contado(0, "lead", "leads") == "0 leads"
    assert contado(1500, "lead", "leads") == "1.500 leads"
