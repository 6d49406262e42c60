"""The contract that every agent keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

import pytest

from alquimista_sdk.errors import InvalidPayload
from alquimista_sdk.testing import AgentContractTests, TwinContext, invoke, load_manifest
from nigredo_sentimento import agent
from nigredo_sentimento.agent import OPERACAO


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent
    operation_examples: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {
        OPERACAO: (
            {"text": "Quanto custa?"},
            {"text": "Me tirem da lista", "anterior": "Olá!", "palavras_descadastro": ["xô"]},
            {"text": ""},
        )
    }


def test_a_payload_without_text_is_refused() -> None:
    with pytest.raises(InvalidPayload):
        invoke(agent, OPERACAO, {"texto": "x"}, TwinContext(load_manifest("nigredo_sentimento")))


def test_another_operation_is_left_to_others() -> None:
    twin = TwinContext(load_manifest("nigredo_sentimento"))
    assert agent.agent_invoke(operation="outra.coisa", payload={}, context=twin) is None


def test_the_answer_names_its_reasons() -> None:
    twin = TwinContext(load_manifest("nigredo_sentimento"))
    lida = invoke(agent, OPERACAO, {"text": "Parem de me mandar mensagem"}, twin)
    assert lida["descadastro"] == "certo"
    assert lida["intent"] == "descadastro"
    assert "manda parar o contato" in lida["motivos"][0]
