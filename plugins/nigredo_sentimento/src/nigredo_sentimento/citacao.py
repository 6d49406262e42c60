"""Reasons quote the lead's own spelling, not the plain words that the rules work on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nigredo_sentimento.texto import palavras_simples

_WORD = re.compile(r"[\w-]+")
_QUOTED = re.compile(r"“([^”]+)”")
_MAXIMO = 120
_OLHADO = 4_000


def com_grafia_original(motivos: Iterable[str], original: str) -> tuple[str, ...]:
    """Replace what the reasons quote by the words of the message, where they are found."""
    donos: list[tuple[int, int]] = []
    simples: list[str] = []
    for palavra in _WORD.finditer(original, 0, _OLHADO):
        for item in palavras_simples(palavra.group()):
            simples.append(item)
            donos.append(palavra.span())

    def citar(achado: re.Match[str]) -> str:
        procuradas = [item for item in achado.group(1).split() if item != ","]
        for inicio in range(len(simples) - len(procuradas) + 1):
            fim = inicio + len(procuradas)
            if procuradas and simples[inicio:fim] == procuradas:
                return f"“{_short(original[donos[inicio][0] : donos[fim - 1][1]])}”"
        return f"“{_short(achado.group(1))}”"

    return tuple(_QUOTED.sub(citar, motivo) for motivo in motivos)


def _short(texto: str) -> str:
    plano = " ".join(texto.split())
    return plano if len(plano) <= _MAXIMO else f"{plano[:_MAXIMO]}…"
