"""One reading of one message: intent, sentiment, intensity and opt-out, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nigredo_sentimento.citacao import com_grafia_original
from nigredo_sentimento.descadastro import CERTO, INCERTO, detectar
from nigredo_sentimento.intencao import ler_intencao
from nigredo_sentimento.lexico import classificar, medir
from nigredo_sentimento.texto import preparar

MAXIMO_CARACTERES = 50_000
"""More than this of one message is not looked at: no person writes it."""


@dataclass(frozen=True, slots=True)
class Analise:
    """How a message was read. ``intensidade`` is 0 to 100; ``motivos`` are for people (pt-BR)."""

    text: str
    intent: str
    sentimento: str
    intensidade: int
    descadastro: str
    motivos: tuple[str, ...]


def analisar(texto: str, anterior: str = "", palavras: Sequence[str] = ()) -> Analise:
    """Read a reply. ``anterior`` is our last message, ``palavras`` the tenant's opt-out words."""
    lido = preparar(texto[:MAXIMO_CARACTERES])
    antes = preparar(anterior[:MAXIMO_CARACTERES]) if anterior.strip() else None
    pedido = detectar(lido, palavras, antes)
    carga = medir(lido)
    sentimento, intensidade = classificar(carga, lido, pedido.desfecho == CERTO)
    intencao = ler_intencao(lido, carga.valencia, antes)
    intent, motivos = intencao.intent, [intencao.motivo]
    if pedido.desfecho == CERTO:
        intent, motivos = "descadastro", []
    elif pedido.desfecho == INCERTO and intent not in ("refusal", "objection"):
        intent = "refusal"
    if carga.indicios and sentimento != "neutro":
        motivos.append(f"sentimento lido em “{'”, “'.join(carga.indicios[:3])}”")
    return Analise(
        text=texto,
        intent=intent,
        sentimento=sentimento,
        intensidade=intensidade,
        descadastro=pedido.desfecho,
        motivos=tuple(
            com_grafia_original(motivo, lido.limpo) for motivo in (*pedido.motivos, *motivos)
        ),
    )
