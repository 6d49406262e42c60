"""The writer: natural, deterministic, and never the source of a figure."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alquimista.sandbox.redator import MODELO, Redator

PRECOS = {
    "titulo": "Preços",
    "texto": "O plano Essencial custa R$ 490 por mês, com até 5 usuários. O plano Profissional "
    "custa R$ 1.290 por mês. Não há taxa de implantação. A fatura vence no dia 10.",
}
PRAZO = {"titulo": "Prazo", "texto": "A implantação leva em média 15 dias úteis."}
BASE: dict[str, Any] = {
    "intent": "question",
    "sentimento": "neutro",
    "empresa_cliente": "Metalúrgica Aurora",
    "contato": "ANA LIMA",
    "objetivo_atual": "agendar uma reunião",
    "tom_resposta": "cordial",
    "mensagem_lead": "Quanto custa por mês?",
}


def write(trechos: list[dict[str, str]] | None = None, limite: int = 1200, **changes: Any) -> str:
    """What the writer answers to a lead."""
    payload = {
        "tarefa": "responder_lead",
        "prompt": "",
        "variaveis": {**BASE, **changes},
        "trechos": trechos or [],
        "max_caracteres": limite,
    }
    found = Redator(sandbox=True).write(payload)
    assert (found["modelo"], found["sandbox"]) == (MODELO, True)
    assert found == Redator(sandbox=True).write(payload)
    return str(found["texto"])


def test_a_price_comes_from_the_passage_that_was_asked_about() -> None:
    texto = write([PRAZO, PRECOS])
    assert "R$ 490" in texto
    assert "15 dias" not in texto
    assert texto.startswith("Olá, Ana!")
    assert "horários" in texto


def test_without_a_passage_the_team_is_asked() -> None:
    texto = write()
    assert "confirmar" in texto
    assert "equipe da Metalúrgica Aurora" in texto
    assert not re.search(r"\d|R\$", texto)


def test_an_angry_person_gets_an_apology_and_no_offer() -> None:
    texto = write(sentimento="irritado", mensagem_lead="Que absurdo, quanto custa isso?")
    assert re.search(r"Sinto muito|Peço desculpas", texto)
    assert "horários" not in texto
    assert "uma pessoa da equipe" in texto
    assert texto.startswith("Olá, Ana.")


def test_a_refusal_is_taken_at_its_word() -> None:
    texto = write([PRECOS], intent="refusal", mensagem_lead="Não temos interesse")
    assert "Não vou insistir" in texto
    assert "R$" not in texto
    assert "?" not in texto


def test_an_opt_out_is_told_only_what_is_true() -> None:
    texto = write(intent="descadastro", mensagem_lead="SAIR")
    assert "está sendo tratado" in texto
    assert "não receberá mais" not in texto


@pytest.mark.parametrize(
    "mensagem",
    ["Estou falando com um robô?", "vc é uma pessoa?", "Isso é uma mensagem automática?"],
)
def test_who_asks_is_told_that_the_answer_is_automatic(mensagem: str) -> None:
    texto = write(mensagem_lead=mensagem)
    assert "Esta resposta é automática" in texto
    assert "uma pessoa da equipe" in texto


def test_a_question_about_robots_is_no_question_about_us() -> None:
    assert "automática" not in write(mensagem_lead="O sistema de vocês controla um robô de solda?")


@pytest.mark.parametrize(
    ("objetivo", "wanted"),
    [
        ("nutrir o relacionamento", "mais informações"),
        ("qualificar a necessidade", "como isso funciona hoje"),
        ("esclarecer a dúvida", "outra dúvida"),
        ("", "seguimos por aqui"),
    ],
)
def test_the_next_step_follows_the_goal(objetivo: str, wanted: str) -> None:
    assert wanted in write([PRECOS], objetivo_atual=objetivo)


def test_an_objection_is_not_pushed_to_a_meeting() -> None:
    texto = write(
        intent="objection", objetivo_atual="contornar a objeção", mensagem_lead="Está caro"
    )
    assert "outro momento" in texto


def test_an_email_has_paragraphs_and_a_signature() -> None:
    texto = write([PRECOS], canal="email")
    assert texto.startswith("Olá, Ana!\n\n")
    assert texto.endswith("Atenciosamente,\nEquipe Metalúrgica Aurora")


@pytest.mark.parametrize(
    ("contato", "wanted"),
    [("Dra. Beatriz Souza", "Olá, Beatriz!"), ("", "Olá!"), ("12345", "Olá!"), ("X", "Olá!")],
)
def test_only_a_first_name_is_used_in_the_greeting(contato: str, wanted: str) -> None:
    assert write(contato=contato).startswith(wanted)


@settings(max_examples=150)
@given(
    st.sampled_from(["question", "interest", "objection", "refusal", "descadastro", ""]),
    st.sampled_from(["positivo", "neutro", "negativo", "irritado"]),
    st.text(max_size=120),
    st.text(max_size=40),
    st.booleans(),
    st.integers(min_value=40, max_value=600),
)
def test_no_figure_is_ever_invented_and_the_limit_is_kept(
    intent: str, sentimento: str, mensagem: str, contato: str, com_trecho: bool, limite: int
) -> None:
    """Whatever a lead writes, every figure of the answer stands in a passage."""
    trechos = [PRECOS] if com_trecho else []
    texto = write(
        trechos,
        limite,
        intent=intent,
        sentimento=sentimento,
        mensagem_lead=mensagem,
        contato=contato,
    )
    assert 0 < len(texto) <= limite
    known = set(re.findall(r"\d+", PRECOS["texto"])) if com_trecho else set()
    assert set(re.findall(r"[0-9]+", texto)) <= known


FIGURES: dict[str, Any] = {
    "leads_recebidos": 1200,
    "leads_contatados": 400,
    "leads_responderam": 40,
    "leads_agendados": 8,
    "leads_descadastrados": 30,
    "taxas": [
        {"nome": "taxa_de_resposta", "valor": 10.0, "numerador": 40, "denominador": 400},
        {"nome": "taxa_de_agendamento", "valor": 20.0, "numerador": 8, "denominador": 40},
        {"nome": "taxa_de_conversao", "valor": None, "numerador": 0, "denominador": 0},
    ],
    "objecoes_recorrentes": [
        {"objecao": "prazo", "frequencia": 2},
        {"objecao": "preço", "frequencia": 5},
    ],
}


def insights(figures: dict[str, Any], limite: int = 1200) -> list[str]:
    """The sentences about a funnel."""
    payload = {"tarefa": "insights_relatorio", "variaveis": figures, "max_caracteres": limite}
    return str(Redator(sandbox=False).write(payload)["texto"]).split("\n")


def test_a_funnel_is_read_in_sentences() -> None:
    assert insights({"metricas": FIGURES}) == [
        "1.200 leads recebidos, 400 contatados, 40 respostas e 8 reuniões agendadas no período.",
        "O ponto que mais limita o funil é taxa de resposta: 10,0% (40 de 400).",
        "O melhor resultado é taxa de agendamento: 20,0% (8 de 40).",
        "A objeção mais frequente foi “preço” (5 vezes): vale conferir se a base de conhecimento "
        "responde a ela.",
        "30 pessoas pediram descadastro (7,5%): vale rever a origem da lista e o tom da primeira "
        "mensagem.",
    ]


def test_an_empty_period_says_so() -> None:
    assert insights({}) == [
        "Não houve leads no período: a leitura do funil começa com a próxima importação."
    ]


def test_a_small_sample_asks_for_caution() -> None:
    lines = insights({"leads_recebidos": 5, "leads_contatados": 1, "leads_descadastrados": 1})
    assert lines[-1].startswith("A amostra é pequena (1 lead contatado)")
    assert lines[1].startswith("1 pessoa pediu descadastro (100,0%)")


def test_what_does_not_fit_is_left_out_by_whole_sentences() -> None:
    assert insights(FIGURES, 100) == insights(FIGURES)[:1]
