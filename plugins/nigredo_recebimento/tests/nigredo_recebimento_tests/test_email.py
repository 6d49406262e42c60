"""E-mail addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_recebimento.email import (
    corporativo,
    normalizar_email,
    pela_biblioteca,
    rapido,
)


@pytest.mark.parametrize(
    ("texto", "email"),
    [
        ("test@example.com", "test@example.com"),
        (" Ana.Lima@Foz.COM.BR ", "ana.lima@foz.com.br"),
        ("ana @ foz.com.br", "ana@foz.com.br"),
        ("ana@foz .com.br", "ana@foz.com.br"),
        ("a@x.com; b@y.com", "a@x.com"),
        ("a@x.com b@y.com", "a@x.com"),
        ("errado@; b@y.com", "b@y.com"),
        ("Ana <ana@foz.com.br>", "ana@foz.com.br"),
        ("mailto:ana@foz.com.br", "ana@foz.com.br"),
        ("E-mail: ana@foz.com.br.", "ana@foz.com.br"),
        ("ana@foz.com.br;", "ana@foz.com.br"),
        ("ana@münchen.de", "ana@münchen.de"),
        ("o'neil@foz.com.br", "o'neil@foz.com.br"),
    ],
)
def test_the_ways_people_write_an_address(texto: str, email: str) -> None:
    achado = normalizar_email(texto)
    assert achado is not None
    assert achado.email == achado.norm == email


@pytest.mark.parametrize(
    "texto",
    ["", "ana", "ana@", "@foz.com.br", "ana@foz", "ana@@foz.com", "ana..x@foz.com", "ana@foz..com",
     "ana@local.test", "josé@foz.com.br", "ana@-foz.com", "ana@localhost", "www.foz.com.br"],
)  # fmt: skip
def test_what_is_no_address_is_none(texto: str) -> None:
    assert normalizar_email(texto) is None


def test_a_word_before_the_address_is_not_guessed_away() -> None:
    assert normalizar_email("joao silva@foz.com.br") is None


def test_free_providers_are_not_corporate() -> None:
    gratuito, da_empresa = normalizar_email("ana@gmail.com"), normalizar_email("ana@foz.com.br")
    assert gratuito is not None and da_empresa is not None
    assert not gratuito.corporativo
    assert da_empresa.corporativo
    assert not corporativo("ana@uol.com.br")


LETTERS = "abcXYZ019abcxyzabcxyz._+-'%"


@given(
    st.text(alphabet=LETTERS, min_size=1, max_size=20),
    st.text(alphabet="abcXYZ019.-_", min_size=1, max_size=20),
    st.sampled_from([".com", ".com.br", ".test", ".invalid", ".c", ".local", "", ".br", ".io"]),
)
def test_the_fast_path_says_what_the_library_says_or_nothing(
    local: str, dominio: str, fim: str
) -> None:
    texto = f"{local}@{dominio}{fim}"
    depressa = rapido(texto)
    assert depressa is None or depressa == pela_biblioteca(texto)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_none(texto: str) -> None:
    achado = normalizar_email(texto)
    assert achado is None or (achado.norm == achado.norm.lower() and achado.norm.count("@") == 1)
