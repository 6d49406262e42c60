"""Intent and sentiment of everyday replies, and what must not change them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_sentimento.analise import analisar
from nigredo_sentimento.padroes import compilar
from nigredo_sentimento.texto import preparar

INTENCOES = (
    ("Vocês atendem em Manaus?", "question"),
    ("qual o prazo de entrega", "question"),
    ("o que vcs fazem exatamente", "question"),
    ("não entendi a proposta", "question"),
    ("Pode me ligar amanhã às 10", "interest"),
    ("Tenho interesse sim, quando podemos conversar?", "interest"),
    ("bora marcar", "interest"),
    ("manda a proposta no meu email", "interest"),
    ("Não quero perder essa oportunidade!", "interest"),
    ("achei caro", "objection"),
    ("já temos um fornecedor", "objection"),
    ("agora não é um bom momento, fala comigo em março", "objection"),
    ("meu sócio precisa aprovar antes", "objection"),
    ("gostei, mas está fora do orçamento", "objection"),
    ("não tenho interesse, obrigado", "refusal"),
    ("Quero não, valeu", "refusal"),
    ("Agradeço o contato, mas vamos seguir com o fornecedor atual", "refusal"),
    ("Decidimos não avançar com o projeto", "refusal"),
    ("Não precisamos", "refusal"),
)
SENTIMENTOS = (
    ("Adorei a proposta, excelente trabalho!", "positivo"),
    ("Que ótimo, muito obrigado pela atenção", "positivo"),
    ("Perfeito 😍", "positivo"),
    ("Qual o prazo de entrega?", "neutro"),
    ("Não tenho interesse, obrigado", "neutro"),
    ("O atendimento foi péssimo e o produto é ruim", "negativo"),
    ("Fiquei decepcionado com a demora", "negativo"),
    ("Esperava mais de vocês, que atendimento ruim", "negativo"),
    ("Que palhaçada é essa? Bando de incompetentes!", "irritado"),
    ("Vão se catar, que saco!!", "irritado"),
    ("Isso é uma falta de respeito 😡", "irritado"),
)
TODAS = (
    *(texto for texto, _ in (*INTENCOES, *SENTIMENTOS)),
    "Parem de me mandar mensagem",
    "Quero parar de pagar caro",
    "Não me mandem mais e-mails!",
    "Vocês não param de me ligar",
)


@pytest.mark.parametrize(("texto", "intent"), INTENCOES)
def test_intents_are_read(texto: str, intent: str) -> None:
    lida = analisar(texto)
    assert lida.intent == intent, lida.motivos


@pytest.mark.parametrize(("texto", "sentimento"), SENTIMENTOS)
def test_sentiments_are_read(texto: str, sentimento: str) -> None:
    lida = analisar(texto)
    assert lida.sentimento == sentimento, lida


def _without_accents(texto: str) -> str:
    plano = unicodedata.normalize("NFD", texto)
    return "".join(letra for letra in plano if not unicodedata.combining(letra))


@given(
    st.sampled_from(TODAS),
    st.sampled_from((str, str.upper, str.lower, str.swapcase, _without_accents)),
    st.text(alphabet=" \t\n", max_size=5),
    st.text(alphabet=" \t\n", max_size=5),
)
def test_case_accents_and_spaces_around_change_nothing(
    texto: str, mudar: object, antes: str, depois: str
) -> None:
    assert callable(mudar)
    original, outra = analisar(texto), analisar(antes + mudar(texto) + depois)
    assert (original.intent, original.sentimento, original.descadastro) == (
        outra.intent,
        outra.sentimento,
        outra.descadastro,
    )


@given(st.text(max_size=300))
def test_any_text_is_read_within_the_protocol(texto: str) -> None:
    lida = analisar(texto)
    assert lida.intent in ("question", "interest", "objection", "refusal", "descadastro")
    assert lida.sentimento in ("positivo", "neutro", "negativo", "irritado")
    assert 0 <= lida.intensidade <= 100
    if lida.descadastro != "incerto":
        assert (lida.descadastro == "certo") == (lida.intent == "descadastro")
    assert lida.text == texto


@given(st.sampled_from(TODAS), st.sampled_from(("Bom dia! ", "Olá. ", "Boa tarde!\n")))
def test_a_greeting_changes_no_opt_out(texto: str, saudacao: str) -> None:
    assert analisar(saudacao + texto).descadastro == analisar(texto).descadastro


def test_shouting_is_stronger_but_no_other_class() -> None:
    baixo, alto = analisar("achei muito ruim"), analisar("ACHEI MUITO RUIM")
    assert baixo.sentimento == alto.sentimento == "negativo"
    assert alto.intensidade > baixo.intensidade


def test_negation_turns_praise() -> None:
    assert analisar("Não gostei").sentimento != "positivo"
    assert analisar("Gostei").sentimento == "positivo"


def test_anger_at_somebody_else_is_no_anger_at_us() -> None:
    assert analisar("Meu fornecedor atual é um lixo, que palhaçada").sentimento != "irritado"


def test_a_bare_yes_to_an_offer_is_interest() -> None:
    oferta = "Podemos marcar uma conversa?\n\nAtenciosamente,\nEquipe Aurora"
    assert analisar("ok", oferta).intent == "interest"


def test_messaging_spelling_becomes_plain_words() -> None:
    frase = preparar("vcs ñ mandam msg p/ mim?").frases[0]
    assert frase.texto == "voces nao mandam mensagem para mim"
    assert frase.pergunta


def test_a_pattern_with_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown group"):
        compilar("{inexistente}")


def test_reasons_quote_the_leads_own_spelling() -> None:
    assert "“Não me mandem mais nada”" in " ".join(analisar("Não me mandem mais nada!").motivos)
    assert "“vcs ñ param”" in " ".join(analisar("vcs ñ param").motivos)


def test_the_state_stands_for_a_last_message_that_is_not_known() -> None:
    pergunta = "Quer deixar de receber nossas mensagens?"
    assert analisar("sim, por favor", estado="descadastro_perguntado") == analisar(
        "sim, por favor", pergunta
    )
    assert analisar("sim, por favor", estado="descadastro_perguntado").descadastro == "certo"
    assert analisar("sim, por favor", "Posso ligar?", estado="descadastro_perguntado") == analisar(
        "sim, por favor", "Posso ligar?"
    )
    assert analisar("2", estado="horarios_propostos").descadastro == "nao"
