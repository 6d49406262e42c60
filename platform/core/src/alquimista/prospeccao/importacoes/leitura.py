"""Opening an upload: what kind it is, which sheets it has, and its rows one by one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from alquimista.prospeccao.importacoes.assinaturas import e_zip, recusar_outros_tipos
from alquimista.prospeccao.importacoes.celulas import do_texto, texto
from alquimista.prospeccao.importacoes.codificacao import Texto, reconhecer
from alquimista.prospeccao.importacoes.limites import (
    PADRAO,
    ArquivoInvalido,
    Limites,
    exigir_celulas,
    exigir_colunas,
    exigir_linhas,
    exigir_tamanho,
)
from alquimista.prospeccao.importacoes.pacote import LINHAS_DA_CABECA, Folha, inspecionar

Linha = tuple[int, Sequence[Any]]
"""A row's number, from 1, and its cells."""
NOME_MAXIMO = 120
_LINHAS_POR_CELULA = 200
_PARTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folhinha:
    """One sheet as the preview needs it. ``linhas`` counts all rows, ``amostra`` the first."""

    nome: str
    visivel: bool
    linhas: int
    amostra: tuple[tuple[str, ...], ...]
    formulas_sem_valor: bool = False
    mescladas: bool = False


@dataclass(frozen=True, slots=True)
class Arquivo:
    """An upload that passed the limits. ``texto`` is set for .csv, None for .xlsx."""

    folhas: tuple[Folhinha, ...]
    texto: Texto | None = None


def abrir(conteudo: bytes, nome: str, limites: Limites = PADRAO) -> Arquivo:
    """Inspect an upload; nothing but its first rows is kept.

    Raises:
        ArquivoInvalido: it cannot be imported; the message says why and what to do.
    """
    exigir_tamanho(len(conteudo), limites)
    if e_zip(conteudo):
        return _abrir_xlsx(conteudo, limites)
    recusar_outros_tipos(conteudo)
    return _abrir_csv(conteudo, nome, limites)


def _abrir_xlsx(conteudo: bytes, limites: Limites) -> Arquivo:
    package = inspecionar(conteudo, limites)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(package.amostra))
        sheets = []
        for meta in book.sheets_metadata:
            counted = package.folhas.get(meta.name, Folha())
            if not counted.linhas:
                continue
            rows = islice(_linhas(book.get_sheet_by_name(meta.name)), LINHAS_DA_CABECA)
            sheets.append(
                Folhinha(
                    meta.name,
                    meta.visible == SheetVisibleEnum.Visible,
                    counted.linhas,
                    tuple(tuple(texto(cell) for cell in row) for row in rows),
                    counted.formulas_sem_valor,
                    counted.mescladas,
                )
            )
    except CalamineError as error:
        raise ArquivoInvalido(
            "arquivo_corrompido",
            "O arquivo está corrompido ou incompleto. Abra-o no Excel, salve de novo e reenvie.",
        ) from error
    if not any(any(any(row) for row in sheet.amostra) for sheet in sheets):
        raise ArquivoInvalido("arquivo_vazio", "A planilha está vazia.")
    return Arquivo(tuple(sheets))


def _abrir_csv(conteudo: bytes, nome: str, limites: Limites) -> Arquivo:
    how = reconhecer(conteudo)
    sample: list[tuple[str, ...]] = []
    count = columns = 0
    stream = io.TextIOWrapper(io.BytesIO(conteudo), encoding=how.codificacao, newline="")
    for count, row in _registros(stream, how):
        exigir_linhas(count, limites)
        columns = max(columns, len(row))
        if count <= LINHAS_DA_CABECA:
            sample.append(tuple(do_texto(cell) for cell in row))
    exigir_colunas(columns, limites)
    exigir_celulas(count, columns, limites)
    if not any(any(row) for row in sample):
        raise ArquivoInvalido("arquivo_vazio", "O arquivo está vazio.")
    title = Path(nome).stem[:NOME_MAXIMO] or "csv"
    return Arquivo((Folhinha(title, True, count, tuple(sample)),), how)


def linhas_de_csv(caminho: Path, como: Texto) -> Iterator[Linha]:
    """The records of a .csv, numbered as Excel shows them; read as they are asked for.

    Raises:
        ArquivoInvalido: ``csv_invalido``.
    """
    with caminho.open(encoding=como.codificacao, newline="") as stream:
        yield from _registros(stream, como)


def linhas_de_xlsx(caminho: Path, planilha: str, *, mescladas: bool = False) -> Iterator[Linha]:
    """The rows of one sheet. A cell merged downwards gives its value to each row that it covers.

    Raises:
        ArquivoInvalido: ``arquivo_corrompido``.
    """
    try:
        book = CalamineWorkbook.from_path(caminho)
        sheet = book.get_sheet_by_name(planilha)
    except CalamineError as error:
        raise ArquivoInvalido(
            "arquivo_corrompido", "A planilha não pôde ser lida até o fim. Envie-a de novo."
        ) from error
    rows = enumerate(_linhas(sheet), start=1)
    return _preencher(rows, sheet) if mescladas else rows


def _linhas(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Rows from the first one, with the empty columns on the left that the reader leaves out."""
    left = sheet.start[1] if sheet.start is not None else 0
    if not left:
        return sheet.iter_rows()
    padding = [""] * left
    return (padding + row for row in sheet.iter_rows())


def _preencher(rows: Iterator[tuple[int, list[Any]]], sheet: CalamineSheet) -> Iterator[Linha]:
    begins: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top:
            begins.setdefault(top + 1, []).append((left, bottom + 1))
    active: dict[int, tuple[int, Any]] = {}
    for number, row in rows:
        for left, last in begins.get(number, ()):
            if left < len(row):
                active[left] = (last, row[left])
        if active:
            for left, (last, value) in list(active.items()):
                if number > last:
                    del active[left]
                elif row[left] == "":
                    row[left] = value
        yield number, row


def _registros(stream: io.TextIOBase | io.TextIOWrapper, como: Texto) -> Iterator[Linha]:
    reader = csv.reader(stream, delimiter=como.delimitador)
    before = 0
    try:
        for number, row in enumerate(reader, start=1):
            if reader.line_num - before > _LINHAS_POR_CELULA:
                raise _aspas(before + 1)
            before = reader.line_num
            yield number, row
    except csv.Error as error:
        raise _aspas(before + 1) from error


def _aspas(linha: int) -> ArquivoInvalido:
    return ArquivoInvalido(
        "csv_invalido",
        f"O CSV não pôde ser lido a partir da linha {linha}: há aspas que não foram fechadas "
        "ou uma célula grande demais.",
    )
