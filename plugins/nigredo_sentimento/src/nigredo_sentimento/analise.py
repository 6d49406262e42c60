"""One reading of one message: intent, sentiment, intensity and opt-out, with the reasons.

Rules and lexicons read words in context; the embedded model weighs what they found together with
words, characters and our previous message, and decides. A tenant's own opt-out words and a plain
yes to "shall we stop?" need no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nigredo_sentimento.citacao import com_grafia_original
from nigredo_sentimento.descadastro import (
    CERTO,
    INCERTO,
    NAO,
    NEGAM_O_PEDIDO,
    PAUSAM,
    Descadastro,
    detectar,
)
from nigredo_sentimento.intencao import Intencao, ler_intencao
from nigredo_sentimento.lexico import Carga, medir
from nigredo_sentimento.modelo import INTENCOES, SENTIMENTOS, Modelo, modelo
from nigredo_sentimento.texto import Texto, preparar
from nigredo_sentimento.tracos import Tracos, extrair, nomear

MAXIMO_CARACTERES = 50_000
"""More than this of one message is not looked at: no person writes it."""

PERGUNTAS_DO_ESTADO = {
    "horarios_propostos": "Qual destes horários você prefere para a reunião?",
    "descadastro_perguntado": "Quer deixar de receber nossas mensagens?",
}
"""What a state of the conversation has asked, where our last message is not at hand."""

_DEGRAUS = (0.5, 1.0, 1.5, 2.5, 4.0)
_DEGRAUS_RAIVA = (1.0, 2.0, 3.0, 4.5)
_CITADAS = 3


@dataclass(frozen=True, slots=True)
class Analise:
    """How a message was read. ``intensidade`` is 0 to 100; ``motivos`` are for people (pt-BR)."""

    text: str
    intent: str
    sentimento: str
    intensidade: int
    descadastro: str
    motivos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leitura:
    """What the rules and lexicons found in a message, and the traces that the model weighs."""

    lido: Texto
    pedido: Descadastro
    tracos: Tracos


def analisar(
    texto: str, anterior: str = "", palavras: Sequence[str] = (), estado: str = ""
) -> Analise:
    """Read a reply.

    ``anterior`` is our last message, ``palavras`` the tenant's opt-out words, ``estado`` one of
    ``PERGUNTAS_DO_ESTADO`` for when our last message is not known.
    """
    leitura = observar(texto, anterior or PERGUNTAS_DO_ESTADO.get(estado, ""), palavras)
    return concluir(texto, leitura, modelo())


def observar(texto: str, anterior: str = "", palavras: Sequence[str] = ()) -> Leitura:
    """What there is to know of a message before the model decides."""
    lido = preparar(texto[:MAXIMO_CARACTERES])
    antes = preparar(anterior[:MAXIMO_CARACTERES], nosso=True) if anterior.strip() else None
    pedido = detectar(lido, palavras, antes)
    carga = medir(lido)
    intencao = ler_intencao(lido, carga.valencia, antes)
    return Leitura(lido, pedido, extrair(lido, antes, _indicios(pedido, carga, intencao)))


def concluir(texto: str, leitura: Leitura, pesos: Modelo) -> Analise:
    """The model's decision on a message that was observed."""
    pontos = pesos.pontuar(leitura.tracos)
    descadastro = desfecho(leitura.pedido, pontos["pedido"], pesos)
    intent = intencao_de(descadastro, pontos)
    sentimento = max(SENTIMENTOS, key=lambda nome: pontos[nome])
    return Analise(
        text=texto,
        intent=intent,
        sentimento=sentimento,
        intensidade=_intensity(leitura.lido, pontos["intensidade"]),
        descadastro=descadastro,
        motivos=com_grafia_original(
            _reasons(leitura, pesos, intent, sentimento, descadastro), leitura.lido.limpo
        ),
    )


def desfecho(pedido: Descadastro, pontos: float, pesos: Modelo) -> str:
    """Certain, uncertain or no: the score against the limits that belong to the rules' outcome."""
    if CERTO in (pedido.propria, pedido.confirmou):
        return CERTO
    if pontos >= pesos.limites.certo[pedido.desfecho]:
        return CERTO
    if pedido.propria == INCERTO or PAUSAM.intersection(pedido.regras):
        return INCERTO
    if pedido.desfecho == NAO and NEGAM_O_PEDIDO.intersection(pedido.regras):
        return NAO
    if pontos >= pesos.limites.incerto[pedido.desfecho]:
        return INCERTO
    return NAO


def intencao_de(descadastro: str, pontos: Mapping[str, float]) -> str:
    """The intent with the highest score; that of an opt-out only where there may be one."""
    if descadastro == CERTO:
        return "descadastro"
    possiveis = INTENCOES if descadastro == INCERTO else INTENCOES[:-1]
    return max(possiveis, key=lambda nome: pontos[nome])


def _intensity(lido: Texto, pontos: float) -> int:
    """The model sees no capitals; they and exclamation marks make any tone stronger."""
    exclamacoes = sum(frase.exclamacoes for frase in lido.frases)
    enfase = 2 * min(exclamacoes, 3) + 8 * lido.gritado
    return max(0, min(100, round(pontos + enfase)))


def _indicios(pedido: Descadastro, carga: Carga, intencao: Intencao) -> list[str]:
    """The findings as names, numbers as the steps that they reach."""
    achados = [f"pedido {pedido.desfecho}", f"intent {intencao.intent}"]
    achados += [f"regra {nome}" for nome in pedido.regras]
    achados += [f"valencia +{degrau}" for degrau in _DEGRAUS if carga.valencia >= degrau]
    achados += [f"valencia -{degrau}" for degrau in _DEGRAUS if carga.valencia <= -degrau]
    achados += [f"raiva {degrau}" for degrau in _DEGRAUS_RAIVA if carga.raiva >= degrau]
    for intent, peso in intencao.pesos.items():
        achados += [f"{intent} {degrau}" for degrau in _DEGRAUS if peso >= degrau]
    return achados


def _reasons(
    leitura: Leitura, pesos: Modelo, intent: str, sentimento: str, descadastro: str
) -> list[str]:
    """For a person: the rules that held, then the words that weighed most."""
    motivos = list(leitura.pedido.motivos) if descadastro != NAO else []
    nomes = nomear(leitura.lido)
    if descadastro != NAO and not motivos:
        motivos += _quoted("possível pedido de saída lido em", "pedido", nomes, pesos)
    if intent != "descadastro":
        motivos += _quoted("intenção lida em", intent, nomes, pesos)
    if sentimento != "neutro":
        motivos += _quoted("sentimento lido em", sentimento, nomes, pesos)
    return motivos or ["sem indício claro: leitura pelo conjunto da mensagem"]


def _quoted(
    titulo: str, cabeca: str, nomes: Mapping[str, tuple[int, ...]], pesos: Modelo
) -> list[str]:
    contas = zip(pesos.pesos(cabeca, nomes.values()), nomes, strict=True)
    a_favor = [conta for conta in contas if conta[0] > 0]
    maiores = [nome for _, nome in sorted(a_favor, key=lambda item: -item[0])]
    return [f"{titulo} “{'”, “'.join(maiores[:_CITADAS])}”"] if maiores else []
