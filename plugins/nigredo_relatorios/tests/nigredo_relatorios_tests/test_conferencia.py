"""A sentence stays only where the figures bear it out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_relatorios.conferencia import MAX_FRASES, conferir, conhecidos
from nigredo_relatorios.indicadores import descadastro
from nigredo_relatorios.insights import por_regras
from nigredo_relatorios.numeros import decimal, inteiro
from nigredo_relatorios_tests.exemplos import FIM, INICIO, ontem, periodo, vazio

NUMEROS = conhecidos(periodo(), ontem())


@pytest.mark.parametrize(
    "frase",
    [
        "Dos 1.200 leads recebidos, 400 foram contatados.",
        "Dos 1200 leads recebidos, 400 foram contatados.",
        "A taxa de resposta foi de 15,0% (60 de 400).",
        "A taxa de resposta foi de 15%.",
        "O enriquecimento chegou a 94,5 por cento.",
        "O descadastro ficou em 3,5% nos 30 dias até 23/11/2026.",
        "De 25/10 a 23/11 houve 9 reuniões.",
        "A objeção mais frequente foi “preço ou orçamento” (11 vezes).",
        "Ontem, 14 leads foram contatados!",
        "Vale rever a primeira mensagem e a base de conhecimento.",
    ],
)
def test_a_sentence_with_figures_of_the_report_stays(frase: str) -> None:
    assert conferir(frase, NUMEROS) == (frase,)


@pytest.mark.parametrize(
    "frase",
    [
        "Dos 1.300 leads recebidos, 400 foram contatados.",
        "A taxa de resposta foi de 15,1%.",
        "A taxa de resposta foi de 60%.",
        "Foram 15 respostas.",
        "A taxa subiu 3,5 pontos percentuais.",
        "A taxa de resposta foi de 15.0%.",
        "A taxa caiu -15,0%.",
        "Cada reunião custou R$ 400.",
        "Foram gastos 400 reais.",
        "O interesse foi 9x maior.",
        "Quarenta leads responderam.",
        "Mais da metade dos leads foi contatada.",
        "A maioria dos leads não respondeu.",
        "O dia 24/11/2026 deve ser melhor.",
        "Em 23/11/2025 houve 9 reuniões.",
        "Foram ½ dos leads.",
        "Foram ٤ respostas.",
        "Foram 1.200.00 leads.",
        "Devemos contatar os leads restantes e",
        "Foram 400 contatados…",
    ],
)
def test_a_sentence_that_the_figures_do_not_bear_out_goes(frase: str) -> None:
    assert conferir(frase, NUMEROS) == ()


def test_lines_and_sentences_are_judged_one_by_one() -> None:
    texto = (
        "1. Foram 400 leads contatados. Isso é 77% da base.\n"
        "- **Foram 9 reuniões.**\n\n"
        "• Foram 9 reuniões.\n"
        "Sem ponto final"
    )
    assert conferir(texto, NUMEROS) == ("Foram 400 leads contatados.", "Foram 9 reuniões.")


def test_no_more_than_the_limit_stays() -> None:
    texto = "\n".join(f"Frase {letra}." for letra in "abcdefghij")
    assert len(conferir(texto, NUMEROS)) == MAX_FRASES


@given(st.integers(0, 10**6), st.floats(0, 100).map(lambda valor: round(valor, 1)))
def test_a_number_stays_exactly_where_it_was_measured(contagem: int, taxa: float) -> None:
    frase = f"Contamos {inteiro(contagem)} leads."
    assert (conferir(frase, NUMEROS) == (frase,)) == (contagem in NUMEROS.contagens)
    frase = f"A taxa foi de {decimal(taxa)}%."
    medido = any(float(valor) == taxa for valor in NUMEROS.percentuais)
    assert (conferir(frase, NUMEROS) == (frase,)) == medido


def test_what_the_rules_write_passes_its_own_check() -> None:
    for metricas in (periodo(), vazio(), periodo(leads_descadastrados=500, serie=())):
        frases = por_regras(metricas, ontem())
        assert 0 < len(frases) <= MAX_FRASES
        assert conferir("\n".join(frases), conhecidos(metricas, ontem())) == frases


def test_more_opt_outs_than_contacted_leads_give_no_rate() -> None:
    assert descadastro(periodo(leads_descadastrados=500)).valor is None
    assert descadastro(vazio(INICIO, FIM)).valor is None
    assert descadastro(periodo()).valor == 3.5


def test_the_rules_say_that_nothing_moved_and_leave_out_what_is_unknown() -> None:
    parado = vazio(FIM, FIM)
    assert por_regras(vazio(), parado)[1:] == ("Ontem não houve movimento no funil.",)
    assert len(por_regras(vazio(), replace(parado, serie=()))) == 1
