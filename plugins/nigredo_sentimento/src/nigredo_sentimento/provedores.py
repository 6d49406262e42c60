"""Outside readers behind the same operation: what they say, joined with the embedded reading.

An outside reader may change intent, tone and intensity. A request to stop is the union of both
readings: what the embedded model sees is never taken back (decision 19 of the project). Where the
reader does not answer in time, the embedded reading stands and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alquimista_sdk.context import AgentContext
from alquimista_sdk.errors import DeadlineExceeded, PermanentError, ScopeDenied, TransientError
from nigredo_sentimento.analise import Analise
from nigredo_sentimento.descadastro import CERTO, INCERTO, NAO

EMBUTIDO = "embutido"
COMPREHEND = "comprehend"
TEMPO_LIMITE_S = 3.0
_NOMES: Mapping[str, str] = {
    COMPREHEND: "Comprehend",
    "modelo_de_linguagem": "modelo de linguagem",
}
_GRAUS: Mapping[str, int] = {NAO: 0, INCERTO: 1, CERTO: 2}


@dataclass(frozen=True, slots=True)
class Lida:
    """A reading and who read it, beyond the embedded model; empty where nobody did."""

    analise: Analise
    leitor: str = ""


def consultar(
    context: AgentContext, provedor: str, lida: Analise, anterior: str, nomes: Sequence[str]
) -> Lida:
    """Ask the tenant's provider too, where it has chosen one.

    Raises:
        DeadlineExceeded: the agent's own time is over.
    """
    if provedor == EMBUTIDO:
        return Lida(lida)
    pedido = {
        "texto": lida.text,
        "anterior": anterior,
        "nomes": list(nomes),
        "tempo_limite_s": float(context.config.get("tempo_limite_s", TEMPO_LIMITE_S)),
    }
    try:
        externa = _ask(context, provedor, pedido)
    except (DeadlineExceeded, ScopeDenied):
        raise
    except (TransientError, PermanentError) as error:
        context.log.warning("outside reader did not answer", provedor=provedor, code=error.code)
        aviso = f"{_NOMES[provedor]} não respondeu: leitura do modelo embutido"
        return Lida(replace(lida, motivos=(*lida.motivos, aviso)))
    return Lida(unir(lida, externa, _NOMES[provedor]), str(externa["modelo"]))


def _ask(context: AgentContext, provedor: str, pedido: Mapping[str, Any]) -> Mapping[str, Any]:
    if provedor == COMPREHEND:
        return context.tools.call("sentiment.comprehend", pedido)
    return context.tools.call("sentiment.llm", pedido)


def unir(lida: Analise, externa: Mapping[str, Any], nome: str) -> Analise:
    """The embedded reading with what an outside reader says laid over it."""
    sentimento, intensidade = _tone(lida, externa)
    pedido = externa.get("descadastro") or NAO
    intent = externa.get("intent") or lida.intent
    if externa.get("intent") == "descadastro" and _GRAUS[pedido] < _GRAUS[INCERTO]:
        pedido = INCERTO
    descadastro = max(lida.descadastro, pedido, key=lambda grau: _GRAUS[grau])
    if descadastro == CERTO:
        intent = "descadastro"
    elif intent == "descadastro" and descadastro == NAO:
        intent = lida.intent
    motivos = [*lida.motivos, f"{nome} leu: {_phrase(externa)}"]
    if _GRAUS[pedido] > _GRAUS[lida.descadastro]:
        motivos.insert(0, f"{nome} vê um pedido de saída")
    return replace(
        lida,
        intent=intent,
        sentimento=sentimento,
        intensidade=intensidade,
        descadastro=descadastro,
        motivos=tuple(motivos),
    )


def _tone(lida: Analise, externa: Mapping[str, Any]) -> tuple[str, int]:
    """A reader that knows no anger or no intensity does not take ours away where it agrees."""
    sentimento = str(externa["sentimento"])
    if not externa["conhece_irritado"] and (sentimento, lida.sentimento) == (
        "negativo",
        "irritado",
    ):
        sentimento = "irritado"
    if not externa["conhece_irritado"] and sentimento == lida.sentimento:
        return sentimento, lida.intensidade
    return sentimento, int(externa["intensidade"])


def _phrase(externa: Mapping[str, Any]) -> str:
    partes = [str(externa["sentimento"])]
    if externa.get("intent"):
        partes.append(str(externa["intent"]))
    if externa.get("descadastro"):
        partes.append(f"descadastro {externa['descadastro']}")
    return ", ".join(partes)
