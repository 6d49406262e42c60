"""From a sheet's rows to ``LinhaBruta``, one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from alquimista.prospeccao.importacoes.celulas import do_texto, texto
from alquimista.prospeccao.importacoes.colunas import letras_da_coluna
from alquimista.prospeccao.importacoes.leitura import Linha
from alquimista.prospeccao.importacoes.mapeamento import UFS, indices, parece_dado
from alquimista.prospeccao.importacoes.nomes import CAMPOS, DDD, campo_do_nome, normalizar
from alquimista_sdk.models import LinhaBruta

_TOTAL = re.compile(
    r"^(?:sub)?tota(?:l|is)(?: geral| parcial| de (?:leads|empresas|registros|linhas|contatos))?$"
    r"|^soma$|^quantidade$"
)
_CIDADE_UF = re.compile(r"^(.+?)\s*[-/,(]\s*([A-Za-z]{2})\)?$")
_SEM_DDD = 9
"""A Brazilian number without its area code has 8 digits, or 9 for a mobile."""
_POUCOS = 2
PLANILHA_API = "api"


@dataclass(frozen=True, slots=True)
class Plano:
    """How to read rows: where data begins, which column is which field, names of the others."""

    planilha: str
    linha_cabecalho: int
    nomes: Sequence[str]
    mapa: Mapping[str, Sequence[str]]


def converter(rows: Iterable[Linha], plano: Plano) -> Iterator[LinhaBruta]:
    """Rows of a sheet below its header; blank, total and repeated header rows are left out.

    ``colunas`` names the column of every mapped field, also of one that is empty in the row, so
    that a reject can cite the cell.
    """
    columns = indices({field: tuple(letters) for field, letters in plano.mapa.items()})
    firsts = [(field, columns[field][0]) for field in CAMPOS if field in columns]
    fields = [field for field, _ in firsts]
    enough = max((index + 1 for _, index in firsts), default=0)
    cells = _celulas([index for _, index in firsts])
    others = [(field, columns[field][1:]) for field in CAMPOS if len(columns.get(field, ())) > 1]
    used = {index for items in columns.values() for index in items}
    ddd = columns[DDD][0] if DDD in columns else None
    spare = _extras(plano, used)
    letters = {field: letras_da_coluna(index + 1) for field, index in firsts}
    repeated = [(field, plano.nomes[index]) for field, index in firsts if index < len(plano.nomes)]
    split_city = "uf" not in columns and "cidade" in columns
    for number, row in rows:
        if number <= plano.linha_cabecalho:
            continue
        width = len(row)
        if width < enough:
            row = [*row, *[""] * (enough - width)]
        values = {
            field: text
            for field, cell in zip(fields, cells(row), strict=True)
            if (text := do_texto(cell) if type(cell) is str else texto(cell))
        }
        cited = _outras(row, others, values, letters) if others else letters
        if len(values) <= _POUCOS and _e_total(row):
            continue
        if (
            repeated
            and values.get(repeated[0][0]) == repeated[0][1]
            and all(values.get(field, "") == name for field, name in repeated)
        ):
            continue
        if ddd is not None:
            _juntar_ddd(row, ddd, values)
        if split_city:
            _separar_uf(values)
        extras = _sobras(row, spare, width) if spare else {}
        if values or extras:
            yield LinhaBruta(plano.planilha, number, values, cited, extras)


def de_json(objetos: Sequence[Mapping[str, Any]]) -> Iterator[LinhaBruta]:
    """Objects posted to the API. Keys are fields, or names that a spreadsheet's column may have."""
    for number, item in enumerate(objetos, start=1):
        values: dict[str, str] = {}
        extras: dict[str, str] = {}
        for key, raw in item.items():
            text = texto(raw) if not isinstance(raw, (dict, list)) else _lista(raw)
            if not text:
                continue
            guess = (key, 100) if key in CAMPOS else campo_do_nome(key)
            if guess is not None and guess[0] in CAMPOS and guess[0] not in values:
                values[guess[0]] = text
            else:
                extras[key] = text
        yield LinhaBruta(PLANILHA_API, number, values, {}, extras)


def _lista(raw: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(raw, ensure_ascii=False) if raw else ""


def _celulas(indexes: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Picks a row's cells at the indexes, as many as there are."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda row: [row[index] for index in indexes]


def _outras(
    row: Sequence[Any],
    others: Sequence[tuple[str, Sequence[int]]],
    values: dict[str, str],
    letters: Mapping[str, str],
) -> Mapping[str, str]:
    """Fill empty fields from their other columns; the letters then name those."""
    cited = letters
    for field, candidates in others:
        if field in values:
            continue
        for index in candidates:
            text = texto(row[index]) if index < len(row) else ""
            if text:
                values[field] = text
                cited = {**cited, field: letras_da_coluna(index + 1)}
                break
    return cited


def _extras(plano: Plano, used: set[int]) -> list[tuple[int, str]]:
    """Columns of no field, by their names; a name that repeats gets its letter."""
    taken: set[str] = set()
    spare: list[tuple[int, str]] = []
    for index, name in enumerate(plano.nomes):
        if index in used or not name:
            continue
        unique = f"{name} ({letras_da_coluna(index + 1)})" if name in taken else name
        taken.add(name)
        spare.append((index, unique))
    return spare


def _sobras(row: Sequence[Any], spare: Sequence[tuple[int, str]], width: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, name in spare:
        if index < width and (text := texto(row[index])):
            found[name] = text
    return found


def _e_total(row: Sequence[Any]) -> bool:
    """Whether a nearly empty row is the sum of those above it, and no company called Total."""
    cells = [text for cell in row if (text := texto(cell))]
    words = [cell for cell in cells if _TOTAL.match(normalizar(cell.split(":", 1)[0]))]
    return bool(words) and not any(parece_dado(cell) for cell in cells)


def _juntar_ddd(row: Sequence[Any], ddd: int, values: dict[str, str]) -> None:
    phone = values.get("telefone", "")
    code = texto(row[ddd]).strip("() ").lstrip("0") if ddd < len(row) else ""
    digits = sum(char.isdigit() for char in phone)
    if len(code) == 2 and code.isdigit() and 0 < digits <= _SEM_DDD:
        values["telefone"] = f"({code}) {phone}"


def _separar_uf(values: dict[str, str]) -> None:
    """``São Paulo/SP`` in one cell."""
    city = values.get("cidade", "")
    match = _CIDADE_UF.match(city) if city[-3:-2] in "/- ,(" or city.endswith(")") else None
    if match is not None and match.group(2).upper() in UFS:
        values["cidade"] = match.group(1)
        values["uf"] = match.group(2).upper()
