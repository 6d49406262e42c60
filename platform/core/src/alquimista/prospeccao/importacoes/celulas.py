"""A cell's value as text, as a person reads it in the spreadsheet."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

_MARGENS = " \t\r\n\x0b\x0c\xa0\u2007\u202f\u200b\u200e\u200f\ufeff"
_SEM_VALOR = frozenset(
    [
        "-",
        "--",
        "---",
        "n/a",
        "N/A",
        "n/d",
        "N/D",
        "#N/A",
        "#N/D",
        "#REF!",
        "#VALOR!",
        "#VALUE!",
        "#NAME?",
        "#NOME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#NÚM!",
        "#NULO!",
        "null",
        "NULL",
        "None",
        "nan",
        "NaN",
        "NULO",
    ]
)
_MAIOR_SEM_VALOR = max(map(len, _SEM_VALOR))
_CIENTIFICA = re.compile(r"^[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}$")
_DEPOIS_DO_PRIMEIRO = frozenset(".,eE")
"""What follows the first digit of such a number; few other texts have it there."""
_INTEIRO_EXATO = 2**53
"""Above it a spreadsheet's number has lost digits already (IEEE 754 double)."""


def texto(valor: object) -> str:
    """Text of a value: no ``.0``, no exponent, dates in ISO 8601, margins cut, errors empty.

    A text that looks like a formula stays the text that it is.
    """
    if isinstance(valor, str):
        return do_texto(valor)
    if isinstance(valor, bool):
        return "sim" if valor else "não"
    if isinstance(valor, int):
        return str(valor)
    if isinstance(valor, float):
        return _do_numero(valor)
    if isinstance(valor, dt.datetime):
        midnight = valor.time() == dt.time(0)
        return valor.date().isoformat() if midnight else valor.isoformat(sep=" ")
    if isinstance(valor, (dt.date, dt.time)):
        return valor.isoformat()
    return "" if valor is None else str(valor)


def do_texto(valor: str) -> str:
    """A text without margins; marks of an empty cell, as ``-`` and ``#N/D``, are empty."""
    clean = valor.strip(_MARGENS)
    if len(clean) <= _MAIOR_SEM_VALOR and clean in _SEM_VALOR:
        return ""
    if clean[1:2] in _DEPOIS_DO_PRIMEIRO and _CIENTIFICA.match(clean):
        return _por_extenso(clean)
    return clean


def _do_numero(valor: float) -> str:
    if valor != valor or valor in (float("inf"), float("-inf")):
        return ""
    if valor.is_integer() and abs(valor) <= _INTEIRO_EXATO:
        return str(int(valor))
    return format(Decimal(repr(valor)), "f")


def _por_extenso(valor: str) -> str:
    """``1.2345678000195E+13`` has all its digits; ``1,23457E+13`` lost them and stays as it is."""
    number = Decimal(valor.replace(",", "."))
    exact = int(number.as_tuple().exponent) <= 0
    return format(number, "f") if exact else valor
