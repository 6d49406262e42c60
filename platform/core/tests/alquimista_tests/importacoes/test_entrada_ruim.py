from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alquimista.prospeccao.importacoes.colunas import letras_da_coluna
from alquimista.prospeccao.importacoes.leitura import abrir
from alquimista.prospeccao.importacoes.limites import PADRAO, ArquivoInvalido
from alquimista.prospeccao.importacoes.local import analisar_arquivo
from alquimista.prospeccao.importacoes.pacote import inspecionar
from alquimista.prospeccao.importacoes.planilhas import Opcoes, escolher, exigir
from alquimista_tests.importacoes.planilha import (
    CABECALHO,
    LINHA,
    com_parte,
    folha_xml,
    gravado,
    xlsx,
)

FOLHA = "xl/worksheets/sheet1.xml"
BOA = xlsx(Leads=[CABECALHO, LINHA])
SEM_LIMITE = replace(PADRAO, linhas=2**20, colunas=1_000, celulas=2**40)


def recusa(conteudo: bytes, nome: str = "leads.xlsx", **opcoes: Any) -> ArquivoInvalido:
    with pytest.raises(ArquivoInvalido) as caught:
        exigir(escolher(abrir(conteudo, nome), Opcoes(**opcoes)))
    return caught.value


def com_folha(linhas: str) -> bytes:
    return com_parte(BOA, FOLHA, folha_xml(linhas))


def test_an_empty_file_is_refused() -> None:
    error = recusa(b"")
    assert (error.code, str(error)) == ("arquivo_vazio", "O arquivo está vazio.")


@pytest.mark.parametrize(
    "conteudo", [b"\n\n\n", b" ; ; \n;;\n", xlsx(Vazia=[])], ids=["lines", "cells", "sheet"]
)
def test_a_file_without_any_value_is_empty_too(conteudo: bytes) -> None:
    assert recusa(conteudo).code == "arquivo_vazio"


def test_a_file_above_25_mb_is_too_large_for_http() -> None:
    error = recusa(b"a" * (PADRAO.bytes_arquivo + 1))
    assert (error.code, error.http_status) == ("arquivo_grande", 413)


@pytest.mark.parametrize(
    "conteudo",
    [
        b"%PDF-1.7 ...",
        b"\x89PNG\r\n\x1a\n....",
        b"<html><table><tr><td>Empresa</td></tr></table></html>",
        b"\xff\xd8\xff\xe0JFIF",
        b"\x1f\x8b\x08\x00",
        bytes(range(256)) * 8,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 64,
    ],
)
def test_a_wrong_type_is_told_by_its_bytes_whatever_its_name(conteudo: bytes) -> None:
    error = recusa(conteudo, "leads.xlsx")
    assert error.code == "tipo_invalido"
    assert ".xlsx" in str(error)


def test_another_kind_of_zip_is_no_spreadsheet() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    error = recusa(buffer.getvalue())
    assert (error.code, error.http_status) == ("tipo_invalido", 415)


def test_a_spreadsheet_with_a_password_asks_for_the_password_to_be_removed() -> None:
    conteudo = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    assert "Remova a senha" in str(recusa(conteudo))


def test_a_zip_with_encrypted_entries_is_refused() -> None:
    position = BOA.find(b"PK\x01\x02") + 8
    locked = BOA[:position] + b"\x01\x00" + BOA[position + 2 :]
    assert recusa(locked).code == "arquivo_protegido"


@pytest.mark.parametrize(
    "cut", [30, 200, len(BOA) // 2, len(BOA) - 30], ids=["start", "head", "middle", "end"]
)
def test_a_truncated_spreadsheet_is_corrupt(cut: int) -> None:
    assert recusa(BOA[:cut]).code == "arquivo_corrompido"


def test_a_flipped_byte_never_escapes_as_another_error() -> None:
    for position in range(0, len(BOA), 7):
        broken = bytearray(BOA)
        broken[position] ^= 0xFF
        try:
            exigir(escolher(abrir(bytes(broken), "leads.xlsx"), Opcoes()))
        except ArquivoInvalido as error:
            assert str(error)


def test_a_sheet_without_a_header_says_where_it_was_looked_for() -> None:
    error = recusa(xlsx(Leads=[("1", "2", "3"), ("4", "5", "6")]))
    assert error.code == "sem_cabecalho"
    assert "30 linhas" in str(error)


def test_data_without_header_is_never_taken_for_a_header() -> None:
    assert recusa(xlsx(Leads=[LINHA, LINHA])).code == "sem_cabecalho"


def test_a_header_without_rows_is_refused() -> None:
    assert recusa(xlsx(Leads=[CABECALHO])).code == "sem_linhas"


def test_a_sheet_without_a_company_or_a_channel_names_what_is_missing() -> None:
    error = recusa(xlsx(Leads=[("CNPJ", "Cidade", "UF"), ("11.222.333/0001-81", "Recife", "PE")]))
    assert error.code == "mapeamento_incompleto"
    assert "empresa nem a de telefone ou email" in str(error)


def test_more_than_200_columns_are_refused_in_either_format() -> None:
    wide = [f"c{index}" for index in range(201)]
    assert recusa(xlsx(Leads=[wide])).code == "colunas_demais"
    assert recusa(";".join(wide).encode(), "a.csv").code == "colunas_demais"


def test_200_columns_are_read() -> None:
    wide = [*CABECALHO, *(f"extra {index}" for index in range(195))]
    found = escolher(abrir(xlsx(Leads=[wide, LINHA]), "a.xlsx"), Opcoes())
    assert len(found.cabecalho.nomes) == 200


@pytest.mark.parametrize(
    "linhas",
    [
        "".join(f'<row r="{n}"><c r="A{n}"/></row>' for n in range(1, 12)),
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1048576"><v>1</v></c></row>',
        "<row><c s='1' r='A1048576'><v>1</v></c></row>",
        "<row><c><v>1</v></c></row>" * 11,
        '<x:row r="99"><x:c r="A99"><x:v>1</x:v></x:c></x:row>',
        '<row r="1">' + "".join(f'<c r="A{n}"/>' for n in range(1, 200)) + "</row>",
    ],
    ids=["plain", "last", "cell", "quotes", "bare", "prefixed", "staircase"],
)
def test_rows_beyond_the_limit_are_seen_however_they_are_written(linhas: str) -> None:
    few = replace(PADRAO, linhas=10)
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(com_folha(linhas), "a.xlsx", few)
    assert caught.value.code == "linhas_demais"


@pytest.mark.parametrize(
    "linhas",
    [
        '<row r="1"><c r="XFD1"><v>1</v></c></row>',
        '<row r="1"><c r="gs1"><v>1</v></c></row>',
        "<row r='1'><c s='2' r='GS1'><v>1</v></c></row>",
        '<row r="1">' + "<c><v>1</v></c>" * 201 + "</row>",
        '<x:row r="1"><x:c r="GS1"><x:v>1</x:v></x:c></x:row>',
        '<row r="1"><c r="A1" t="str"><v xml:space="preserve">a</v></c><x:c r="GS1"/></row>',
        '<row r="1">'
        + "".join(f'<c r="{letras_da_coluna(n)}1"/>' for n in range(1, 202))
        + "</row>",
    ],
    ids=["plain", "lower", "quotes", "bare", "prefixed", "mixed", "staircase"],
)
def test_columns_beyond_the_limit_are_seen_however_they_are_written(linhas: str) -> None:
    assert recusa(com_folha(linhas)).code == "colunas_demais"


def test_two_far_cells_do_not_make_the_reader_fill_a_huge_grid() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="199999"><c r="GR199999"/></row>'
    assert recusa(com_folha(far)).code == "celulas_demais"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 800), st.integers(1, 1_048_576)), min_size=1, max_size=30))
def test_the_farthest_row_and_column_are_found_in_any_order_of_cells(
    celulas: list[tuple[int, int]],
) -> None:
    linhas = "".join(f'<c r="{letras_da_coluna(column)}{row}"/>' for column, row in celulas)
    folha = inspecionar(com_folha(f'<row r="1">{linhas}</row>'), SEM_LIMITE).folhas["Leads"]
    assert max(folha.colunas, 1) == max(column for column, _ in celulas)
    assert folha.linhas == max(row for _, row in celulas)


def test_a_million_rows_of_text_are_refused() -> None:
    bomb = b"empresa;email\n" + b"a;b\n" * 1_000_000
    assert recusa(bomb, "a.csv").code == "linhas_demais"


@pytest.mark.parametrize("part", [FOLHA, "xl/sharedStrings.xml", "xl/media/image1.png"])
def test_a_zip_bomb_is_refused_wherever_it_hides(part: str) -> None:
    bomb = com_parte(BOA, part, b" " * (40 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert recusa(bomb).code == "arquivo_suspeito"


def test_a_zip_that_lies_about_its_sizes_is_still_counted() -> None:
    bomb = bytearray(com_parte(BOA, FOLHA, b" " * (40 * 1024 * 1024)))
    position = bomb.rfind(b"PK\x01\x02")
    bomb[position + 24 : position + 28] = struct.pack("<I", 10)
    assert recusa(bytes(bomb)).code == "arquivo_suspeito"


def test_entities_in_xml_are_refused() -> None:
    evil = b'<!DOCTYPE a [<!ENTITY b "c">]>' + folha_xml('<row r="1"><c r="A1"/></row>')
    assert recusa(com_parte(BOA, FOLHA, evil)).code == "arquivo_suspeito"


def test_a_sheet_in_utf_16_cannot_hide_from_the_counts() -> None:
    hidden = folha_xml('<row r="1"><c r="XFD1"/></row>').decode().encode("utf-16")
    assert recusa(com_parte(BOA, FOLHA, hidden)).code == "arquivo_corrompido"


def test_mixed_encodings_name_the_line() -> None:
    broken = "empresa;email\nPão;a@pao.com.br\n".encode() + "Açaí;b@acai.com.br\n".encode("cp1252")
    error = recusa(broken, "a.csv")
    assert error.code == "codificacao_invalida"
    assert "linha 3" in str(error)


def test_quotes_that_never_close_name_the_line() -> None:
    text = 'empresa;email\nA;a@a.com.br\n"B;b@b.com.br\n' + "C;c@c.com.br\n" * 400
    error = recusa(text.encode(), "a.csv")
    assert (error.code, "linha 3" in str(error)) == ("csv_invalido", True)


def test_formulas_are_read_as_values_and_missing_values_are_told() -> None:
    row = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>A2</f></c></row>'
    header = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Empresa</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>E-mail</t></is></c></row>'
    )
    found = escolher(abrir(com_folha(header + row), "a.xlsx"), Opcoes())
    assert found.amostra == (("2", ""),)
    assert any("fórmulas sem valor" in aviso for aviso in found.avisos)


def test_a_missing_value_is_told_in_a_sheet_with_prefixes_too() -> None:
    cells = '<x:c r="A1"><x:f>B1</x:f></x:c>'
    package = inspecionar(com_folha(f'<x:row r="1">{cells}</x:row>'))
    assert [sheet.formulas_sem_valor for sheet in package.folhas.values()] == [True]


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("empresa;email\n=1+1;+5511@a.com.br\n@SOMA(A1);b@b.com.br\n", encoding="utf-8")
    rows = list(analisar_arquivo(path).linhas())
    assert [row.valores["empresa"] for row in rows] == ["=1+1", "@SOMA(A1)"]


def test_a_cell_merged_downwards_counts_for_each_row_and_a_title_across_for_none(
    tmp_path: Path,
) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Lista de clientes"])
    sheet.merge_cells("A1:C1")
    for row in (("Empresa", "Contato", "E-mail"), ("Acme", "Ana", "ana@acme.com.br")):
        sheet.append(row)
    sheet.append([None, "Bia", "bia@acme.com.br"])
    sheet.append(["Beta", "Caio", "caio@beta.com.br"])
    sheet.merge_cells("A3:A4")
    path = tmp_path / "a.xlsx"
    path.write_bytes(gravado(book))
    found = analisar_arquivo(path)
    assert [row.valores["empresa"] for row in found.linhas()] == ["Acme", "Acme", "Beta"]
    assert any("mescladas" in aviso for aviso in found.avisos)


def test_merged_cells_behind_megabytes_of_rows_are_noticed() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 60_001))
    merged = '<mergeCells count="1"><mergeCell ref="A1:A{}"/></mergeCells>'
    for last, noticed in ((1, False), (2, True)):
        sheet = folha_xml(rows).replace(
            b"</worksheet>", f"{merged.format(last)}</worksheet>".encode()
        )
        package = inspecionar(com_parte(BOA, FOLHA, sheet))
        assert [found.mescladas for found in package.folhas.values()] == [noticed]


@pytest.mark.parametrize(
    ("pedido", "code"),
    [
        ({"planilha": "Nenhuma"}, "planilha_inexistente"),
        ({"linha_cabecalho": 99}, "sem_cabecalho"),
        ({"mapeamento": {"1": "email"}}, "mapeamento_invalido"),
        ({"mapeamento": {"A": "telefon"}}, "mapeamento_invalido"),
    ],
)
def test_a_wrong_correction_is_refused(pedido: dict[str, Any], code: str) -> None:
    assert recusa(BOA, **pedido).code == code


def test_every_refusal_is_a_sentence_for_a_person() -> None:
    makers: list[Callable[[], ArquivoInvalido]] = [
        lambda: recusa(b""),
        lambda: recusa(b"%PDF"),
        lambda: recusa(xlsx(Leads=[CABECALHO])),
    ]
    for make in makers:
        assert str(make()).endswith(".")
