from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alquimista.prospeccao.importacoes.celulas import texto
from alquimista.prospeccao.importacoes.codificacao import delimitador, reconhecer
from alquimista.prospeccao.importacoes.colunas import letras_da_coluna, numero_da_coluna
from alquimista.prospeccao.importacoes.leitura import abrir
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido
from alquimista.prospeccao.importacoes.linhas import de_json
from alquimista.prospeccao.importacoes.local import analisar_arquivo
from alquimista.prospeccao.importacoes.planilhas import Opcoes, escolher
from alquimista.prospeccao.importacoes.previa import descrever
from alquimista.sandbox import planilha_suja
from alquimista.sandbox.xlsx import FolhaNova, gravar
from alquimista_sdk.models import LinhaBruta
from alquimista_tests.importacoes.planilha import CABECALHO, LINHA, gravado, xlsx


def lidas(
    tmp_path: Path, conteudo: bytes, nome: str = "leads.xlsx", **opcoes: Any
) -> list[LinhaBruta]:
    path = tmp_path / nome
    path.write_bytes(conteudo)
    return list(analisar_arquivo(path, Opcoes(**opcoes)).linhas())


def test_the_sheet_that_holds_leads_is_chosen_not_the_first() -> None:
    content = xlsx(
        Resumo=[("Empresa", "Quanto"), ("Total", 3)],
        Instruções=[("Preencha a empresa e o e-mail",)],
        Leads=[CABECALHO, LINHA],
    )
    assert escolher(abrir(content, "a.xlsx"), Opcoes()).folha.nome == "Leads"


def test_an_empty_template_loses_to_the_sheet_with_rows() -> None:
    content = xlsx(Modelo=[(*CABECALHO, "Cidade", "UF", "Porte")], Base=[CABECALHO, LINHA])
    assert escolher(abrir(content, "a.xlsx"), Opcoes()).folha.nome == "Base"


def test_another_sheet_with_leads_is_told() -> None:
    content = xlsx(Sul=[CABECALHO, LINHA, LINHA], Norte=[CABECALHO, LINHA])
    found = escolher(abrir(content, "a.xlsx"), Opcoes())
    assert found.folha.nome == "Sul"
    assert any("“Norte” também parece ter leads" in aviso for aviso in found.avisos)


def oculta() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Velha"
    for row in (CABECALHO, LINHA, LINHA, LINHA):
        sheet.append(row)
    sheet.sheet_state = "hidden"
    other = book.create_sheet("Nova")
    for row in (CABECALHO, LINHA):
        other.append(row)
    return gravado(book)


def test_a_hidden_sheet_is_never_chosen_and_never_passed_over_in_silence() -> None:
    found = escolher(abrir(oculta(), "a.xlsx"), Opcoes())
    assert found.folha.nome == "Nova"
    assert "A planilha oculta “Velha” não foi importada." in found.avisos[0]


def test_a_hidden_sheet_is_read_when_it_is_asked_for() -> None:
    found = escolher(abrir(oculta(), "a.xlsx"), Opcoes(planilha="velha"))
    assert (found.folha.nome, found.total_linhas) == ("Velha", 3)


def test_leads_that_stand_only_in_a_hidden_sheet_are_named_in_the_refusal() -> None:
    book = openpyxl.load_workbook(io.BytesIO(oculta()))
    del book["Nova"]
    book.create_sheet("Capa").append(["Bom dia"])
    with pytest.raises(ArquivoInvalido, match="“Velha”"):
        escolher(abrir(gravado(book), "a.xlsx"), Opcoes())


@pytest.mark.parametrize("above", [0, 1, 4, 25])
def test_the_header_is_found_under_titles_and_blank_lines(tmp_path: Path, above: int) -> None:
    titles = [("Clientes 2026",), (), ("Fonte: feira", "interno"), ()] * 8
    rows = lidas(tmp_path, xlsx(Leads=[*titles[:above], CABECALHO, LINHA]))
    assert [(row.linha, row.valores["email"]) for row in rows] == [(above + 2, "ana@acme.com.br")]


def test_a_group_header_above_the_header_is_no_header(tmp_path: Path) -> None:
    rows = lidas(tmp_path, xlsx(Leads=[("Empresa", None, "Contato", None, None), CABECALHO, LINHA]))
    assert rows[0].linha == 3


def test_rows_cite_sheet_row_and_the_columns_of_each_field(tmp_path: Path) -> None:
    content = xlsx(Leads=[(None, *CABECALHO), (None, *LINHA)])
    row = lidas(tmp_path, content)[0]
    assert (row.planilha, row.linha) == ("Leads", 2)
    assert row.colunas == {
        "empresa": "B",
        "cnpj": "C",
        "contato": "D",
        "telefone": "E",
        "email": "F",
    }


def test_a_table_that_begins_away_from_the_corner_keeps_its_addresses(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for index, (name, value) in enumerate(zip(CABECALHO, LINHA, strict=True), start=3):
        book.worksheets[0].cell(5, index, name)
        book.worksheets[0].cell(6, index, value)
    book.worksheets[0].cell(300, 1, "nota")
    row = lidas(tmp_path, gravado(book))[0]
    assert (row.linha, row.colunas["empresa"], row.colunas["email"]) == (6, "C", "G")


def test_blank_total_and_repeated_header_rows_are_left_out(tmp_path: Path) -> None:
    content = xlsx(
        Leads=[
            CABECALHO,
            LINHA,
            (),
            CABECALHO,
            ("Total Distribuidora Ltda", None, None, None, "x@total.com.br"),
            ("Total geral:", 2),
            (None, None, "TOTAL", 2),
        ]
    )
    assert [row.linha for row in lidas(tmp_path, content)] == [2, 5]


def test_a_row_with_something_but_nothing_mapped_is_kept_for_the_report(tmp_path: Path) -> None:
    content = xlsx(Leads=[(*CABECALHO, "Obs"), LINHA, (None, None, None, None, None, "ligar")])
    row = lidas(tmp_path, content)[1]
    assert (row.valores, row.extras) == ({}, {"Obs": "ligar"})


def test_the_first_filled_of_several_telephones_counts_and_is_cited(tmp_path: Path) -> None:
    header = ("Empresa", "Telefone 2", "Celular", "Telefone")
    content = xlsx(Leads=[header, ("A", "1111", "2222", "3333"), ("B", "1111", None, None)])
    rows = lidas(tmp_path, content)
    assert [(r.valores["telefone"], r.colunas["telefone"]) for r in rows] == [
        ("2222", "C"),
        ("1111", "B"),
    ]


def test_an_area_code_in_its_own_column_joins_the_number(tmp_path: Path) -> None:
    content = xlsx(
        Leads=[("Empresa", "DDD", "Telefone"), ("A", 11, 987654321), ("B", 11, "(21) 3333-4444")]
    )
    assert [r.valores["telefone"] for r in lidas(tmp_path, content)] == [
        "(11) 987654321",
        "(21) 3333-4444",
    ]


def test_city_and_state_in_one_cell_are_parted(tmp_path: Path) -> None:
    content = xlsx(
        Leads=[
            ("Empresa", "E-mail", "Cidade/UF"),
            ("A", "a@a.com.br", "São Paulo/SP"),
            ("B", "b@b.com.br", "Embu-Guaçu"),
        ]
    )
    rows = lidas(tmp_path, content)
    assert (rows[0].valores["cidade"], rows[0].valores["uf"]) == ("São Paulo", "SP")
    assert rows[1].valores["cidade"] == "Embu-Guaçu"


def test_no_header_is_read_when_the_caller_says_so_and_maps_the_columns(tmp_path: Path) -> None:
    rows = lidas(
        tmp_path,
        xlsx(Leads=[LINHA, LINHA]),
        linha_cabecalho=0,
        mapeamento={"A": "empresa", "E": "email"},
    )
    assert [row.linha for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("valor", "lido"),
    [
        (11987654321.0, "11987654321"),
        (12345678000195, "12345678000195"),
        (1.5, "1.5"),
        (1e-7, "0.0000001"),
        (0.1, "0.1"),
        (True, "sim"),
        (dt.date(2024, 5, 1), "2024-05-01"),
        (dt.datetime.fromisoformat("2024-05-01T00:00"), "2024-05-01"),
        (dt.datetime.fromisoformat("2024-05-01T03:04"), "2024-05-01 03:04:00"),
        ("  a\xa0", "a"),
        ("-", ""),
        ("#N/D", ""),
        ("1.2345678000195E+13", "12345678000195"),
        ("1,23457E+13", "1,23457E+13"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_cells_read_as_a_person_sees_them(valor: object, lido: str) -> None:
    assert texto(valor) == lido


@given(st.integers(min_value=0, max_value=10**15))
def test_whole_numbers_never_get_a_point_or_an_exponent(number: int) -> None:
    assert texto(float(number)) == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_no_number_is_written_with_an_exponent(number: float) -> None:
    assert "e" not in texto(number).lower()
    assert float(texto(number)) == number


@given(st.integers(min_value=1, max_value=20_000))
def test_column_letters_and_numbers_are_inverse(number: int) -> None:
    assert numero_da_coluna(letras_da_coluna(number)) == number


TEXTO = "Razão;E-mail\nPão de Açúcar Ltda;pao@acucar.com.br\nCafé São João;cafe@joao.com.br\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_any_common_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    rows = lidas(tmp_path, TEXTO.encode(encoding), "leads.csv")
    assert [row.valores["empresa"] for row in rows] == ["Pão de Açúcar Ltda", "Café São João"]
    assert rows[0].planilha == "leads"


def test_the_encoding_of_dos_programs_is_read() -> None:
    assert reconhecer(TEXTO.encode("cp850")).codificacao == "cp850"


def test_a_byte_that_windows_leaves_undefined_is_still_read(tmp_path: Path) -> None:
    rows = lidas(tmp_path, TEXTO.encode("latin-1") + b"X\x81Y;x@y.com.br\n", "a.csv")
    assert len(rows) == 3


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_any_common_delimiter_is_found(tmp_path: Path, separator: str) -> None:
    text = TEXTO.replace(";", separator)
    assert lidas(tmp_path, text.encode(), "a.csv")[0].valores["email"] == "pao@acucar.com.br"


def test_a_comma_inside_of_values_is_no_delimiter() -> None:
    assert delimitador("a;b\n1,5;x, y\n2,5;z, w\n") == ";"


def test_the_first_line_of_excel_may_name_the_delimiter(tmp_path: Path) -> None:
    rows = lidas(tmp_path, b"sep=|\nempresa|email\nA,B|a@b.com.br\n", "a.csv")
    assert (rows[0].linha, rows[0].valores["empresa"]) == (3, "A,B")


def test_a_quoted_line_break_stays_in_its_cell(tmp_path: Path) -> None:
    rows = lidas(tmp_path, b'empresa;email\n"A\nB";a@b.com.br\nC;c@c.com.br\n', "a.csv")
    assert [(row.linha, row.valores["empresa"]) for row in rows] == [(2, "A\nB"), (3, "C")]


PRINCIPAL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ESPACO = "{http://www.w3.org/XML/1998/namespace}space"
CELULAS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELULAS, CELULAS), min_size=1, max_size=10))
def test_what_is_written_is_read_back(tmp_path: Path, pares: list[tuple[str, str]]) -> None:
    path = tmp_path / "ida.xlsx"
    header = ("Empresa", "E-mail", "Ficha")
    gravar(path, [FolhaNova("Leads", [header, *((a, "a@b.com.br", b) for a, b in pares)])])
    rows = {row.linha: row for row in analisar_arquivo(path).linhas()}
    for number, (empresa, ficha) in enumerate(pares, start=2):
        assert rows[number].valores.get("empresa", "") == texto(empresa)
        # A column of states or phone numbers is taken for what it holds, whatever its name.
        kept = {**rows[number].extras, **rows[number].valores}
        assert texto(ficha) in ("", *kept.values())


def test_posted_objects_may_use_the_names_of_columns() -> None:
    row = next(
        de_json(
            [
                {
                    "razao_social": "Acme",
                    "E-mail": "a@a.com.br",
                    "telefone": 1133334444,
                    "notas": {"a": 1},
                    "uf": None,
                }
            ]
        )
    )
    assert row.valores == {"empresa": "Acme", "email": "a@a.com.br", "telefone": "1133334444"}
    assert (row.planilha, row.linha, row.extras) == ("api", 1, {"notas": '{"a": 1}'})


def test_the_preview_shows_sheets_columns_and_first_rows() -> None:
    found = descrever("a.xlsx", xlsx(Leads=[(*CABECALHO, "Obs"), (*LINHA, "ligar")]), Opcoes())
    assert found["planilhas"] == [{"nome": "Leads", "visivel": True, "linhas": 2}]
    assert [c["campo"] for c in found["colunas"]] == [
        "empresa",
        "cnpj",
        "contato",
        "telefone",
        "email",
        None,
    ]
    assert found["primeiras_linhas"][0]["extras"] == {"Obs": "ligar"}


def test_the_dirty_spreadsheet_is_the_same_for_a_seed_and_reads_under_its_titles(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    planilha_suja.escrever(first, 500, 7)
    planilha_suja.escrever(second, 500, 7)
    assert first.read_bytes() == second.read_bytes()
    found = analisar_arquivo(first)
    rows = list(found.linhas())
    assert (found.planilha, found.linha_cabecalho) == ("Prospecção", 5)
    assert 480 <= len(rows) <= 500
    assert any("Base antiga" in aviso for aviso in found.avisos)
    assert {row.linha for row in rows}.isdisjoint({506, 507})


def test_the_dirty_spreadsheet_opens_in_another_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    planilha_suja.escrever(path, 30, 1)
    book = openpyxl.load_workbook(path)
    assert [(sheet.title, sheet.sheet_state) for sheet in book.worksheets] == [
        ("Leia-me", "visible"),
        ("Prospecção", "visible"),
        ("Base antiga", "hidden"),
    ]
    book.close()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(" \ta\u00a0<&\"'é", min_size=1, max_size=6), min_size=1, max_size=5))
def test_text_that_begins_or_ends_with_space_is_marked_as_such(
    tmp_path: Path, textos: list[str]
) -> None:
    path = tmp_path / "a.xlsx"
    gravar(path, [FolhaNova("Textos", [textos])])
    with zipfile.ZipFile(path) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    found = [(cell.text, cell.get(ESPACO)) for cell in sheet.iter(f"{PRINCIPAL}t")]
    assert found == [(t, None if t == t.strip() else "preserve") for t in textos]


def test_check_digits_of_made_up_numbers_hold() -> None:
    assert planilha_suja.cnpj("12ABC34501DE") == "12ABC34501DE35"
    assert planilha_suja.cnpj("112223330001") == "11222333000181"
    assert planilha_suja.cpf("111444777") == "111.444.777-35"
