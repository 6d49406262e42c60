"""What a person may correct, and when a block may be lifted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.aprendizado.domain import (
    DESCADASTROS,
    SENTIMENTOS,
    Bloqueio,
    CorrecaoInvalida,
    ReabilitacaoRecusada,
    Rotulos,
    corrigir,
    pode_reabilitar,
)
from alquimista_sdk.events import INTENTS

LIDA = Rotulos("question", "neutro", 10, "nao")
SAIDA = Rotulos("descadastro", "irritado", 80, "certo")
LIVRE = Bloqueio("descadastrado", {"descadastro"}, 0, 0, 1, False)


def test_what_is_not_said_stays() -> None:
    assert corrigir(LIDA, {"intensidade": 0}) == replace(LIDA, intensidade=0)
    assert corrigir(LIDA, {"sentimento": "positivo"}) == replace(LIDA, sentimento="positivo")


def test_intent_and_certain_opt_out_follow_each_other() -> None:
    assert corrigir(LIDA, {"intent": "descadastro"}).descadastro == "certo"
    assert corrigir(LIDA, {"descadastro": "certo"}).intent == "descadastro"
    assert corrigir(SAIDA, {"intent": "interest"}).descadastro == "nao"


def test_an_uncertain_opt_out_stays_uncertain_until_somebody_says() -> None:
    uncertain = replace(LIDA, descadastro="incerto")
    assert corrigir(uncertain, {"intent": "objection"}).descadastro == "incerto"
    assert corrigir(uncertain, {"descadastro": "nao"}).descadastro == "nao"


def test_taking_an_opt_out_back_asks_what_the_message_wants() -> None:
    with pytest.raises(CorrecaoInvalida, match="diga a intenção"):
        corrigir(SAIDA, {"descadastro": "nao"})


@given(
    st.sampled_from([LIDA, SAIDA, replace(LIDA, descadastro="incerto")]),
    st.fixed_dictionaries(
        {},
        optional={
            "intent": st.sampled_from(INTENTS),
            "sentimento": st.sampled_from(SENTIMENTOS),
            "intensidade": st.integers(0, 100),
            "descadastro": st.sampled_from(DESCADASTROS),
        },
    ),
)
def test_a_correction_says_what_was_sent_and_never_contradicts_itself(
    antes: Rotulos, pedido: dict[str, object]
) -> None:
    try:
        after = corrigir(antes, pedido)
    except CorrecaoInvalida:
        return
    assert pedido.items() <= after.to_json().items()
    assert (after.intent == "descadastro") == (after.descadastro == "certo")
    assert corrigir(after, pedido) == after


def test_only_a_wrong_reading_may_be_lifted() -> None:
    pode_reabilitar(LIVRE)
    pode_reabilitar(replace(LIVRE, status="descartado", motivos={"recusa"}))
    for stays in (
        replace(LIVRE, status="respondeu"),
        replace(LIVRE, motivos={"descadastro", "reclamacao"}),
        replace(LIVRE, motivos={"esquecimento"}),
        replace(LIVRE, pedidos=1),
        replace(LIVRE, lidas=1),
        replace(LIVRE, corrigidas=0),
        replace(LIVRE, unido=True),
    ):
        with pytest.raises(ReabilitacaoRecusada):
            pode_reabilitar(stays)
