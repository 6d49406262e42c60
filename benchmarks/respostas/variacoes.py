"""Copies of the labelled replies for training only: with typing errors, with words of one sense.

People type with errors and choose other words than our writers; a model that also saw seeded copies
reads replies of other writers better (MODELO.md). The copies are made anew at every training, the
same seed gives the same ones, and no figure is measured on them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from benchmarks.respostas.dados import Exemplo
from nigredo_sentimento.padroes import ler_tabela
from nigredo_sentimento.texto import sem_acentos

SEMENTE = 11
_ERRO = 0.2
_CAI = 0.12
_TROCA = 0.3
_CURTA = 3
_VIZINHAS = {
    "a": "sq",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "i": "uo",
    "l": "k",
    "m": "n",
    "n": "mb",
    "o": "ip",
    "p": "o",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
}
_FICAM = frozenset(("não", "nao", "n", "nem", "me", "sem", "sim"))
_FECHADAS = frozenset(
    (
        "ACEITAR",
        "AUSENTE",
        "COMO",
        "DIA",
        "ESSE",
        "ESTAR",
        "EU",
        "MAIS",
        "MES",
        "MEU",
        "NAO",
        "OLA",
        "PODER",
        "TER",
        "VOCES",
    )
)
"""Senses whose words are not each other's equals."""
_PALAVRA = re.compile(r"(\W*)(\w+)(\W*)")


def com_erros(exemplos: Sequence[Exemplo]) -> list[Exemplo]:
    """Each reply as typed in haste: letters lost, doubled or swapped, short words left out."""
    return _copies(exemplos, _typed_in_haste)


def com_outras_palavras(exemplos: Sequence[Exemplo]) -> list[Exemplo]:
    """Each reply with some words replaced by others of the same sense (``classes.tsv``)."""
    return _copies(exemplos, _said_otherwise)


def _copies(
    exemplos: Sequence[Exemplo], variar: Callable[[str, random.Random], str]
) -> list[Exemplo]:
    sorte = random.Random(SEMENTE)
    # What machines write (intensity 0) has no typing errors.
    return [
        replace(item, text=variar(item.text, sorte)) if item.intensidade else item
        for item in exemplos
    ]


def _typed_in_haste(texto: str, sorte: random.Random) -> str:
    palavras = texto.split(" ")
    ficam = []
    for palavra in palavras:
        nua = palavra.lower().strip(".,!?")
        curta = len(nua) <= _CURTA and nua not in _FICAM
        if curta and len(palavras) > _CURTA + 1 and sorte.random() < _CAI:
            continue
        if palavra.isalpha() and len(palavra) > _CURTA and sorte.random() < _ERRO:
            palavra = _mistyped(palavra, sorte)
        ficam.append(palavra)
    return " ".join(ficam)


def _mistyped(palavra: str, sorte: random.Random) -> str:
    onde = sorte.randrange(1, len(palavra) - 1)
    antes, letra, depois = palavra[:onde], palavra[onde], palavra[onde + 1 :]
    outra = sorte.choice(_VIZINHAS.get(letra.lower(), letra))
    return sorte.choice(
        (
            antes + depois,
            antes + depois[:1] + letra + depois[1:],
            antes + letra + letra + depois,
            antes + outra + depois,
        )
    )


def _said_otherwise(texto: str, sorte: random.Random) -> str:
    return " ".join(_replaced(palavra, sorte) for palavra in texto.split(" "))


def _replaced(palavra: str, sorte: random.Random) -> str:
    achada = _PALAVRA.fullmatch(palavra)
    if achada is None:
        return palavra
    outras = _of_one_sense().get(_sense(sem_acentos(achada[2])), ())
    if not outras or sorte.random() >= _TROCA:
        return palavra
    return f"{achada[1]}{sorte.choice(outras)}{achada[3]}"


@cache
def _of_one_sense() -> dict[str, tuple[str, ...]]:
    palavras: dict[str, list[str]] = defaultdict(list)
    for item, classe in _table().items():
        if classe not in _FECHADAS and item.isalpha():
            palavras[classe].append(item)
    return {classe: tuple(lista) for classe, lista in palavras.items()}


def _sense(palavra: str) -> str:
    tabela = _table()
    inicios = (f"{palavra[:tamanho]}*" for tamanho in range(len(palavra), 2, -1))
    return next((tabela[item] for item in (palavra, *inicios) if item in tabela), "")


@cache
def _table() -> dict[str, str]:
    tabela: dict[str, str] = {}
    for classe, lista in ler_tabela("classes.tsv", 2):
        for item in lista.split():
            tabela.setdefault(item, classe)
    return tabela
