"""The document, read back."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from alquimista_sdk.models import MetricasFunil
from nigredo_relatorios import pdf
from nigredo_relatorios.graficos import funil, serie_diaria
from nigredo_relatorios.tipografia import seguro
from nigredo_relatorios_tests.exemplos import FIM, ontem, periodo, relatorio, taxa, vazio


def paginas(documento: pdf.Relatorio) -> list[str]:
    """The text of each page, with single spaces."""
    leitor = PdfReader(BytesIO(pdf.montar(documento)))
    return [" ".join(pagina.extract_text().split()) for pagina in leitor.pages]


def texto(documento: pdf.Relatorio) -> str:
    return " ".join(paginas(documento))


def test_the_report_says_whose_it_is_and_of_which_days() -> None:
    lido = texto(relatorio())
    assert "Relatório do funil" in lido
    assert "Fundição São João & Irmãos · 25/10/2026 a 23/11/2026 (30 dias)" in lido
    assert "Ontem, 23/11/2026" in lido


def test_every_rate_is_printed_with_its_base() -> None:
    lido = texto(relatorio())
    assert "Enriquecimento 1.134 de 1.200 (leads recebidos) 94,5%" in lido
    assert "Conversão 0 de 9 (leads agendados) 0,0%" in lido
    assert "Descadastro 14 de 400 (leads contatados) 3,5%" in lido


def test_a_rate_without_base_has_no_figure() -> None:
    metricas = periodo(taxas=(taxa("conversao", 0, 0, "leads agendados"),))
    lido = texto(relatorio(metricas=metricas))
    assert "Conversão 0 de 0 (leads agendados) sem dados" in lido


def test_objections_have_counts_and_the_beginnings_of_three_ids() -> None:
    lido = texto(relatorio())
    assert "Preço ou orçamento 11 0000044c, 0000044d, 0000044e e mais 8" in lido
    assert "Agora não é o momento 2 000000c8, 000000c9" in lido


def test_insights_name_their_writer() -> None:
    assert "A menor taxa do funil é a de conversão." in texto(relatorio())
    assert "Texto escrito por redator-1." in texto(relatorio())
    assert "Texto gerado por regras" in texto(relatorio(modelo=None))


def test_a_sandbox_report_is_marked_on_every_page() -> None:
    marcadas = paginas(relatorio())
    assert len(marcadas) == 2
    for numero, pagina in enumerate(marcadas, start=1):
        assert pdf.MARCA_SANDBOX in pagina
        assert f"Página {numero} de 2" in pagina
    assert "1.134 leads foram enriquecidos com dados fictícios (sandbox)." in marcadas[0]


def test_a_real_report_is_not_marked() -> None:
    real = relatorio(sandbox=False, metricas=periodo(leads_enriquecidos_sandbox=0))
    assert "sandbox" not in texto(real)


def test_the_same_figures_give_the_same_bytes() -> None:
    assert pdf.montar(relatorio()) == pdf.montar(relatorio())
    assert pdf.montar(relatorio()) != pdf.montar(relatorio(empresa="Outra"))


def test_the_document_is_portuguese_and_titled() -> None:
    leitor = PdfReader(BytesIO(pdf.montar(relatorio())))
    assert str(leitor.root_object["/Lang"]) == "pt-BR"
    assert leitor.metadata is not None
    assert leitor.metadata.title == (
        "Relatório do funil – Fundição São João & Irmãos – 25/10/2026 a 23/11/2026"
    )
    largura, altura = leitor.pages[0].mediabox[2:]
    assert (round(float(largura)), round(float(altura))) == (595, 842)


@pytest.mark.parametrize("metricas", [vazio(), replace(vazio(), serie=(), taxas=())])
def test_an_empty_period_is_reported_as_empty(metricas: MetricasFunil) -> None:
    lido = texto(relatorio(metricas=metricas, ontem=replace(vazio(FIM, FIM), serie=())))
    assert "Nenhuma objeção foi lida no período." in lido
    assert "Descadastro 0 de 0 (leads contatados) sem dados" in lido
    assert lido.count("sem dados") >= 5


def test_markup_in_a_name_is_printed_as_it_stands() -> None:
    assert "A <b>& B</b> · 25/10" in texto(relatorio(empresa="A <b>& B</b>"))


def test_letters_that_the_font_lacks_are_replaced() -> None:
    assert seguro("São João – “aspas” €") == "São João – “aspas” €"
    assert seguro("Sa\u0303o") == "São"
    assert seguro("Dvořák 日本\n→") == "Dvorák ?? ?"


def test_bars_stay_within_the_drawing() -> None:
    metricas = periodo(leads_contatados=2400)
    for desenho in (funil(metricas, 400), serie_diaria(metricas.serie, 400)):
        x1, y1, x2, y2 = desenho.getBounds()
        assert x1 >= -0.5
        assert y1 >= -3
        assert x2 <= 400.5
        assert y2 <= desenho.height + 0.5


def test_a_series_of_one_day_and_ninety_days_are_drawn() -> None:
    assert "23/11" in texto(relatorio(metricas=replace(ontem(), insights=("Frase.",))))
    longa = periodo().serie * 3
    assert texto(relatorio(metricas=periodo(serie=longa))).count("Dia a dia") == 2
