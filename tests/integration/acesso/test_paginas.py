"""The pages behind the links of letters: they change nothing until their form is sent."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from tests.integration.acesso.test_pessoas import invited
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import SENHA

MARKUP = '"><script>alert(1)</script>'


def opened(visita: Visita, path: str, token: str) -> TestResponse:
    """Open a letter's link, as a browser does."""
    return visita.client.get(path, query_string={"token": token})


def sent(visita: Visita, path: str, **form: str) -> TestResponse:
    """Send the page's form."""
    return visita.client.post(path, data=form)


def page(response: TestResponse, code: int = 200) -> str:
    """The page's text; it is HTML that nothing may run or frame in."""
    text = response.get_data(as_text=True)
    assert (response.status_code, response.mimetype) == (code, "text/html"), text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers
    assert "<script" not in text
    return text


def test_a_confirmation_is_shown_and_counts_only_when_its_form_is_sent(visita: Visita) -> None:
    visita.sign_up()
    token = visita.letter_token()
    for _ in range(2):
        assert token in page(opened(visita, "/confirmar", token))
    page(sent(visita, "/confirmar", token=token))
    visita.login()
    assert "já foi usado" in page(sent(visita, "/confirmar", token=token), 422)


def test_a_password_is_recovered_by_the_page(pessoa: Visita) -> None:
    Visita(pessoa.way).ok("POST", "/api/auth/recuperacao", {"email": pessoa.email})
    token = pessoa.letter_token()
    assert 'name="senha"' in page(opened(pessoa, "/recuperar", token))
    assert "maiúscula" in page(sent(pessoa, "/recuperar", token=token, senha="abc"), 422)
    page(sent(pessoa, "/recuperar", token=token, senha="NovaSenha9"))
    pessoa.login("NovaSenha9")


def test_an_invitation_is_accepted_by_the_page(pessoa: Visita) -> None:
    pessoa.ok("PATCH", "/api/configuracoes", {"nome": "Aço <b>& Filhos</b>"})
    guest = invited(pessoa, "viewer")
    token = guest.letter_token()
    shown = page(opened(guest, "/convite", token))
    assert "Aço &lt;b&gt;&amp; Filhos&lt;/b&gt;" in shown
    assert 'name="nome"' in shown
    page(sent(guest, "/convite", token=token), 422)
    page(sent(guest, "/convite", token=token, nome="Gil", senha=SENHA))
    guest.login()


@pytest.mark.parametrize("path", ["/confirmar", "/recuperar"])
def test_a_token_with_markup_stays_text(visita: Visita, path: str) -> None:
    assert "&lt;script&gt;" in page(opened(visita, path, MARKUP))


def test_a_bad_invitation_says_so_on_the_page(visita: Visita) -> None:
    assert "inválido" in page(opened(visita, "/convite", MARKUP), 422)


@pytest.mark.parametrize("path", ["/confirmar", "/recuperar", "/convite"])
def test_no_page_sends_anybody_elsewhere(visita: Visita, path: str) -> None:
    """Open redirect: what asks for another address is not looked at."""
    for name in ("next", "url", "redirect", "return_to", "continue"):
        response = visita.client.get(path, query_string={"token": "x", name: "https://mau.example"})
        assert response.status_code in (200, 422)
        assert "Location" not in response.headers
        assert "mau.example" not in response.get_data(as_text=True)
        assert re.search(r"https?://", response.get_data(as_text=True)) is None
