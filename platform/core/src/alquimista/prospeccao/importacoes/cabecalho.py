"""The header row: anywhere in the first rows, under titles, logos and blank lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alquimista.prospeccao.importacoes.mapeamento import parece_dado
from alquimista.prospeccao.importacoes.nomes import campo_do_nome

PROCURADAS = 30
"""How many rows are looked at."""
_PESOS = {"empresa": 3, "telefone": 2, "email": 2, "cnpj": 2}
_MINIMO_DE_CAMPOS = 2


@dataclass(frozen=True, slots=True)
class Cabecalho:
    """``linha`` starts at 1; 0 where the sheet has no header and data begins at once.

    ``pontos`` compares sheets: how well the names say that the rows below are leads.
    """

    linha: int
    nomes: tuple[str, ...]
    pontos: int


def encontrar(amostra: Sequence[Sequence[str]]) -> Cabecalho | None:
    """The row whose cells name most fields; None where no row looks like a header."""
    best: Cabecalho | None = None
    for number, row in enumerate(amostra[:PROCURADAS], start=1):
        points = pontuar(row)
        if points and (best is None or points > best.pontos):
            best = Cabecalho(number, tuple(row), points)
    return best or _acima_dos_dados(amostra)


def na_linha(amostra: Sequence[Sequence[str]], linha: int) -> Cabecalho:
    """The header in a row that the caller names (from 1; 0: there is none)."""
    if linha == 0 or linha > len(amostra):
        return Cabecalho(linha, (), 0)
    row = amostra[linha - 1]
    return Cabecalho(linha, tuple(row), pontuar(row))


def pontuar(linha: Sequence[str]) -> int:
    """0 for a row that is no header; more for each field that it names."""
    fields: dict[str, int] = {}
    data = 0
    for cell in linha:
        if not cell:
            continue
        if parece_dado(cell):
            data += 1
        guess = campo_do_nome(cell)
        if guess is not None:
            fields[guess[0]] = max(guess[1], fields.get(guess[0], 0))
    if len(fields) < _MINIMO_DE_CAMPOS or data >= len(fields):
        return 0
    return sum(_PESOS.get(field, 1) * sure for field, sure in fields.items())


def _acima_dos_dados(amostra: Sequence[Sequence[str]]) -> Cabecalho | None:
    """Names that mean nothing to us: the last row of two or more words above the first data."""
    above: Cabecalho | None = None
    for number, row in enumerate(amostra[:PROCURADAS], start=1):
        filled = [cell for cell in row if cell]
        if any(parece_dado(cell) for cell in filled):
            return above
        if len(filled) >= _MINIMO_DE_CAMPOS and not any(cell[0].isdigit() for cell in filled):
            above = Cabecalho(number, tuple(row), 1)
    return None
