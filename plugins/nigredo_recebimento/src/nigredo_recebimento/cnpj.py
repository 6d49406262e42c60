"""CNPJ and CPF. The CNPJ is alphanumeric since July 2026 (IN RFB 2.229/2024).

Letters count as their ASCII code minus 48; the two check digits are always numeric.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import mul
from typing import Final

from stdnum.br import cnpj as biblioteca
from stdnum.br import cpf as biblioteca_cpf

TAMANHO: Final = 14
_MENOR_SEM_ZEROS: Final = 8
_PONTUACAO: Final = str.maketrans("", "", " .-/\u00a0")
_PESOS_1: Final = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
_PESOS_2: Final = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
_TRECHO: Final = 4
_TRECHOS: Final = (0, 4, 8)
_DIGITOS: Final = "0123456789"
_PERMITIDOS = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_DECIMAL = re.compile(r"^(\d+)[.,]0+$")
_CPF_EM_TEXTO = re.compile(r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?!\d)")


def normalizar_cnpj(texto: str) -> str | None:
    """The CNPJ without punctuation, or None where it is not valid.

    Leading zeros that a spreadsheet took are put back only if the check digits then hold.
    """
    if len(texto) == TAMANHO and valido(texto):
        return texto
    compacto = texto.translate(_PONTUACAO).upper()
    if len(compacto) == TAMANHO and valido(compacto):
        return compacto
    compacto = _DECIMAL.sub(r"\1", texto.strip()).translate(_PONTUACAO).upper()
    if len(compacto) == TAMANHO:
        return compacto if valido(compacto) else None
    if _MENOR_SEM_ZEROS <= len(compacto) < TAMANHO and compacto.isascii() and compacto.isdigit():
        completo = compacto.zfill(TAMANHO)
        return completo if valido(completo) else None
    return None


def valido(compacto: str) -> bool:
    """Whether 14 characters without punctuation are a CNPJ: the same answer as python-stdnum's."""
    if not _PERMITIDOS.fullmatch(compacto) or compacto.startswith("000000000000"):
        return False
    primeira = segunda = 0
    for inicio in _TRECHOS:
        soma_1, soma_2 = _somas(compacto[inicio : inicio + _TRECHO], inicio)
        primeira += soma_1
        segunda += soma_2
    digito = (11 - primeira) % 11 % 10
    if compacto[12] != _DIGITOS[digito]:
        return False
    return compacto[13] == _DIGITOS[(11 - segunda - _PESOS_2[12] * digito) % 11 % 10]


@lru_cache(maxsize=65_536)
def _somas(trecho: str, inicio: int) -> tuple[int, int]:
    """Weighed sums of four characters for both check digits.

    Remembered: four digits have 10,000 forms, of which a list of companies repeats many.
    """
    valores = [codigo - 48 for codigo in trecho.encode()]
    return sum(map(mul, _PESOS_1[inicio:], valores)), sum(map(mul, _PESOS_2[inicio:], valores))


def pela_biblioteca(texto: str) -> bool:
    """What python-stdnum says of a CNPJ; the tests hold ``valido`` to it."""
    return bool(biblioteca.is_valid(texto))


def e_cpf(texto: str) -> bool:
    """Whether the whole text is a valid CPF (a person's number): 11 digits with check digits."""
    if len(texto) == TAMANHO and texto.isdigit():
        return False
    compacto = texto.translate(_PONTUACAO)
    return len(compacto) == 11 and compacto.isdigit() and bool(biblioteca_cpf.is_valid(compacto))


def contem_cpf(texto: str) -> bool:
    """Whether a valid CPF stands somewhere in a text."""
    return any(biblioteca_cpf.is_valid(achado) for achado in _CPF_EM_TEXTO.findall(texto))
