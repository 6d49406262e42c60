"""A message without whom it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.observability.anonymous import anonymous


@pytest.mark.parametrize(
    ("texto", "sem"),
    [
        ("Oi, aqui é o João da Silva da Metalúrgica Souza", ("João", "Silva", "Souza")),
        ("fala com a ana do financeiro", ("ana",)),
        ("me liga no (11) 98765-4321 ou 1133334444", ("98765", "3333")),
        ("manda pra ana.lima@acme.com.br, por favor", ("ana", "lima", "acme")),
        ("CNPJ 11.222.333/0001-81 e 12ABC34501DE35", ("11.222", "12ABC")),
        ("veja www.acme.com.br/x?y=ana e acme.com", ("acme", "ana")),
        ("meu insta é @acme.oficial", ("acme",)),
        ("CEP 01310-100, rg 123456789", ("01310", "123456789")),
        ("O contato agora é o Getúlio", ("Getúlio",)),
        ("Sr. Menezes saiu da empresa", ("Menezes",)),
        ("Não quero.\nAtt,\nRosângela Prado", ("Rosângela", "Prado")),
    ],
)
def test_who_it_is_about_is_gone(texto: str, sem: tuple[str, ...]) -> None:
    found = anonymous(texto)
    for secret in sem:
        assert secret not in found, found


def test_names_that_are_known_are_hidden_however_they_are_written() -> None:
    found = anonymous("a cabos LITORAL agradece, rita sa mandou", ["Rita Sá", "Cabos Litoral"])
    assert found == "a [nome] agradece, [nome] sa mandou"


@pytest.mark.parametrize(
    "texto",
    [
        "Parem de me mandar mensagem!",
        "PARE DE MANDAR MENSAGEM AGORA",
        "Quanto custa? R$ 1.200,00 até 15/12, certo?",
        "Não tenho interesse. Obrigado pelo contato.",
        "São adequados à LGPD? Integra com o WhatsApp?",
        "",
    ],
)
def test_what_is_said_stays(texto: str) -> None:
    assert anonymous(texto) == texto


@given(st.text(max_size=200))
def test_hiding_twice_hides_nothing_more(texto: str) -> None:
    once = anonymous(texto)
    assert anonymous(once) == once


@given(
    st.text(alphabet="abc çã.,!?\n", max_size=30),
    st.from_regex(r"[a-z]{3,10}@[a-z]{3,8}\.com(\.br)?", fullmatch=True),
    st.from_regex(r"\(?[1-9]{2}\)? ?9[0-9]{4}-?[0-9]{4}", fullmatch=True),
)
def test_no_address_and_no_phone_passes(around: str, email: str, fone: str) -> None:
    found = anonymous(f"{around} {email} {around} {fone} {around}", ["Ubirajara"])
    assert email not in found
    assert fone not in found
