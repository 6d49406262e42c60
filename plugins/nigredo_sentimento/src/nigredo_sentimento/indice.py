"""Which patterns can match a sentence at all, by the first letters of its words.

Some 250 patterns are tried on each sentence, and few begin with any of its words. What a match can
begin with is read off the parsed pattern; a pattern that may begin with anything is always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

_LETRAS = 5
_MAXIMO = 2_000
_PALAVRAS = 8192
_ABERTO = "\0"
# The parser of the standard library has no public name since sre_parse was deprecated in 3.11.
_parser: Any = import_module("re._parser")


class Indice:
    """An index over compiled patterns that match whole words only."""

    def __init__(self, padroes: Sequence[re.Pattern[str]]) -> None:
        self._sempre: set[int] = set()
        por_inicio: dict[str, list[int]] = {}
        for numero, padrao in enumerate(padroes):
            inicios = comecos(padrao)
            if inicios is None:
                self._sempre.add(numero)
            else:
                for inicio in inicios:
                    por_inicio.setdefault(inicio, []).append(numero)
        # Under each beginning also those of its own beginnings: one look-up finds all.
        self._por_inicio = {
            inicio: [
                numero
                for fim in range(1, len(inicio) + 1)
                for numero in por_inicio.get(inicio[:fim], ())
            ]
            for inicio in por_inicio
        }
        # Few words make most of all messages.
        self._numeros = lru_cache(maxsize=_PALAVRAS)(self._of_beginning)

    def candidatos(self, texto: str) -> list[int]:
        """Numbers of the patterns that may match somewhere in a sentence, in their order."""
        return sorted(self._sempre.union(*map(self._numeros, inicios(texto))))

    def _of_beginning(self, inicio: str) -> list[int]:
        for fim in range(_LETRAS, 0, -1):
            numeros = self._por_inicio.get(inicio[:fim])
            if numeros is not None:
                return numeros
        return []


@lru_cache(maxsize=4)
def inicios(texto: str) -> frozenset[str]:
    """The first letters of every word, with what follows a word that is shorter.

    A sentence is asked about once by each table of patterns.
    """
    achados = {texto[:_LETRAS]}
    espaco = texto.find(" ")
    while espaco >= 0:
        achados.add(texto[espaco + 1 : espaco + 1 + _LETRAS])
        espaco = texto.find(" ", espaco + 1)
    return frozenset(achados)


def comecos(padrao: re.Pattern[str]) -> frozenset[str] | None:
    """What a match can begin with, five letters at most; None when that may be anything."""
    achados = {inicio.rstrip(_ABERTO) for inicio in _firsts(_parser.parse(padrao.pattern), _LETRAS)}
    return None if "" in achados else frozenset(achados)


def _firsts(itens: Iterable[Any], letras: int) -> set[str]:
    """Every beginning of that many letters.

    A shorter one belongs to a whole match, or ends in ``_ABERTO`` where anything may follow.
    """
    prontos: set[str] = set()
    abertos = {""}
    for item in itens:
        novos = {
            feito + inicio for feito in abertos for inicio in _of_item(item, letras - len(feito))
        }
        abertos = {
            inicio for inicio in novos if len(inicio) < letras and not inicio.endswith(_ABERTO)
        }
        prontos |= novos - abertos
        if len(prontos) + len(abertos) > _MAXIMO:
            return prontos | {inicio + _ABERTO for inicio in abertos}
        if not abertos:
            break
    return prontos | abertos


def _of_item(item: Any, letras: int) -> set[str]:
    nome, dado = str(item[0]), item[1]
    if nome == "LITERAL":
        return {chr(dado)}
    if nome in ("AT", "ASSERT", "ASSERT_NOT"):
        return {""}
    if nome == "SUBPATTERN":
        return _firsts(dado[-1], letras)
    if nome == "BRANCH":
        return {inicio for ramo in dado[1] for inicio in _firsts(ramo, letras)}
    if nome in ("MAX_REPEAT", "MIN_REPEAT"):
        menos, mais, corpo = dado
        uma = _firsts(corpo, letras)
        if int(mais) > 1:
            uma = {inicio if len(inicio) >= letras else inicio + _ABERTO for inicio in uma}
        return uma if menos else uma | {""}
    if nome == "IN" and all(str(parte[0]) == "LITERAL" for parte in dado):
        return {chr(parte[1]) for parte in dado}
    return {_ABERTO}
