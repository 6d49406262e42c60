"""Text of a .csv: which encoding it has, and which delimiter."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from itertools import islice

from charset_normalizer import from_bytes

from alquimista.prospeccao.importacoes.limites import ArquivoInvalido

DELIMITADORES = (";", ",", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATAS = ["cp1252", "cp850", "mac_roman"]
_USUAIS = frozenset("áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇºª°–—“”‘’•\xa0")
_METADE = 0.5
_AMOSTRA = 64 * 1024
_LINHAS_PARA_DELIMITADOR = 40
_MULTIBYTE = re.compile(rb"[\xc3][\x80-\xbf]")
_CONTROLE = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Texto:
    """How to read a text file: a Python codec and the delimiter."""

    codificacao: str
    delimitador: str


def reconhecer(conteudo: bytes) -> Texto:
    """Find encoding and delimiter of a delimited text.

    Raises:
        ArquivoInvalido: ``codificacao_invalida`` or ``tipo_invalido`` (it is binary).
    """
    encoding = _codificacao(conteudo)
    sample = conteudo[: 4 * _AMOSTRA].decode(encoding, errors="ignore")
    if "\x00" in sample or len(_CONTROLE.findall(sample)) > len(sample) // 100:
        raise ArquivoInvalido(
            "tipo_invalido",
            "Tipo de arquivo não aceito. Envie uma planilha .xlsx ou um arquivo .csv.",
        )
    return Texto(encoding, delimitador(sample))


def _codificacao(conteudo: bytes) -> str:
    for bom, name in _BOMS:
        if conteudo.startswith(bom):
            return _conferir(conteudo, name)
    zeros = conteudo[:_AMOSTRA].count(0)
    if zeros > min(len(conteudo), _AMOSTRA) // 4:
        odd = conteudo[1:_AMOSTRA:2].count(0)
        return _conferir(conteudo, "utf-16-le" if odd * 2 > zeros else "utf-16-be")
    try:
        conteudo.decode("utf-8")
    except UnicodeDecodeError as error:
        if _MULTIBYTE.search(conteudo[: error.start]) is not None:
            raise _quebrada(conteudo, error) from error
        return _de_um_byte(conteudo)
    return "utf-8"


def _conferir(conteudo: bytes, encoding: str) -> str:
    try:
        conteudo.decode(encoding)
    except UnicodeDecodeError as error:
        raise _quebrada(conteudo, error) from error
    return encoding


def _de_um_byte(conteudo: bytes) -> str:
    """Windows, DOS or Mac: judged on the lines that are not plain ASCII, a sample of them."""
    lines = (line for line in conteudo.splitlines() if not line.isascii())
    sample = b"\n".join(islice(lines, 400))[:_AMOSTRA]
    encoding = max(_CANDIDATAS, key=lambda name: _portugues(sample, name))
    if _portugues(sample, encoding) < _METADE:
        guess = from_bytes(sample, cp_isolation=_CANDIDATAS).best()
        encoding = guess.encoding if guess is not None else "cp1252"
    try:
        conteudo.decode(encoding)
    except UnicodeDecodeError:
        # cp1252 leaves five bytes undefined, which old files use; ISO 8859-1 has every byte.
        return "latin-1"
    return encoding


def _portugues(sample: bytes, encoding: str) -> float:
    """How many of the other than ASCII characters Portuguese uses, from 0 to 1."""
    accented = [char for char in sample.decode(encoding, errors="replace") if ord(char) > 127]
    return sum(char in _USUAIS for char in accented) / max(len(accented), 1)


def _quebrada(conteudo: bytes, error: UnicodeDecodeError) -> ArquivoInvalido:
    line = conteudo.count(b"\n", 0, error.start) + 1
    return ArquivoInvalido(
        "codificacao_invalida",
        f"O arquivo mistura codificações de texto (a primeira falha está na linha {line}). "
        "Salve-o de novo como CSV UTF-8 e reenvie.",
    )


def delimitador(sample: str) -> str:
    """The delimiter that cuts the lines into the same number of columns most often.

    A comma inside of quotes does not count, and one that cuts only some lines (an address, a
    decimal) loses to the one that cuts all of them.
    """
    told = re.match(r"sep=(.)\r?$", sample.split("\n", 1)[0])
    if told is not None:
        return str(told.group(1))
    best, best_score = ",", 0.0
    for candidate in DELIMITADORES:
        score = _nota(sample, candidate)
        if score > best_score:
            best, best_score = candidate, score
    return best


def _nota(sample: str, candidate: str) -> float:
    lines = sample.splitlines(keepends=True)[: _LINHAS_PARA_DELIMITADOR * 2]
    try:
        rows = [row for row in csv.reader(lines, delimiter=candidate) if any(row)]
    except csv.Error:
        return 0.0
    widths = [len(row) for row in rows[:_LINHAS_PARA_DELIMITADOR]]
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0
    usual = max(set(wide), key=lambda width: (wide.count(width), width))
    return wide.count(usual) / len(widths) * (1 + min(usual, 20) / 100)
