"""Outside readers joined with the embedded reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import DeadlineExceeded, PermanentError, TransientError
from alquimista_sdk.testing import TwinContext, invoke, load_manifest
from nigredo_sentimento import agent
from nigredo_sentimento.agent import OPERACAO
from nigredo_sentimento.analise import Analise
from nigredo_sentimento.modelo import INTENCOES, SENTIMENTOS
from nigredo_sentimento.provedores import unir

GRAUS = ("nao", "incerto", "certo")


def twin_of(provedor: str, **config: Any) -> TwinContext:
    """A tenant that has chosen a provider."""
    config |= {"provedor": provedor}
    return TwinContext(load_manifest("nigredo_sentimento"), config=config)


def answer(**fields: Any) -> dict[str, Any]:
    """What an outside reader answers."""
    return {
        "sentimento": "neutro",
        "intensidade": 10,
        "intent": None,
        "descadastro": None,
        "conhece_irritado": True,
        "modelo": "fora-1",
        **fields,
    }


def test_nobody_outside_is_asked_unless_the_tenant_chose_it() -> None:
    twin = TwinContext(load_manifest("nigredo_sentimento"))
    invoke(agent, OPERACAO, {"text": "Quanto custa?"}, twin)
    assert twin.tool_calls == []


def test_the_chosen_reader_gets_the_names_to_hide_and_the_time_that_it_has() -> None:
    twin = twin_of("comprehend", tempo_limite_s=1.5)
    twin.answer_tool("sentiment.comprehend", answer(sentimento="positivo", intensidade=70))
    payload = {"text": "Gostei", "anterior": "Olá, Ana", "nomes": ["Ana"], "com_modelo": True}
    lida = invoke(agent, OPERACAO, payload, twin)
    [(name, asked)] = twin.tool_calls
    assert name == "sentiment.comprehend"
    assert asked == {
        "texto": "Gostei",
        "anterior": "Olá, Ana",
        "nomes": ["Ana"],
        "tempo_limite_s": 1.5,
    }
    assert (lida["sentimento"], lida["intensidade"]) == ("positivo", 70)
    assert lida["modelo"].endswith(" + fora-1")


@pytest.mark.parametrize("error", [TransientError("tempo esgotado"), PermanentError("recusado")])
def test_a_reader_that_fails_leaves_the_embedded_reading_which_says_so(error: Exception) -> None:
    def fails(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise error

    twin = twin_of("modelo_de_linguagem")
    twin.answer_tool("sentiment.llm", fails)
    lida = invoke(agent, OPERACAO, {"text": "Parem de me mandar mensagem"}, twin)
    assert lida["descadastro"] == "certo"
    assert lida["motivos"][-1] == "modelo de linguagem não respondeu: leitura do modelo embutido"


def test_the_end_of_the_agents_own_time_is_not_hidden() -> None:
    def late(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise DeadlineExceeded("sentimento ran past 10 s")

    twin = twin_of("modelo_de_linguagem")
    twin.answer_tool("sentiment.llm", late)
    with pytest.raises(DeadlineExceeded):
        invoke(agent, OPERACAO, {"text": "Oi"}, twin)


def test_a_request_that_only_the_reader_outside_sees_counts() -> None:
    twin = twin_of("modelo_de_linguagem")
    said = answer(intent="descadastro", descadastro="certo")
    twin.answer_tool("sentiment.llm", said)
    lida = invoke(agent, OPERACAO, {"text": "Funciona com o nosso sistema?"}, twin)
    assert (lida["intent"], lida["descadastro"]) == ("descadastro", "certo")
    assert lida["motivos"][0] == "modelo de linguagem vê um pedido de saída"


def test_comprehend_knows_no_anger_and_does_not_take_ours_away() -> None:
    embedded = Analise("x", "objection", "irritado", 80, "nao", ())
    said = answer(sentimento="negativo", intensidade=90, conhece_irritado=False)
    joined = unir(embedded, said, "Comprehend")
    assert (joined.sentimento, joined.intensidade) == ("irritado", 80)


@given(
    st.sampled_from(GRAUS),
    st.sampled_from([None, *GRAUS]),
    st.sampled_from(INTENCOES[:-1]),
    st.sampled_from([None, *INTENCOES]),
    st.sampled_from(SENTIMENTOS),
)
def test_no_reader_takes_back_what_another_sees(
    ours: str, theirs: str | None, intent: str, said: str | None, tone: str
) -> None:
    embedded = Analise("x", "descadastro" if ours == "certo" else intent, tone, 5, ours, ())
    joined = unir(embedded, answer(intent=said, descadastro=theirs), "de fora")
    assert GRAUS.index(joined.descadastro) >= GRAUS.index(ours)
    assert GRAUS.index(joined.descadastro) >= GRAUS.index(theirs or "nao")
    assert (joined.intent == "descadastro") <= (joined.descadastro != "nao")
    assert (joined.descadastro == "certo") <= (joined.intent == "descadastro")
