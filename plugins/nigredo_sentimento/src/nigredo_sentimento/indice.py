"""Which patterns can match a sentence at all, by the first letters of its words.

Some 250 patterns are tried on each sentence, and few begin with any of its words. What a match can
begin with is read off the parsed pattern; a pattern that may begin with anything is always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

_LETRAS = 3
_MAXIMO = 400
# The parser of the standard library has no public name since sre_parse was deprecated in 3.11.
_parser: Any = import_module("re._parser")


class Indice:
    """An index over compiled patterns that match whole words only."""

    def __init__(self, padroes: Sequence[re.Pattern[str]]) -> None:
        self._sempre: list[int] = []
        self._por_inicio: dict[str, list[int]] = {}
        for numero, padrao in enumerate(padroes):
            inicios = comecos(padrao)
            if inicios is None:
                self._sempre.append(numero)
            else:
                for inicio in inicios:
                    self._por_inicio.setdefault(inicio, []).append(numero)

    def candidatos(self, texto: str) -> list[int]:
        """Numbers of the patterns that may match somewhere in a sentence, in their order."""
        achados = set(self._sempre)
        inicio = 0
        while True:
            for fim in range(inicio + 1, inicio + _LETRAS + 1):
                achados.update(self._por_inicio.get(texto[inicio:fim], ()))
            inicio = texto.find(" ", inicio) + 1
            if not inicio:
                return sorted(achados)


def comecos(padrao: re.Pattern[str]) -> frozenset[str] | None:
    """What a match can begin with, three letters at most; None when that may be anything."""
    achados = _firsts(list(_parser.parse(padrao.pattern)), _LETRAS)
    if achados is None or "" in achados:
        return None
    return frozenset(achados)


def _firsts(itens: list[Any], letras: int) -> set[str] | None:
    """Every beginning of that many letters; shorter ones belong to whole matches."""
    prontos: set[str] = set()
    abertos = {""}
    for item in itens:
        novos: set[str] = set()
        for feito in abertos:
            resto = _of_item(item, letras - len(feito))
            if resto is None:
                return None
            novos |= {feito + inicio for inicio in resto}
        prontos |= {inicio for inicio in novos if len(inicio) == letras}
        abertos = {inicio for inicio in novos if len(inicio) < letras}
        if len(prontos) + len(abertos) > _MAXIMO:
            return None
        if not abertos:
            break
    return prontos | abertos


def _of_item(item: Any, letras: int) -> set[str] | None:
    nome, dado = str(item[0]), item[1]
    if nome == "LITERAL":
        return {chr(dado)}
    if nome in ("AT", "ASSERT", "ASSERT_NOT"):
        return {""}
    if nome == "SUBPATTERN":
        return _firsts(list(dado[-1]), letras)
    if nome == "BRANCH":
        return _union(_firsts(list(ramo), letras) for ramo in dado[1])
    if nome in ("MAX_REPEAT", "MIN_REPEAT"):
        menos, mais, corpo = dado
        uma = _firsts(list(corpo), letras)
        if uma is None or (int(mais) > 1 and any(len(inicio) < letras for inicio in uma)):
            return None
        return uma if menos else uma | {""}
    if nome == "IN" and all(str(parte[0]) == "LITERAL" for parte in dado):
        return {chr(parte[1]) for parte in dado}
    return None


def _union(conjuntos: Iterable[set[str] | None]) -> set[str] | None:
    todos: set[str] = set()
    for conjunto in conjuntos:
        if conjunto is None:
            return None
        todos |= conjunto
    return todos
