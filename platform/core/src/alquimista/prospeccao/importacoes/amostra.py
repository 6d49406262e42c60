"""The small workbook that a preview is read from: the first rows of each sheet and their texts.

Excel keeps the texts of cells in one list for all sheets, and a cell holds a text's number. Of the
list only the beginning is kept, up to the last text that the first rows ask for.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping

TEXTOS = "xl/sharedstrings.xml"
_PARTES = frozenset(
    {
        "[content_types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        TEXTOS,
    }
)
_NOME = rb"(?:\w+:)?"
# Nothing is tried twice in a tag, however often it says what is looked for.
_COM_TEXTO = rb"<" + _NOME + rb"c\b(?>[^<>]*?\st\s*=\s*[\"']s[\"'])[^<>]*+(?<!/)>"
_FORMULA = rb"\s*(?:<" + _NOME + rb"f\b[^<>]*>(?:[^<>]*</" + _NOME + rb"f>)?\s*)?"
_CELULA = re.compile(_COM_TEXTO)
_CELULA_LIDA = re.compile(_COM_TEXTO + _FORMULA + rb"<" + _NOME + rb"v\b[^<>]*>\s*([0-9]{1,9})\s*<")
_FIM_DE_TEXTO = re.compile(rb"</" + _NOME + rb"si>|<" + _NOME + rb"si\s*/>")
_MAIOR_FIM = 64


def aberta(nome: str) -> bool:
    """Whether an entry of the package that is no sheet is read when the workbook is opened."""
    return nome.lower() in _PARTES


def textos_pedidos(cabecas: Iterable[bytes]) -> int | None:
    """How many texts, from the first of the list, these rows need; None where it is not clear."""
    most = 0
    for cabeca in cabecas:
        numbers = _CELULA_LIDA.findall(cabeca)
        if len(numbers) != len(_CELULA.findall(cabeca)):
            return None
        most = max([most, *(int(number) + 1 for number in numbers)])
    return most


class Parte:
    """An entry taken piece by piece: kept whole, or as a list of texts up to ``textos`` of them."""

    def __init__(self, textos: int | None = None) -> None:
        self._faltam = textos
        self._xml = bytearray()
        self._lida = 0
        self._cortada = False

    def __len__(self) -> int:
        return len(self._xml)

    def tomar(self, pedaco: bytes) -> None:
        """The next piece of its XML."""
        if self._cortada:
            return
        start = max(self._lida, len(self._xml) - _MAIOR_FIM)
        self._xml += pedaco
        if self._faltam is None:
            return
        for end in _FIM_DE_TEXTO.finditer(self._xml, start):
            self._lida = end.end()
            self._faltam -= 1
            if self._faltam <= 0:
                self._cortada = True
                break
        if self._cortada:
            del self._xml[self._lida :]

    def xml(self) -> bytes:
        """What was kept, its elements closed."""
        return fechada(bytes(self._xml), b"sst") if self._cortada else bytes(self._xml)


def fechada(xml: bytes, *elementos: bytes) -> bytes:
    """XML that was cut, with the elements closed that are open there; the last one is the root."""
    root = re.search(rb"<(\w+:)?%s\b" % elementos[-1], xml)
    prefix = (root[1] or b"") if root else b""
    return xml + b"".join(b"</%s%s>" % (prefix, elemento) for elemento in elementos)


def montar(partes: Mapping[str, bytes], folhas: Mapping[str, bytes]) -> bytes:
    """The small workbook, from entries by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as small:
        for name, content in {**partes, **folhas}.items():
            small.writestr(name, content)
    return buffer.getvalue()
