"""The writer of ``llm.write`` that needs no model: the same request always gives the same text.

It composes from the variables and from the passages of the knowledge base. Figures and claims
come from passages only; where none answers, it says that the team will be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alquimista.sandbox.redacao_insights import insights
from alquimista.sandbox.redacao_resposta import reply
from alquimista_integrations.llm.chat import cut

MODELO = "redator-alquimista-1"
MAX_CARACTERES = 1200
Writer = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]], int], str]
_TAREFAS: Mapping[str, Writer] = {
    "responder_lead": reply,
    "insights_relatorio": lambda variaveis, _, limite: insights(variaveis, limite),
}


class Redator:
    """Writes in pt-BR. ``sandbox`` says whether the text stands in for a model's."""

    def __init__(self, *, sandbox: bool) -> None:
        self._sandbox = sandbox

    def write(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The answer of ``llm.write``; ``max_caracteres`` is kept, whole sentences where possible.

        The prompt is not read: it is written for a model.
        """
        limite = payload.get("max_caracteres", MAX_CARACTERES)
        writer = _TAREFAS[payload["tarefa"]]
        texto = writer(payload["variaveis"], payload.get("trechos", ()), limite)
        return {"texto": cut(texto, limite), "modelo": MODELO, "sandbox": self._sandbox}
