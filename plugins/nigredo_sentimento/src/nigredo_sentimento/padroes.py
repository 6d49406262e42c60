"""The small pattern language of the data files.

A pattern is a regular expression over the normalised words of one sentence, with two shorthands:
``{nome}`` stands for a group of ``grupos.tsv`` and `` ~ `` for a gap of at most three words that
does not cross a comma. A pattern matches whole words only: "parece" never matches "pare".
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_GAP = "(?: [^ ,]+){0,3} "
_GROUP = re.compile(r"\{([a-z_]+)\}")


@cache
def ler_tabela(nome: str, colunas: int) -> tuple[tuple[str, ...], ...]:
    """Read a data file of the package: tab-separated, ``#`` starts a comment line.

    Raises:
        ValueError: a line has another number of columns; the message names file and line.
    """
    texto = (files("nigredo_sentimento") / nome).read_text(encoding="utf-8")
    linhas: list[tuple[str, ...]] = []
    for numero, linha in enumerate(texto.splitlines(), start=1):
        if not linha.strip() or linha.startswith("#"):
            continue
        partes = tuple(parte.strip() for parte in linha.split("\t"))
        if len(partes) != colunas:
            raise ValueError(f"{nome}:{numero}: {len(partes)} columns instead of {colunas}")
        linhas.append(partes)
    return tuple(linhas)


@cache
def grupos() -> dict[str, str]:
    """The named groups of words, each already expanded to a regular expression."""
    expandidos: dict[str, str] = {}
    for nome, padrao in ler_tabela("grupos.tsv", 2):
        alternativas = _expandir(padrao, expandidos)
        anterior = expandidos.get(nome)
        expandidos[nome] = f"{anterior}|{alternativas}" if anterior else alternativas
    return expandidos


@cache
def compilar(padrao: str) -> re.Pattern[str]:
    """Compile a pattern of the small language.

    Raises:
        ValueError: it names a group that does not exist.
    """
    corpo = _expandir(padrao.replace(" ~ ", _GAP), grupos())
    return re.compile(f"(?<![^ ])(?:{corpo})(?![^ ])")


def _expandir(padrao: str, conhecidos: dict[str, str]) -> str:
    def trocar(achado: re.Match[str]) -> str:
        nome = achado.group(1)
        if nome not in conhecidos:
            raise ValueError(f"unknown group {nome!r} in pattern {padrao!r}")
        return f"(?:{conhecidos[nome]})"

    return _GROUP.sub(trocar, padrao)
