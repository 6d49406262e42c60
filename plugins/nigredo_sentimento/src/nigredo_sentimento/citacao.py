"""Reasons quote the lead's own spelling, not the plain words that the rules work on."""

from __future__ import annotations

import re

from nigredo_sentimento.texto import palavras_simples

_WORD = re.compile(r"[\w-]+")
_QUOTED = re.compile(r"“([^”]+)”")
_MAXIMO = 120


def com_grafia_original(motivo: str, original: str) -> str:
    """Replace what a reason quotes by the words of the message, where they are found."""
    return _QUOTED.sub(lambda achado: f"“{citar(original, achado.group(1))}”", motivo)


def citar(original: str, trecho: str) -> str:
    """The part of ``original`` that plain words stand for; the plain words where none does."""
    donos: list[tuple[int, int]] = []
    simples: list[str] = []
    for palavra in _WORD.finditer(original):
        for item in palavras_simples(palavra.group()):
            simples.append(item)
            donos.append(palavra.span())
    procuradas = [item for item in trecho.split() if item != ","]
    for inicio in range(len(simples) - len(procuradas) + 1):
        fim = inicio + len(procuradas)
        if procuradas and simples[inicio:fim] == procuradas:
            return _short(original[donos[inicio][0] : donos[fim - 1][1]])
    return _short(trecho)


def _short(texto: str) -> str:
    plano = " ".join(texto.split())
    return plano if len(plano) <= _MAXIMO else f"{plano[:_MAXIMO]}…"
