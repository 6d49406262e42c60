"""What a reply wants: question, interest, objection, refusal or descadastro.

Each pattern of ``intencao.tsv`` that is found gives its intent weight once per message. What comes
after "mas" counts more than what comes before, and a question mark is evidence, not a verdict:
"Podemos marcar quinta?" is interest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nigredo_sentimento.indice import Indice
from nigredo_sentimento.padroes import compilar, ler_tabela
from nigredo_sentimento.texto import Frase, Texto

INTENCOES = ("question", "interest", "objection", "refusal", "descadastro")
_ORDEM = ("refusal", "objection", "interest", "question")
_PESO_PERGUNTA = 2.0
_FRACO = 1.0
_APOIO = 0.6
_DEPOIS_DO_MAS = 1.5
_ANTES_DO_MAS = 0.6
_ADVERSATIVA = re.compile(r"(?<![^ ])(?:mas|porem|so que|no entanto|contudo|entretanto)(?![^ ])")
_NEGA = re.compile(r"(?<![^ ])(?:nao|nunca|jamais|nem)(?![^ ])")
_OFERTA = "(?:posso|podemos|quer|gostaria|tem interesse|topa|faz sentido|que tal|vamos)"
_AFIRMA = (
    "^(?:{cortesia} )*(?:sim|pode|quero|claro|ok|beleza|com certeza|pode ser|isso)(?: [^ ,]+)?$"
)


@dataclass(frozen=True, slots=True)
class Intencao:
    """The intent, the weights behind it and the words that it was read in."""

    intent: str
    pesos: dict[str, float]
    motivo: str


def ler_intencao(texto: Texto, valencia: float, anterior: Texto | None = None) -> Intencao:
    """Weigh the evidence; ``valencia`` (the sentiment's sum) breaks a message without any."""
    pesos = dict.fromkeys(_ORDEM, 0.0)
    provas: dict[str, tuple[float, str]] = {}
    for frase in texto.frases:
        if frase.pergunta:
            pesos["question"] += _PESO_PERGUNTA
            provas.setdefault("question", (_PESO_PERGUNTA, frase.texto))
    _weigh(texto.frases, _regras(fracas=False), pesos, provas)
    if not any(pesos.values()):
        _weigh(texto.frases, _regras(fracas=True), pesos, provas)
    if anterior is not None and _accepts(texto, anterior):
        pesos["interest"] += _PESO_PERGUNTA
    melhor = max(_ORDEM, key=lambda intent: pesos[intent])
    if pesos[melhor] == 0:
        return Intencao(_without_evidence(valencia), pesos, "sem indício claro de intenção")
    return Intencao(melhor, pesos, f"intenção lida em “{provas.get(melhor, (0, ''))[1]}”")


def _weigh(
    frases: tuple[Frase, ...],
    tabela: tuple[tuple[tuple[str, float, re.Pattern[str]], ...], Indice],
    pesos: dict[str, float],
    provas: dict[str, tuple[float, str]],
) -> None:
    regras, indice = tabela
    onde: dict[int, list[Frase]] = {}
    for frase in frases:
        for numero in indice.candidatos(frase.texto):
            if regras[numero][2].search(frase.texto) is not None:
                onde.setdefault(numero, []).append(frase)
    for numero, daqui in sorted(onde.items()):
        intent, peso, padrao = regras[numero]
        prova = _strongest(daqui, intent, peso, padrao)
        if prova is None:
            continue
        melhor = provas.get(intent, (0.0, ""))
        # Patterns overlap: the strongest counts whole, the others only support it.
        pesos[intent] += max(prova[0] - melhor[0], 0.0) + _APOIO * min(prova[0], melhor[0])
        provas[intent] = max(melhor, prova)


def _strongest(
    frases: Sequence[Frase], intent: str, peso: float, padrao: re.Pattern[str]
) -> tuple[float, str] | None:
    melhor: tuple[float, str] | None = None
    for frase in frases:
        mas: list[re.Match[str]] | None = None
        for achado in padrao.finditer(frase.texto):
            if intent == "interest" and _negated(frase.texto[: achado.start()]):
                continue
            fator = 1.0
            if mas is None:
                mas = list(_ADVERSATIVA.finditer(frase.texto))
            if mas:
                depois = achado.end() > mas[-1].end()
                fator = _DEPOIS_DO_MAS if depois else _ANTES_DO_MAS
            if intent == "question" and not frase.pergunta:
                fator *= 0.5
            prova = (peso * fator, achado.group().strip(" ,"))
            melhor = prova if melhor is None else max(melhor, prova)
    return melhor


def _negated(antes: str) -> bool:
    """ "Não quero", "não vou querer": what is wanted is denied in the two words before."""
    return _NEGA.search(" ".join(antes.rsplit(",", 1)[-1].split()[-2:])) is not None


def _accepts(texto: Texto, anterior: Texto) -> bool:
    """A bare yes to an offer near the end of our last message."""
    oferecemos = any(
        frase.pergunta and compilar(_OFERTA).search(frase.texto) for frase in anterior.frases[-2:]
    )
    return oferecemos and compilar(_AFIRMA).search(texto.tudo) is not None


def _without_evidence(valencia: float) -> str:
    if valencia <= -1:
        return "objection"
    return "interest" if valencia >= 1 else "question"


@cache
def _regras(*, fracas: bool) -> tuple[tuple[tuple[str, float, re.Pattern[str]], ...], Indice]:
    regras = tuple(
        (intent, float(peso), compilar(padrao))
        for intent, peso, padrao in ler_tabela("intencao.tsv", 3)
        if (float(peso) < _FRACO) == fracas
    )
    return regras, Indice([padrao for _, _, padrao in regras])
