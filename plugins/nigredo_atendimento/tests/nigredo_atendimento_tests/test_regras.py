"""The pure rules: requests of the conversation, the policy, the classification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.models import Leitura
from nigredo_atendimento.decisao import Passo, Situacao, classificar, decidir
from nigredo_atendimento.pedidos import (
    fala_de_horario,
    pede_pessoa,
    pergunta_se_e_robo,
    quer_mudar_reuniao,
)
from nigredo_atendimento.politica import Limites, violacoes

FONTES = ("O plano Prata custa R$ 1.200,00 por mês, com garantia de 12 meses. Veja aurora.com.br",)


@pytest.mark.parametrize(
    "texto",
    [
        "Você é um robô?",
        "vc é robo ou gente?",
        "Estou falando com uma pessoa de verdade?",
        "isso é uma resposta automática?",
        "É um bot?",
        "Tô conversando com inteligência artificial?",
    ],
)
def test_the_question_about_the_robot_is_understood(texto: str) -> None:
    assert pergunta_se_e_robo(texto)


@pytest.mark.parametrize(
    "texto", ["Vocês vendem robôs de solda?", "Automatiza a emissão de notas?", "Quanto custa?"]
)
def test_questions_about_products_are_not_about_the_robot(texto: str) -> None:
    assert not pergunta_se_e_robo(texto)


@pytest.mark.parametrize(
    "texto",
    [
        "Quero falar com uma pessoa",
        "me passa para um atendente",
        "prefiro conversar com alguém da equipe",
        "Atendente",
        "posso falar com um ser humano?",
        "chama o gerente",
    ],
)
def test_who_asks_for_a_person_is_understood(texto: str) -> None:
    assert pede_pessoa(texto)


@pytest.mark.parametrize(
    "texto",
    [
        "Preciso falar com meu gerente antes",
        "Quero marcar uma reunião",
        "Quero falar com um consultor amanhã",
        "Somos uma empresa de dez pessoas",
    ],
)
def test_other_people_are_no_request_for_a_person(texto: str) -> None:
    assert not pede_pessoa(texto)


@pytest.mark.parametrize("texto", ["quinta às 10h", "o segundo", "2", "de manhã", "nenhum desses"])
def test_words_about_slots_are_seen(texto: str) -> None:
    assert fala_de_horario(texto)


def test_moving_a_meeting_is_seen() -> None:
    assert quer_mudar_reuniao("Tive um imprevisto, dá para remarcar?")
    assert not quer_mudar_reuniao("Até quinta!")


@pytest.mark.parametrize(
    "texto",
    [
        "O plano Prata custa R$ 1.200,00 por mês.",
        "O plano Prata custa R$ 1200 por mês, com garantia de 12 meses.",
        "Veja em aurora.com.br.",
        "Obrigado pela pergunta. Vou confirmar com a equipe.",
    ],
)
def test_what_the_passages_say_may_be_said(texto: str) -> None:
    assert violacoes(texto, Limites(FONTES)) == ()


@pytest.mark.parametrize(
    ("texto", "parte"),
    [
        ("Custa R$ 1.100,00.", "número"),
        ("Fazemos por R$ 120,00.", "número"),
        ("São 1,2 milhões de clientes.", "número"),
        ("É grátis no primeiro mês.", "gratis"),
        ("Prometo resultado.", "prometo"),
        ("Somos o melhor do mercado.", "o melhor"),
        ("Veja https://outro.com.br/x", "endereço"),
        ("Escreva para vendas@outro.com", "endereço"),
        ("Não sou um robô.", "pessoa"),
        ("Meu nome é Carla.", "pessoa"),
        ("Como uma IA, não posso.", "instruções"),
        ("", "vazia"),
        ("é barato", "proibida"),
    ],
)
def test_what_the_passages_do_not_say_is_refused(texto: str, parte: str) -> None:
    achadas = violacoes(texto, Limites(FONTES, palavras_proibidas=("Barato",)))
    assert any(parte in achada for achada in achadas), achadas


def test_forbidden_words_are_words_and_not_pieces() -> None:
    assert violacoes("A parede é nova.", Limites((), palavras_proibidas=("par",))) == ()


@given(st.integers(min_value=13, max_value=10**9))
def test_a_number_that_no_passage_has_never_passes(numero: int) -> None:
    if numero != 1200:
        assert violacoes(f"Custa {numero}.", Limites(FONTES))


@given(
    st.sampled_from(("question", "interest", "objection", "refusal", "descadastro")),
    st.sampled_from(("positivo", "neutro", "negativo", "irritado")),
    st.sampled_from(("novo", "contatado", "respondeu", "interessado", "agendado", "descartado")),
    st.booleans(),
    st.booleans(),
    st.text(max_size=40),
)
def test_a_certain_opt_out_always_wins(
    intent: str, sentimento: str, status: str, pausado: bool, proposta: bool, texto: str
) -> None:
    leitura = Leitura(sentimento, 50, intent, "certo")
    decisao = decidir(Situacao(texto, leitura, status, pausado, proposta))
    assert decisao.passo is Passo.DESCADASTRAR


@given(
    st.sampled_from(("question", "interest", "objection", "refusal")),
    st.sampled_from(("nao", "incerto")),
    st.booleans(),
    st.text(max_size=40),
)
def test_a_lead_that_a_person_attends_is_never_answered(
    intent: str, descadastro: str, proposta: bool, texto: str
) -> None:
    leitura = Leitura("neutro", 10, intent, descadastro)
    decisao = decidir(Situacao(texto, leitura, "respondeu", True, proposta))
    assert decisao.passo is Passo.CALAR


@given(st.one_of(st.none(), st.integers(min_value=-50, max_value=500)))
def test_the_priority_stays_between_0_and_100(prioridade: int | None) -> None:
    for intent in ("question", "interest", "objection", "refusal", "descadastro"):
        nota = classificar(Leitura("neutro", 10, intent, "nao"), prioridade).priority
        assert 0 <= nota <= 100
