"""Phones: E.164 to dial, and the identity that duplicates are found by.

Decision of the product: a Brazilian mobile number with and without the ninth digit (added by
Anatel's resolution 553/2010, complete since 2016) is one identity; a landline is left alone.
The plain Brazilian forms are read without the library; everything else goes through phonenumbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

DDDS: Final = frozenset(
    f"{ddd}"
    for ddd in (
        *range(11, 20),
        *(21, 22, 24, 27, 28),
        *(31, 32, 33, 34, 35, 37, 38),
        *range(41, 50),
        *(51, 53, 54, 55),
        *range(61, 70),
        *(71, 73, 74, 75, 77, 79),
        *range(81, 90),
        *range(91, 100),
    )
)
"""Area codes of Anatel's numbering plan."""

_SEPARADORES: Final = str.maketrans("", "", " ()-.\u00a0")
_ACEITOS: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.VOIP,
    }
)
_PARTES = re.compile(r"\s*(?:[/;,|\n]|\be\b|\bou\b)\s*", re.IGNORECASE)
_RAMAL = re.compile(r"\s*(?:\(?\s*ramal|\br\.|\bram\.|\bext\.?)\s*:?\s*\d*\)?.*$", re.IGNORECASE)
_NUMERO = re.compile(r"\+?\(?\d[\d\s().\-]{5,}\d")
_DECIMAL = re.compile(r"^(\d{8,13})[.,]0+$")
_NACIONAL = re.compile(r"^(?:0|55)?(\d{2})([6-9]\d{7})$")
_CORTADO = re.compile(r"\d{5}[^\d]+\d{3}$")
"""Grouped as five and three: a mobile that lost a digit, not an old one of eight."""
_DIGITOS_MINIMOS = 8


class Telefone(NamedTuple):
    """``e164`` is what is dialled; ``norm`` is the identity (mobile without its ninth digit)."""

    e164: str
    norm: str

    @property
    def celular(self) -> bool:
        """Whether it is a Brazilian mobile number with its area code."""
        return self.e164 != self.norm


def normalizar_telefone(texto: str, ddd_padrao: str | None = None) -> Telefone | None:
    """The first valid phone of a cell, or None.

    ``ddd_padrao`` (two digits) completes numbers written without an area code. A cell may hold
    several numbers ("3333-4444 / 98765-4321") and remarks ("ramal 12", "WhatsApp").
    """
    e164 = rapido(texto)
    if e164 is not None:
        return _telefone(e164)
    for trecho in _candidatos(texto):
        e164 = rapido(trecho) or pela_biblioteca(trecho, ddd_padrao)
        if e164 is not None:
            return _telefone(e164)
    return None


def higienizar_telefone(texto: str, ddd_padrao: str | None = None) -> str | None:
    """The E.164 form alone."""
    telefone = normalizar_telefone(texto, ddd_padrao)
    return telefone.e164 if telefone else None


def rapido(texto: str) -> str | None:
    """E.164 of a number in a plain Brazilian form, or None where the library must look.

    Plain: area code and eight or nine digits, with or without 0, 55 or +55 before, blanks, dots,
    hyphens and parentheses anywhere. It says the same as the library, or nothing (tested).
    """
    digitos = texto.translate(_SEPARADORES)
    if not digitos.isascii():
        return None
    tamanho = len(digitos)
    if tamanho > 11:
        if digitos[:3] == "+55":
            digitos = digitos[3:]
        elif digitos[:2] == "55" and tamanho > 11:
            digitos = digitos[2:]
        elif digitos[0] == "0" and tamanho == 12:
            digitos = digitos[1:]
        tamanho = len(digitos)
    elif tamanho == 11 and digitos[0] == "0":
        digitos = digitos[1:]
        tamanho = 10
    if not digitos.isdigit() or digitos[:2] not in DDDS:
        return None
    if (tamanho == 11 and digitos[2] == "9") or (tamanho == 10 and digitos[2] in "2345"):
        return f"+55{digitos}"
    return None


def pela_biblioteca(texto: str, ddd_padrao: str | None = None) -> str | None:
    """E.164 as phonenumbers reads it (region BR), or None.

    Completes what the library cannot: a missing area code, a missing ninth digit.
    """
    digitos = "".join(c for c in texto if c.isascii() and c.isdigit())
    if len(digitos) < _DIGITOS_MINIMOS or _CORTADO.search(texto.rstrip()):
        return None
    if "+" not in texto:
        if ddd_padrao and len(digitos) in (8, 9) and digitos[:3] not in ("800", "300"):
            texto = digitos = f"{ddd_padrao}{digitos}"
        if (antigo := _NACIONAL.match(digitos)) and antigo[1] in DDDS:
            texto = f"{antigo[1]}9{antigo[2]}"
    elif digitos[:2] == "55" and (antigo := _NACIONAL.match(digitos)) and antigo[1] in DDDS:
        texto = f"{antigo[1]}9{antigo[2]}"
    try:
        numero = phonenumbers.parse(texto, "BR")
    except NumberParseException:
        # The library's way of saying that the text is no phone number at all.
        return None
    if not phonenumbers.is_valid_number(numero) or phonenumbers.number_type(numero) not in _ACEITOS:
        return None
    return phonenumbers.format_number(numero, phonenumbers.PhoneNumberFormat.E164)


def _candidatos(texto: str) -> Iterator[str]:
    limpo = _DECIMAL.sub(r"\1", _RAMAL.sub("", texto.strip()))
    if "/" not in limpo or sum(c.isdigit() for c in limpo) <= 13:
        inteiro = limpo.replace("/", " ")
        if achado := _NUMERO.search(inteiro):
            yield achado[0]
    for parte in _PARTES.split(limpo):
        for achado in _NUMERO.finditer(parte):
            yield achado[0]


def _telefone(e164: str) -> Telefone:
    if len(e164) == 14 and e164[:3] == "+55" and e164[5] == "9":
        return Telefone(e164, e164[:5] + e164[6:])
    return Telefone(e164, e164)
