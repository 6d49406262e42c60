"""The small workbook of a preview: the first rows, and no more texts than they ask for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.importacoes.amostra import Parte, fechada, textos_pedidos
from alquimista.prospeccao.importacoes.leitura import abrir
from alquimista.prospeccao.importacoes.limites import MEBI, PADRAO, ArquivoInvalido
from alquimista.prospeccao.importacoes.pacote import inspecionar
from alquimista_tests.importacoes.planilha import CABECALHO, LINHA, com_parte, folha_xml, xlsx

FOLHA = "xl/worksheets/sheet1.xml"
TEXTOS = "xl/sharedStrings.xml"
LISTA = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
BOA = xlsx(Leads=[CABECALHO, LINHA])


def com_textos(linhas: str, textos: list[str]) -> bytes:
    """A workbook as Excel writes it: cells hold the numbers of texts."""
    items = "".join(f"<si><t>{text}</t></si>" for text in textos)
    book = com_parte(BOA, FOLHA, folha_xml(linhas))
    return com_parte(book, TEXTOS, LISTA.format(items).encode())


def linha(numero: int, *textos: int) -> str:
    cells = "".join(
        f'<c r="{letter}{numero}" t="s"><v>{text}</v></c>'
        for letter, text in zip("ABCDEFG", textos, strict=False)
    )
    return f'<row r="{numero}">{cells}</row>'


@pytest.mark.parametrize(
    ("celula", "textos"),
    [
        ('<c r="A1" t="s"><v>7</v></c>', 8),
        ("<c t='s' r='A1' s='3'><v> 7 </v></c>", 8),
        ('<x:c r="A1" t = "s"><x:v>7</x:v></x:c>', 8),
        ('<c r="A1" t="s"><f>B1</f><v>7</v></c>', 8),
        ('<c r="A1" t="s"><f t="shared" si="0"/><v>7</v></c>', 8),
        ('<c r="A1"><v>99</v></c><c r="B1" t="str"><v>12</v></c><cols t="s"><v>5</v></cols>', 0),
        ('<c r="A1" t="s"/><c r="B1" t="s"><v>0</v></c>', 1),
        ('<c r="A1" t="s"></c><c r="B1" t="s"><v>0</v></c>', None),
        ('<c r="A1" t="s"><is/><v>3</v></c>', None),
        ('<c r="A1" t="s"><v>99999999999</v></c>', None),
    ],
)
def test_the_texts_that_rows_ask_for_are_counted_or_all_are_kept(
    celula: str, textos: int | None
) -> None:
    assert textos_pedidos([b"", f'<row r="1">{celula}</row>'.encode()]) == textos


def test_a_tag_that_says_a_million_times_what_is_looked_for_is_read_once() -> None:
    assert textos_pedidos([b"<c" + b' t="s"' * 700_000 + b"/>"]) == 0
    assert textos_pedidos([b"<c" * 2_000_000]) == 0


@given(st.data())
def test_a_list_of_texts_in_any_pieces_is_kept_up_to_as_many_as_are_asked_for(
    data: st.DataObject,
) -> None:
    items = data.draw(
        st.lists(st.sampled_from(["<si/>", "<si><t>é</t></si>", "<si><r><t>a</t></r></si>"]))
    )
    xml = LISTA.format("".join(items)).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(xml)))) | {0, len(xml)})
    asked = data.draw(st.none() | st.integers(0, len(items) + 1))
    kept = Parte(asked)
    for start, end in pairwise(cuts):
        kept.tomar(xml[start:end])
    found = ElementTree.fromstring(kept.xml())
    everything = ElementTree.fromstring(xml)
    expected = list(everything)[: None if asked is None else max(asked, 1)]
    assert [ElementTree.tostring(item) for item in found] == [
        ElementTree.tostring(item) for item in expected
    ]


def test_a_cut_list_with_a_prefix_is_closed_with_it() -> None:
    assert fechada(b"<x:sst><x:si/>", b"sst") == b"<x:sst><x:si/></x:sst>"


def test_a_preview_reads_texts_and_leaves_those_of_later_rows_out() -> None:
    textos = [*CABECALHO, *LINHA, *(f"Outro {number}" for number in range(100_000))]
    rows = [linha(1, 0, 1, 2, 3, 4), linha(2, 5, 6, 7, 8, 9)]
    rows += [linha(number, number, 1, 2, 3, 4) for number in range(3, 90_000)]
    book = com_textos("".join(rows), textos)
    assert len(inspecionar(book).amostra) < 100_000
    (sheet,) = abrir(book, "a.xlsx").folhas
    assert sheet.amostra[:2] == (CABECALHO, LINHA)
    assert sheet.linhas == 89_999


def test_rows_may_ask_for_the_last_text_first() -> None:
    textos = [f"Outro {number}" for number in range(50_000)] + list(CABECALHO)
    book = com_textos(linha(1, *range(50_000, 50_005)), textos)
    assert abrir(book, "a.xlsx").folhas[0].amostra == (CABECALHO,)


@pytest.mark.parametrize("parte", [TEXTOS, "xl/styles.xml", "xl/SHAREDSTRINGS.xml"])
def test_what_is_opened_beside_the_sheets_has_a_limit_of_its_own(parte: str) -> None:
    little = replace(PADRAO, bytes_abertos=100_000)
    many = LISTA.format("".join(f"<si><t>{n}</t></si>" for n in range(20_000))).encode()
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(com_parte(BOA, parte, many), "a.xlsx", little)
    assert caught.value.code == "arquivo_suspeito"
    abrir(com_parte(BOA, "xl/media/image1.xml", many), "a.xlsx", little)


def test_that_limit_is_one_for_all_of_them() -> None:
    many = LISTA.format("".join(f"<si><t>{n}</t></si>" for n in range(20_000))).encode()
    little = replace(PADRAO, bytes_abertos=len(many) + 100_000)
    book = com_parte(BOA, TEXTOS, many)
    abrir(book, "a.xlsx", little)
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(com_parte(book, "XL/sharedStrings.xml", many), "a.xlsx", little)
    assert caught.value.code == "arquivo_suspeito"


def test_what_a_preview_keeps_of_all_sheets_has_a_limit() -> None:
    rows = [[f"Empresa {number}", f"a{number}@b.com.br"] for number in range(200)]
    little = replace(PADRAO, bytes_guardados=40_000)
    abrir(xlsx(A=[CABECALHO, *rows]), "a.xlsx", little)
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(xlsx(**{name: [CABECALHO, *rows] for name in "ABCDEFGH"}), "a.xlsx", little)
    assert caught.value.code == "arquivo_suspeito"


@pytest.mark.parametrize("asked", [0, 19_999])
def test_texts_count_to_that_limit_as_far_as_they_are_kept(asked: int) -> None:
    little = replace(PADRAO, bytes_guardados=100_000)
    book = com_textos(linha(1, asked), [f"Texto {number}" for number in range(20_000)])
    if not asked:
        abrir(book, "a.xlsx", little)
        return
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(book, "a.xlsx", little)
    assert caught.value.code == "arquivo_suspeito"


def test_entities_are_refused_across_the_pieces_of_a_part() -> None:
    padding = b"<!--" + b" " * (MEBI - 9) + b"-->"
    evil = padding + b'<!DOCTYPE a SYSTEM "b">' + LISTA.format("").encode()
    with pytest.raises(ArquivoInvalido) as caught:
        abrir(com_parte(BOA, TEXTOS, evil), "a.xlsx")
    assert caught.value.code == "arquivo_suspeito"
