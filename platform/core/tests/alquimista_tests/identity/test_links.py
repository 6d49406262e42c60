"""Tokens of letters and browsers, and the letters that carry them."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.identity import links
from alquimista.plataforma.identity.letters import Letters

LETTERS = Letters("https://alquimista.example/")
TOKEN = links.new_token(UUID(int=7))


@given(st.uuids(), st.sampled_from(["", "alr_"]))
def test_a_token_says_whose_it_is_and_no_two_are_alike(owner: UUID, prefix: str) -> None:
    first, second = links.new_token(owner, prefix), links.new_token(owner, prefix)
    assert first != second
    assert links.owner_of(first, prefix) == links.owner_of(second, prefix) == owner
    assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{64}", first)


@given(st.text(max_size=90))
def test_a_text_that_is_no_token_is_nobody_s(text: str) -> None:
    owner = links.owner_of(text)
    assert owner is None or re.fullmatch(r"[A-Za-z0-9_-]{64}", text)


def test_a_refresh_token_is_no_other_token() -> None:
    owner = uuid4()
    assert links.owner_of(links.new_token(owner, "alr_")) is None
    assert links.owner_of(links.new_token(owner), "alr_") is None


def test_a_digest_tells_nothing_of_its_token() -> None:
    assert len(links.digest(TOKEN)) == 64
    assert TOKEN not in links.digest(TOKEN)
    assert links.digest(TOKEN) != links.digest(TOKEN[:-1])


def test_each_letter_carries_its_link_and_how_long_it_opens() -> None:
    letters = {
        "/confirmar": LETTERS.confirmation("a@x.example", "Ana", TOKEN, timedelta(hours=48)),
        "/recuperar": LETTERS.recovery("a@x.example", TOKEN, timedelta(hours=1)),
        "/convite": LETTERS.invitation("a@x.example", "Aço SA", "viewer", TOKEN, timedelta(days=7)),
    }
    for path, letter in letters.items():
        found = re.search(r"https://\S+token=\S+", letter.texto)
        assert found is not None, path
        address = urlsplit(found.group())
        assert (address.netloc, address.path) == ("alquimista.example", path)
        assert parse_qs(address.query) == {"token": [TOKEN]}
    assert "2 dias" in letters["/confirmar"].texto
    assert "1 hora" in letters["/recuperar"].texto
    assert "consulta" in letters["/convite"].texto


def test_letters_without_a_link_hold_no_token() -> None:
    for letter in (LETTERS.already_there("a@x", "Ana"), LETTERS.password_changed("a@x")):
        assert "token" not in letter.texto


@pytest.mark.parametrize(
    "nome", ["Ana\r\nBcc: x@y", "http://mau.example/x", "<b>Ana</b>", "www.mau.example", "a" * 500]
)
def test_a_name_never_becomes_a_header_a_link_or_markup(nome: str) -> None:
    for letter in (
        LETTERS.confirmation("a@x.example", nome, TOKEN, timedelta(hours=48)),
        LETTERS.invitation("a@x.example", nome, "admin", TOKEN, timedelta(days=7)),
    ):
        plain = letter.texto.replace(LETTERS._link("confirmar", TOKEN), "")
        plain = plain.replace(LETTERS._link("convite", TOKEN), "")
        assert not re.search(r"://|www\.|[<>]|@", plain)
        assert "\n" not in letter.assunto and len(letter.assunto) < 200
        assert "a" * 90 not in letter.texto
