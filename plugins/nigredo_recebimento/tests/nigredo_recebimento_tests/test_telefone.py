"""Phones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_recebimento.telefone import (
    DDDS,
    Telefone,
    higienizar_telefone,
    normalizar_telefone,
    pela_biblioteca,
    rapido,
)


def test_the_designs_example_becomes_e164() -> None:
    assert higienizar_telefone("(11) 98765-4321") == "+5511987654321"


@pytest.mark.parametrize(
    ("texto", "e164"),
    [
        ("11987654321", "+5511987654321"),
        ("11 98765.4321", "+5511987654321"),
        ("+55 (11) 98765-4321", "+5511987654321"),
        ("5511987654321", "+5511987654321"),
        ("011 98765-4321", "+5511987654321"),
        ("015 11 98765-4321", "+5511987654321"),
        ("+55 (011) 98765-4321", "+5511987654321"),
        ("11/98765-4321", "+5511987654321"),
        ("11987654321.0", "+5511987654321"),
        ("11 3333-4444 / 98765-4321", "+551133334444"),
        ("123; (21) 99876-5432", "+5521998765432"),
        ("(11) 98765-4321 ou (11) 3333-4444", "+5511987654321"),
        ("Tel: 11 98765-4321 (WhatsApp)", "+5511987654321"),
        ("(11) 3333-4444 ramal 22", "+551133334444"),
        ("(11) 3333-4444 R. 22", "+551133334444"),
        ("0800 123 4567", "+558001234567"),
        ("+1 415 555 2671", "+14155552671"),
        ("55 3222-1234", "+555532221234"),
    ],
)
def test_the_ways_people_write_a_phone(texto: str, e164: str) -> None:
    assert higienizar_telefone(texto) == e164


@pytest.mark.parametrize(
    "texto",
    ["", "123", "98765-4321", "(20) 98765-4321", "(11) 1234-5678", "sem telefone", "0300 123 4567",
     "(00) 00000-0000", "9" * 30, "(11) 98765-432"],
)  # fmt: skip
def test_what_is_no_phone_is_none(texto: str) -> None:
    assert normalizar_telefone(texto) is None


def test_the_tenants_area_code_completes_a_short_number() -> None:
    assert higienizar_telefone("98765-4321", "11") == "+5511987654321"
    assert higienizar_telefone("3333-4444", "47") == "+554733334444"
    assert higienizar_telefone("(21) 3333-4444", "47") == "+552133334444"


def test_a_landline_keeps_its_eight_digits() -> None:
    telefone = normalizar_telefone("(11) 3333-4444")
    assert telefone == Telefone("+551133334444", "+551133334444")
    assert not telefone.celular


@pytest.mark.parametrize("texto", ["(11) 98765-4321", "(11) 8765-4321", "+55 11 8765-4321"])
def test_a_mobile_with_and_without_the_ninth_digit_is_one_identity(texto: str) -> None:
    telefone = normalizar_telefone(texto)
    assert telefone == Telefone("+5511987654321", "+551187654321")
    assert telefone.celular


PLAIN = st.builds(
    lambda antes, ddd, meio, miolo, fim: f"{antes}{ddd}{meio}{miolo}{fim}",
    st.sampled_from(["", "0", "55", "+55", "+55 ", "(", "0 (", "+55 ("]),
    st.one_of(st.sampled_from(sorted(DDDS)), st.from_regex(r"[0-9]{2}", fullmatch=True)),
    st.sampled_from(["", " ", ") ", ")", "-", "."]),
    st.from_regex(r"[0-9]{4,5}[ .-]?[0-9]{4}", fullmatch=True),
    st.sampled_from(["", " "]),
)


@given(PLAIN)
def test_the_fast_path_says_what_the_library_says_or_nothing(texto: str) -> None:
    depressa = rapido(texto)
    assert depressa is None or depressa == pela_biblioteca(texto)


@given(st.text(alphabet="0123456789 ()+-.", max_size=18))
def test_the_fast_path_never_invents_a_number(texto: str) -> None:
    depressa = rapido(texto)
    if depressa is not None:
        digitos = "".join(c for c in texto if c.isdigit())
        assert digitos.endswith(depressa.removeprefix("+55"))
        assert pela_biblioteca(depressa) == depressa


@given(st.sampled_from(sorted(DDDS)), st.integers(90_000_000, 99_999_999))
def test_every_plain_mobile_takes_the_fast_path(ddd: str, resto: int) -> None:
    assert rapido(f"({ddd}) 9{resto // 10_000}-{resto % 10_000:04d}") == f"+55{ddd}9{resto}"


@given(st.text(max_size=30))
def test_any_text_is_a_phone_in_e164_or_none(texto: str) -> None:
    telefone = normalizar_telefone(texto, "11")
    assert telefone is None or (
        telefone.e164[0] == "+" and telefone.e164[1:].isdigit() and len(telefone.e164) <= 16
    )
