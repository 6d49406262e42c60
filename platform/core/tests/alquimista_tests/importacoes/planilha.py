"""Workbooks and texts for the tests of this package."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl

CABECALHO = ("Razão Social", "CNPJ", "Nome do contato", "Fone/WhatsApp", "E-mail corporativo")
LINHA = ("Acme Ltda", "11.222.333/0001-81", "Ana Lima", "(11) 98765-4321", "ana@acme.com.br")


def xlsx(**folhas: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with these sheets, in order."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in folhas.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return gravado(book)


def gravado(book: openpyxl.Workbook) -> bytes:
    """The workbook's bytes."""
    buffer = io.BytesIO()
    book.save(buffer)
    book.close()
    return buffer.getvalue()


def com_parte(conteudo: bytes, nome: str, parte: bytes) -> bytes:
    """The package with one entry replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(conteudo)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            if entry != nome:
                new.writestr(entry, old.read(entry))
        new.writestr(nome, parte)
    return buffer.getvalue()


def folha_xml(linhas: str) -> bytes:
    """A sheet's XML around its rows."""
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{linhas}</sheetData></worksheet>"
    ).encode()
