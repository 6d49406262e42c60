"""Figures as Brazilians write them: comma before decimals, point between thousands."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

_FORMA = re.compile(r"-?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?")
_TROCA = str.maketrans({",": ".", ".": ","})


def inteiro(valor: int) -> str:
    """A whole number: ``1234`` is ``1.234``."""
    return f"{valor:,}".translate(_TROCA)


def decimal(valor: float | Decimal, casas: int = 1) -> str:
    """A number with ``casas`` decimals, halves rounded away from zero: ``1234.55`` is ``1.234,6``.

    Raises:
        decimal.InvalidOperation: the value is no finite number.
    """
    exato = Decimal(str(valor)).quantize(Decimal(1).scaleb(-casas), ROUND_HALF_UP)
    if exato == 0:
        exato = abs(exato)
    return f"{exato:,.{casas}f}".translate(_TROCA)


def percentual(valor: float | Decimal) -> str:
    """A rate in percent with one decimal: ``10.0`` is ``10,0%``."""
    return f"{decimal(valor)}%"


def dia(data: date) -> str:
    """A date as ``DD/MM/AAAA``."""
    return f"{data.day:02}/{data.month:02}/{data.year:04}"


def contado(quantidade: int, um: str, muitos: str) -> str:
    """A count with its noun in the right number: ``1 lead``, ``2 leads``, ``0 leads``."""
    return f"{inteiro(quantidade)} {um if quantidade == 1 else muitos}"


def ler(texto: str) -> Decimal:
    """Read a number written by ``inteiro`` or ``decimal``; thousands may lack their points.

    Raises:
        ValueError: the text is no number in this form (``10.5`` is none: its point is misplaced).
    """
    if not _FORMA.fullmatch(texto):
        raise ValueError(f"{texto!r} is not a number in pt-BR")
    return Decimal(texto.replace(".", "").replace(",", "."))
