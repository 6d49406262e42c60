"""The pages that the links of letters open: plain forms, without scripts and without cookies.

Opening one changes nothing, since mail filters open links too; sending its form does. A page says
what went wrong in words, never as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from flask import Response

from alquimista.http.answers import html_page
from alquimista.http.auth import public
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import status_of
from alquimista.http.services import services
from alquimista.plataforma.identity.schemas import PaginaAcessoSchema, PaginaTokenSchema
from alquimista_sdk.errors import AlquimistaError

blp = Blueprint("paginas", __name__, description="Páginas das cartas")
_PAGE = """<!doctype html>
<html lang="pt-BR"><head><meta charset="utf-8"><title>{titulo}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>{titulo}</h1><p>{texto}</p>{formulario}</main></body></html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_FORM = html_page("O formulário do link.", "Confirme")
_DONE = html_page("O que foi feito.", "Pronto")
_REASON = "the token of the letter is the proof"
_NOME = '<p><label>Seu nome <input name="nome" autocomplete="name" maxlength="255"></label></p>'
_SENHA = (
    '<p><label>Senha nova <input type="password" name="senha" autocomplete="new-password" '
    'maxlength="256"></label></p><p>8 ou mais caracteres, com maiúscula, minúscula e número.</p>'
)


@blp.get("/confirmar")
@public(_REASON)
@blp.arguments(PaginaTokenSchema, location="query")
@blp.response(200, **_FORM)
def show_confirmation(pedido: dict[str, str]) -> Response:
    """Página que confirma um cadastro; abri-la não confirma nada."""
    return _form("Confirme seu e-mail", "Falta só confirmar.", pedido, "Confirmar", ())


@blp.post("/confirmar")
@public(_REASON)
@blp.arguments(PaginaTokenSchema, location="form")
@blp.response(200, **_DONE)
def send_confirmation(pedido: dict[str, str]) -> Response:
    """Confirma um cadastro pela página da carta."""
    return _done(
        lambda: services().access.confirm(pedido["token"], None),
        "Pronto",
        "Seu e-mail foi confirmado. Entre com sua senha.",
    )


@blp.get("/recuperar")
@public(_REASON)
@blp.arguments(PaginaTokenSchema, location="query")
@blp.response(200, **_FORM)
def show_recovery(pedido: dict[str, str]) -> Response:
    """Página que troca uma senha esquecida."""
    return _form("Troque sua senha", "Escolha uma senha nova.", pedido, "Trocar", (_SENHA,))


@blp.post("/recuperar")
@public(_REASON)
@blp.arguments(PaginaAcessoSchema, location="form")
@blp.response(200, **_DONE)
def send_recovery(pedido: dict[str, str]) -> Response:
    """Troca uma senha esquecida pela página da carta."""
    return _done(
        lambda: services().access.recover(pedido["token"], pedido["senha"], None),
        "Pronto",
        "Sua senha foi trocada e todas as sessões foram encerradas. Entre com a senha nova.",
    )


@blp.get("/convite")
@public(_REASON)
@blp.arguments(PaginaTokenSchema, location="query")
@blp.response(200, **_FORM)
def show_invitation(pedido: dict[str, str]) -> Response:
    """Página que aceita um convite; abri-la não aceita nada."""
    try:
        convite = services().invitations.look(pedido["token"])
    except AlquimistaError as error:
        return _problem(error)
    campos = () if convite.tem_conta else (_NOME, _SENHA)
    texto = f"Você foi convidado para a conta {convite.empresa}."
    return _form("Convite", texto, pedido, "Aceitar", campos)


@blp.post("/convite")
@public(_REASON)
@blp.arguments(PaginaAcessoSchema, location="form")
@blp.response(200, **_DONE)
def send_invitation(pedido: dict[str, str]) -> Response:
    """Aceita um convite pela página da carta."""
    nome, senha = pedido["nome"].strip() or None, pedido["senha"] or None
    return _done(
        lambda: services().invitations.accept(pedido["token"], nome, senha),
        "Pronto",
        "O convite foi aceito. Entre com seu e-mail e senha.",
    )


def _form(
    titulo: str, texto: str, pedido: dict[str, str], acao: str, campos: Sequence[str]
) -> Response:
    token = escape(pedido["token"], quote=True)
    formulario = (
        f'<form method="post"><input type="hidden" name="token" value="{token}">'
        f"{''.join(campos)}<button>{acao}</button></form>"
    )
    return _page(titulo, texto, formulario)


def _done(act: Callable[[], Any], titulo: str, texto: str) -> Response:
    try:
        act()
    except AlquimistaError as error:
        return _problem(error)
    return _page(titulo, texto, "")


def _problem(error: AlquimistaError) -> Response:
    """What a person can do something about, as a page; the rest is handled as everywhere."""
    code = status_of(error)
    if code >= 500:
        raise error
    return _page("Não deu certo", str(error), "", code)


def _page(titulo: str, texto: str, formulario: str, code: int = 200) -> Response:
    page = _PAGE.format(titulo=escape(titulo), texto=escape(texto), formulario=formulario)
    return Response(page, code, _HEADERS, mimetype="text/html")
