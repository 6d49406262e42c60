"""Colours, paragraph styles and the letters of the report.

The built-in Helvetica is not embedded and writes WinAnsi: every accent of Portuguese, not every
letter of the world.
"""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

TINTA: Color = HexColor("#1F2933")
CINZA: Color = HexColor("#5F6B7A")
LINHA: Color = HexColor("#D5DBE1")
FUNDO: Color = HexColor("#F3F5F8")
AZUL: Color = HexColor("#1F5FA8")
AMBAR: Color = HexColor("#9A5B00")

FONTE = "Helvetica"
NEGRITO = "Helvetica-Bold"

_TEXTO = ParagraphStyle("texto", fontName=FONTE, fontSize=9.5, leading=13.5, textColor=TINTA)
ESTILOS = {
    "titulo": ParagraphStyle(
        "titulo", parent=_TEXTO, fontName=NEGRITO, fontSize=18, leading=22, spaceAfter=2
    ),
    "subtitulo": ParagraphStyle("subtitulo", parent=_TEXTO, fontSize=10.5, textColor=CINZA),
    "secao": ParagraphStyle(
        "secao", parent=_TEXTO, fontName=NEGRITO, fontSize=12, leading=15, spaceBefore=14,
        spaceAfter=5,
    ),
    "texto": _TEXTO,
    "item": ParagraphStyle(
        "item", parent=_TEXTO, leftIndent=10, bulletIndent=0, spaceAfter=3
    ),
    "nota": ParagraphStyle("nota", parent=_TEXTO, fontSize=8, leading=10.5, textColor=CINZA),
    "aviso": ParagraphStyle(
        "aviso", parent=_TEXTO, fontName=NEGRITO, fontSize=9.5, textColor=AMBAR, spaceBefore=3
    ),
    "celula": ParagraphStyle("celula", parent=_TEXTO, fontSize=9, leading=12),
    "numero": ParagraphStyle("numero", parent=_TEXTO, fontSize=9, leading=12, alignment=2),
    "cabecalho": ParagraphStyle(
        "cabecalho", parent=_TEXTO, fontName=NEGRITO, fontSize=8.5, leading=11, textColor=CINZA
    ),
    "cabecalho_numero": ParagraphStyle(
        "cabecalho_numero", parent=_TEXTO, fontName=NEGRITO, fontSize=8.5, leading=11,
        textColor=CINZA, alignment=2,
    ),
    "cartao_valor": ParagraphStyle(
        "cartao_valor", parent=_TEXTO, fontName=NEGRITO, fontSize=17, leading=20
    ),
    "cartao_rotulo": ParagraphStyle(
        "cartao_rotulo", parent=_TEXTO, fontSize=8.5, leading=11, textColor=CINZA
    ),
}  # fmt: skip


def seguro(texto: str) -> str:
    """The text in letters that the font has; one that it lacks loses its marks or becomes ``?``."""
    return "".join(map(_letra, unicodedata.normalize("NFC", texto)))


def paragrafo(texto: str, estilo: str, **opcoes: str) -> Paragraph:
    """A paragraph of plain text: what looks like markup is printed as it stands."""
    return Paragraph(escape(seguro(texto)), ESTILOS[estilo], **opcoes)


def _letra(letra: str) -> str:
    if unicodedata.category(letra).startswith(("C", "Z")):
        return " "
    for forma in (letra, unicodedata.normalize("NFKD", letra)[0]):
        try:
            forma.encode("cp1252")
        except UnicodeEncodeError:
            continue
        return forma
    return "?"
