"""The contract that every agent keeps."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import ClassVar

from alquimista_sdk.testing import AgentContractTests
from alquimista_sdk.testing.contract import Example
from nigredo_atendimento import agent
from nigredo_atendimento_tests.cenario import evento, gemeo, leitura


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[Example]:
        for texto, lida in (
            ("Quanto custa o plano básico?", leitura()),
            ("Quero marcar uma conversa", leitura("interest", "positivo")),
            ("Está caro", leitura("objection", "negativo")),
            ("Não tenho interesse", leitura("refusal")),
            ("Me tirem da lista", leitura("descadastro", descadastro="certo")),
            ("Parem", leitura("refusal", descadastro="incerto")),
            ("Que absurdo!", leitura("objection", "irritado")),
        ):
            yield evento(texto), gemeo(texto, lida)
