"""What a lead's answer to the offered slots means.

A wrong booking costs more than one more question: where an answer may mean two slots, or names
one only by a condition ("depois das 15h"), it is ``ambigua`` and the lead is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from alquimista_sdk.models import Horario
from nigredo_agendamento.expressoes import Leitura, ler
from nigredo_agendamento.mencoes import (
    DiaDaSemana,
    Faixa,
    Mencao,
    Numero,
    Opcao,
    Pedido,
    Semana,
    opcoes,
)

INDICE = "indice"
AMBIGUA = "ambigua"
OUTRO_PEDIDO = "outro_pedido"
NENHUMA = "nenhuma"
DESISTIU = "desistiu"
_DESISTE = re.compile(
    r"\bnao (?:quero|queremos|vou querer|pretendo|desejo|preciso|precisamos|tenho|temos|precisa)"
    r"(?: mais)? ?(?:$|[.,!;\n]|marcar|agendar|reuniao|conversar|falar|fazer|de reuniao|nada|"
    r"interesse|essa reuniao|isso)|"
    r"\bdesist|\bdeix[ae] (?:pra|para) la\b|\bdeixa quieto\b|\besquec[ea]\b|\bcancel[ae]\w*\b|"
    r"\b(?:prefiro|melhor) nao\b(?! (?:n?[ao]|as) )|\bsem interesse\b|\bperdi o interesse\b|"
    r"\bnao (?:tem|vai ter) mais (?:necessidade|interesse)|\bmudei de ideia\b|"
    r"\bnao (?:e|esta sendo) (?:mais )?(?:prioridade|necessario)\b|\bnao vai rolar\b|"
    r"\bnao vamos (?:mais )?(?:seguir|marcar|conversar)\b"
)
_NENHUM = re.compile(
    r"\bnenhum\w*\b|\boutr[oa]s? (?:hor\w+|dias?|datas?|op\w+|momento|alternativ\w+|sugest\w+)\b|"
    r"\bmais (?:op\w+|hor\w+|alternativ\w+)\b|\bnem (?:um|uma)\b"
)
_NAO_PODE = re.compile(
    r"\bnao (?:posso|podemos|consigo|da|vai dar|rola|serve\w*|funciona\w*|tenho|estarei|encaixa|"
    r"bate|fica bom|ficou bom|gostei)\b|\bimpossivel\b|\bcomplicad[oa]\b|\bnenhum|"
    r"\bcompromissos?\b|\bocupad[oa]\b|\bagenda (?:cheia|lotada)\b|\bviaj\w+|\bviagem\b"
)
_TANTO_FAZ = re.compile(
    r"\btanto faz\b|\bqualquer\b|\b(?:voce|vc|voces|vcs) (?:escolhe\w*|decide\w*|que sabe\w*)\b|"
    r"\bo que (?:for|ficar) melhor\b|\bpode escolher\b|\b(?:todos|todas|os tres|as tres) "
    r"(?:servem|estao bons|funcionam|dao|me atendem)\b"
)
_SIM = re.compile(
    r"\b(?:sim|pode(?:mos)?(?: ser| sim| marcar| agendar| confirmar)?|ok|okay|fechad[oa]|fechou|"
    r"combinad[oa]|perfeito|confirm\w+|beleza|blz|bora|claro|show|otimo|otima|isso|certo|"
    r"ess[ea]|est[ea]|serve|aceito|quero|topo|top|maravilha|excelente|marca\w*|agend\w+|"
    r"de acordo|com certeza|s)\b|\U0001f44d|\U0001f44c|\u2705"
)
_RECUSA_EDUCADA = re.compile(r"^\W*nao\W+(?:muito )?obrigad[oa]\b")
_INCERTO = re.compile(
    r"\bnao sei\b|\btalvez\b|\bquem sabe\b|\b(?:vou|preciso|tenho que|deixa eu) "
    r"(?:ver|verificar|confirmar|checar|conferir)\b|\bte (?:falo|aviso|confirmo|retorno)\b"
)
_NAO = re.compile(r"\bnao\b|\bn\b|\bnegativo\b")


@dataclass(frozen=True, slots=True)
class Escolha:
    """``horario`` is set for ``indice``; ``candidatos`` are what an ``ambigua`` may mean."""

    tipo: str
    horario: Horario | None = None
    candidatos: tuple[Horario, ...] = ()
    pedido: Pedido = field(default_factory=Pedido)


def interpretar(texto: str, horarios: Sequence[Horario], agora: datetime, fuso: str) -> Escolha:
    """Read an answer to ``horarios``; days and hours are those of the zone ``fuso``.

    ``agora`` (aware) is what "amanhã" counts from.
    """
    zona = ZoneInfo(fuso)
    lida = ler(texto, agora.astimezone(zona).date())
    lido = _decidir(lida, horarios, zona)
    if lido.horario is not None and _INCERTO.search(lida.texto):
        return Escolha(AMBIGUA, candidatos=(lido.horario,))
    return lido


def _decidir(lida: Leitura, horarios: Sequence[Horario], zona: ZoneInfo) -> Escolha:
    positivas = _sem_ordinal_falso(lida.positivas, horarios, zona)
    negativas = _sem_ordinal_falso(lida.negativas, horarios, zona)
    restantes = [h for h in horarios if not _recusado(h, negativas, horarios, zona)]
    if not positivas:
        return _sem_mencao(lida, restantes, horarios, negativas)
    pedido = Pedido(_sem_opcoes(positivas), _sem_opcoes(negativas))
    if _NENHUM.search(lida.resto):
        return _outro(pedido)
    if any(isinstance(mencao, Opcao) for mencao in positivas):
        return _por_opcao(lida, positivas, restantes, horarios, zona)
    return _por_tempo(positivas, restantes, pedido, zona)


def _por_opcao(
    lida: Leitura,
    positivas: Sequence[Mencao],
    restantes: Sequence[Horario],
    horarios: Sequence[Horario],
    zona: ZoneInfo,
) -> Escolha:
    ultimo = max((h.numero for h in horarios), default=0)
    numeros = set(opcoes(positivas, ultimo))
    filtro = Pedido(_sem_opcoes(positivas))
    nomeados = tuple(h for h in restantes if h.numero in numeros)
    servem = tuple(h for h in nomeados if filtro.aceita(h.inicio.astimezone(zona)))
    if len(servem) == 1 and (len(numeros) == 1 or filtro.mencoes):
        return Escolha(INDICE, servem[0])
    if len(servem) > 1 and _TANTO_FAZ.search(lida.resto):
        return Escolha(INDICE, servem[0])
    return Escolha(AMBIGUA, candidatos=servem or nomeados or tuple(restantes))


def _por_tempo(
    positivas: Sequence[Mencao], restantes: Sequence[Horario], pedido: Pedido, zona: ZoneInfo
) -> Escolha:
    servem = tuple(h for h in restantes if pedido.aceita(h.inicio.astimezone(zona)))
    if not servem:
        if all(isinstance(mencao, Numero) for mencao in positivas):
            return Escolha(AMBIGUA, candidatos=tuple(restantes))
        return _outro(pedido)
    so_condicao = all(isinstance(mencao, Semana | Faixa) for mencao in positivas)
    if len(servem) == 1 and not so_condicao:
        return Escolha(INDICE, servem[0])
    return Escolha(AMBIGUA, candidatos=servem)


def _sem_mencao(
    lida: Leitura,
    restantes: Sequence[Horario],
    horarios: Sequence[Horario],
    negativas: Sequence[Mencao],
) -> Escolha:
    if negativas:
        if not restantes or len(restantes) == len(horarios):
            recusadas = _sem_opcoes(negativas)
            return Escolha(NENHUMA, pedido=Pedido((), recusadas))
        if _TANTO_FAZ.search(lida.resto):
            return Escolha(INDICE, restantes[0])
        return Escolha(AMBIGUA, candidatos=tuple(restantes))
    resto = lida.resto
    if _DESISTE.search(resto) or _RECUSA_EDUCADA.search(lida.texto):
        return Escolha(DESISTIU)
    if _NENHUM.search(resto) or _NAO_PODE.search(resto):
        return Escolha(NENHUMA)
    if _TANTO_FAZ.search(resto) and restantes:
        return Escolha(INDICE, restantes[0])
    if _NAO.search(resto):
        return Escolha(NENHUMA)
    if _SIM.search(resto) and len(restantes) == 1:
        return Escolha(INDICE, restantes[0])
    return Escolha(AMBIGUA, candidatos=tuple(restantes))


def _outro(pedido: Pedido) -> Escolha:
    return Escolha(OUTRO_PEDIDO, pedido=pedido)


def _sem_opcoes(mencoes: Sequence[Mencao]) -> tuple[Mencao, ...]:
    return tuple(mencao for mencao in mencoes if not isinstance(mencao, Opcao))


def _recusado(
    horario: Horario, negativas: Sequence[Mencao], horarios: Sequence[Horario], zona: ZoneInfo
) -> bool:
    ultimo = max(h.numero for h in horarios)
    if horario.numero in opcoes(negativas, ultimo):
        return True
    return any(mencao.aceita(horario.inicio.astimezone(zona)) for mencao in negativas)


def _sem_ordinal_falso(
    mencoes: Sequence[Mencao], horarios: Sequence[Horario], zona: ZoneInfo
) -> tuple[Mencao, ...]:
    """ "A segunda" is the second option, or Monday: both where a Monday is offered."""
    resolvidas: list[Mencao] = []
    for mencao in mencoes:
        if not isinstance(mencao, DiaDaSemana) or mencao.ordinal is None:
            resolvidas.append(mencao)
            continue
        no_dia = [h for h in horarios if mencao.aceita(h.inicio.astimezone(zona))]
        resolvidas.append(Opcao(mencao.ordinal))
        resolvidas.extend(Opcao(h.numero) for h in no_dia if h.numero != mencao.ordinal)
    return tuple(resolvidas)
