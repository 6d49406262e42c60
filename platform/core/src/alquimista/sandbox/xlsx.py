"""A small writer of .xlsx: enough for the sandbox's files, streaming, with nothing but stdlib."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from alquimista.prospeccao.importacoes.colunas import letras_da_coluna

Celula = str | int | float | None
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OCULTA = ' state="hidden"'
_ESPACO = ' xml:space="preserve"'
"""Said only of text that begins or ends with space, as other programs do."""
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@dataclass(frozen=True, slots=True)
class FolhaNova:
    """A sheet to write; ``mescladas`` are ranges as ``A1:F1``."""

    nome: str
    linhas: Iterable[Sequence[Celula]]
    oculta: bool = False
    mescladas: tuple[str, ...] = ()


def gravar(caminho: Path, folhas: Sequence[FolhaNova]) -> None:
    """Write a workbook. Text becomes inline strings, numbers stay numbers, None is no cell."""
    with zipfile.ZipFile(caminho, "w", zipfile.ZIP_DEFLATED) as archive:
        _part(archive, "[Content_Types].xml", _content_types(len(folhas)))
        _part(archive, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        sheets = "".join(
            f'<sheet name={quoteattr(folha.nome)} sheetId="{number}" r:id="rId{number}"'
            f"{_OCULTA if folha.oculta else ''}/>"
            for number, folha in enumerate(folhas, start=1)
        )
        _part(
            archive,
            "xl/workbook.xml",
            f'<workbook {_NS} xmlns:r="{_REL}"><sheets>{sheets}</sheets></workbook>',
        )
        targets = [
            ("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(folhas) + 1)
        ]
        _part(archive, "xl/_rels/workbook.xml.rels", _relations(targets))
        for number, folha in enumerate(folhas, start=1):
            with (
                archive.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w") as raw,
                io.TextIOWrapper(raw, encoding="utf-8") as out,
            ):
                _sheet(out, folha)


def _sheet(out: io.TextIOWrapper, folha: FolhaNova) -> None:
    out.write(f"{_HEAD}<worksheet {_NS}><sheetData>")
    names: list[str] = []
    for number, row in enumerate(folha.linhas, start=1):
        while len(names) < len(row):
            names.append(letras_da_coluna(len(names) + 1))
        cells = "".join(
            _cell(f"{names[index]}{number}", value)
            for index, value in enumerate(row)
            if value is not None
        )
        out.write(f'<row r="{number}">{cells}</row>')
    out.write("</sheetData>")
    if folha.mescladas:
        ranges = "".join(f'<mergeCell ref="{item}"/>' for item in folha.mescladas)
        out.write(f'<mergeCells count="{len(folha.mescladas)}">{ranges}</mergeCells>')
    out.write("</worksheet>")


def _cell(ref: str, value: str | int | float) -> str:
    if isinstance(value, str):
        space = "" if value == value.strip() else _ESPACO
        return f'<c r="{ref}" t="inlineStr"><is><t{space}>{escape(value)}</t></is></c>'
    return f'<c r="{ref}"><v>{value}</v></c>'


def _entry(name: str) -> zipfile.ZipInfo:
    # A fixed date: the same rows give the same bytes.
    info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _part(archive: zipfile.ZipFile, name: str, content: str) -> None:
    archive.writestr(_entry(name), _HEAD + content)


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{_REL}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def _content_types(sheets: int) -> str:
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        f'ContentType="{_TYPES}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f"{parts}</Types>"
    )
