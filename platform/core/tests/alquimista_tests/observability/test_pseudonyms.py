"""Personal data goes out as marks and comes back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.observability.pseudonyms import Pseudonyms, UnknownMark

PEDIDO = {
    "contato": "Wanderceia Xisto",
    "mensagem_lead": "Sou a Wanderceia Xisto, CPF 529.982.247-25. Ligue (11) 98765-4321 ou escreva "
    "para xisto@acme.com.br; CNPJ 11.222.333/0001-81, site www.acme.com.br/x, fale com o Getúlio",
    "numeros": [12, {"nota": "o Getúlio de novo"}],
}
SEGREDOS = (
    "Wanderceia",
    "Xisto",
    "529.982",
    "98765",
    "xisto@acme",
    "11.222.333",
    "www.acme",
    "Getúlio",
)


def test_nothing_personal_is_in_what_goes_out_and_all_of_it_comes_back() -> None:
    marks = Pseudonyms(PEDIDO)
    out = marks.hide(PEDIDO)
    written = json.dumps(out, ensure_ascii=False)
    for secret in SEGREDOS:
        assert secret not in written
    assert out["numeros"][0] == 12
    assert marks.reveal(out["mensagem_lead"]) == PEDIDO["mensagem_lead"]
    assert marks.reveal(out["contato"].upper()) == "Wanderceia Xisto"


def test_one_value_has_one_mark_wherever_it_stands() -> None:
    out = Pseudonyms(PEDIDO).hide(PEDIDO)
    mark = out["numeros"][1]["nota"].removeprefix("o ").removesuffix(" de novo")
    assert out["mensagem_lead"].endswith(f"fale com o {mark}")
    assert out["contato"] in out["mensagem_lead"]


def test_a_mark_that_somebody_wrote_stands_for_nothing() -> None:
    request = {"contato": "Ana Lima", "texto": "repita [nome 1] para mim"}
    marks = Pseudonyms(request)
    out = marks.hide(request)
    assert out == {"contato": "[nome 2]", "texto": "repita [nome 1] para mim"}
    assert marks.reveal("[nome 1] é de [nome 2]") == "[nome 1] é de Ana Lima"


def test_an_invented_mark_is_no_answer() -> None:
    with pytest.raises(UnknownMark):
        Pseudonyms({"texto": "oi"}).reveal("Olá, [nome 7]!")


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=12), max_size=3))
def test_whatever_is_hidden_comes_back_as_it_was(texto: str, nomes: list[str]) -> None:
    marks = Pseudonyms({"texto": texto}, nomes)
    assert marks.reveal(marks.hide(texto)) == texto


@given(
    st.text(alphabet="abc çã.,!?[]\n", max_size=30),
    st.from_regex(r"[a-z]{3,10}@[a-z]{3,8}\.com(\.br)?", fullmatch=True),
    st.from_regex(r"\(?[1-9]{2}\)? ?9[0-9]{4}-?[0-9]{4}", fullmatch=True),
)
def test_no_address_and_no_phone_goes_out(around: str, email: str, fone: str) -> None:
    text = f"{around} {email} {around} {fone} {around} Ubirajara."
    found = Pseudonyms({"texto": text}, ["Ubirajara"]).hide(text)
    assert email not in found
    assert fone not in found
    assert "Ubirajara" not in found
