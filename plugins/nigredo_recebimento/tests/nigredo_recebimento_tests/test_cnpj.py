"""CNPJ and CPF."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_recebimento.cnpj import (
    contem_cpf,
    e_cpf,
    normalizar_cnpj,
    pela_biblioteca,
    valido,
)


@pytest.mark.parametrize(
    ("texto", "cnpj"),
    [
        ("16.727.230/0001-97", "16727230000197"),
        ("16727230000197", "16727230000197"),
        (" 16727230/0001-97 ", "16727230000197"),
        ("16727230000197.0", "16727230000197"),
        ("12ABC34501DE35", "12ABC34501DE35"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        ("93ZB0VRYV6KA67", "93ZB0VRYV6KA67"),
        ("00000000E08G12", "00000000E08G12"),
        ("00.000.000/0001-91", "00000000000191"),
    ],
)
def test_valid_numbers_lose_their_punctuation(texto: str, cnpj: str) -> None:
    assert normalizar_cnpj(texto) == cnpj


@pytest.mark.parametrize(
    "texto",
    ["12ABC34501DE45", "16727230000198", "00000000000000", "1672723000018", "", "abc", "191",
     "12ABC34501DEAB", "167272300001977", "１６727230000197"],
)  # fmt: skip
def test_wrong_numbers_are_none(texto: str) -> None:
    assert normalizar_cnpj(texto) is None


def test_leading_zeros_are_put_back_only_if_the_check_digits_hold() -> None:
    assert normalizar_cnpj("6990590000123") == "06990590000123"
    assert normalizar_cnpj("6990590000124") is None


def test_a_cpf_is_known_from_its_digits() -> None:
    assert e_cpf("529.982.247-25")
    assert e_cpf("52998224725")
    assert not e_cpf("529.982.247-26")
    assert not e_cpf("16.727.230/0001-97")
    assert contem_cpf("JOSE SILVA 529.982.247-25")
    assert contem_cpf("JOSE SILVA 52998224725")
    assert not contem_cpf("JOSE SILVA 1152998224725")


def with_check_digits(base: str) -> str:
    """The twelve characters with digits by the published rule, written out anew."""
    for pesos in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        resto = sum(p * (ord(c) - 48) for p, c in zip(pesos, base, strict=True)) % 11
        base += "0" if resto < 2 else str(11 - resto)
    return base


BASE = st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=12, max_size=12)


@given(BASE)
def test_every_number_with_right_digits_is_valid_here_and_in_the_library(base: str) -> None:
    cnpj = with_check_digits(base)
    assert valido(cnpj) == pela_biblioteca(cnpj) == (base != "0" * 12)


@given(BASE, st.from_regex(r"[0-9A-Z]{2}", fullmatch=True))
def test_the_fast_check_says_what_the_library_says(base: str, fim: str) -> None:
    assert valido(base + fim) == pela_biblioteca(base + fim)


@given(st.text(max_size=20))
def test_what_is_taken_the_library_takes(texto: str) -> None:
    cnpj = normalizar_cnpj(texto)
    assert cnpj is None or pela_biblioteca(cnpj)
