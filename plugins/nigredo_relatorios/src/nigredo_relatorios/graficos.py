"""Drawings of the report: the funnel as bars, and each daily series on a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String

from alquimista_sdk.models import MetricasFunil, PontoDiario
from nigredo_relatorios.indicadores import etapas
from nigredo_relatorios.numeros import dia, inteiro, percentual
from nigredo_relatorios.tipografia import AZUL, CINZA, FONTE, FUNDO, LINHA, NEGRITO, TINTA

_ALTURA_BARRA = 15.0
_PASSO = 22.0
_ROTULO = 78.0
_VALOR = 84.0
_ALTURA_SERIE = 92.0
_ENTRE_SERIES = 18.0


def funil(metricas: MetricasFunil, largura: float) -> Drawing:
    """One bar per step, with its count and its share of the leads received; sizes in points."""
    passos = etapas(metricas)
    desenho = Drawing(largura, _PASSO * len(passos))
    total = passos[0][1]
    espaco = largura - _ROTULO - _VALOR
    for indice, (nome, valor) in enumerate(passos):
        y = desenho.height - _PASSO * (indice + 1) + (_PASSO - _ALTURA_BARRA) / 2
        parte = valor / total if total else 0.0
        texto = inteiro(valor)
        if total and indice:
            texto += f"  ({percentual(100 * parte)})"
        desenho.add(_texto(0, y + 4, nome, tamanho=9))
        desenho.add(_caixa(_ROTULO, y, espaco, _ALTURA_BARRA, FUNDO))
        if valor:
            # A step of one lead among thousands is still seen.
            comprimento = max(min(parte, 1.0) * espaco, 1.5)
            desenho.add(_caixa(_ROTULO, y, comprimento, _ALTURA_BARRA, AZUL))
        desenho.add(_texto(largura, y + 4, texto, tamanho=9, ancora="end", negrito=not indice))
    return desenho


def serie_diaria(serie: Sequence[PontoDiario], largura: float) -> Drawing:
    """Four small bar charts, two by two: what happened on each day; sizes in points."""
    quadros = (
        ("Recebidos", [ponto.recebidos for ponto in serie]),
        ("Contatados", [ponto.contatados for ponto in serie]),
        ("Responderam", [ponto.responderam for ponto in serie]),
        ("Agendados", [ponto.agendados for ponto in serie]),
    )
    dias = [ponto.data for ponto in serie]
    desenho = Drawing(largura, 2 * _ALTURA_SERIE + _ENTRE_SERIES)
    meia = (largura - _ENTRE_SERIES) / 2
    for indice, (nome, valores) in enumerate(quadros):
        x = (indice % 2) * (meia + _ENTRE_SERIES)
        y = (1 - indice // 2) * (_ALTURA_SERIE + _ENTRE_SERIES)
        desenho.add(_quadro(_Quadro(nome, dias, valores, meia), x, y))
    return desenho


@dataclass(frozen=True, slots=True)
class _Quadro:
    nome: str
    dias: Sequence[date]
    valores: Sequence[int]
    largura: float


def _quadro(quadro: _Quadro, x: float, y: float) -> Group:
    """A small chart: name and total above, bars on a line, first and last day below."""
    grupo = Group(transform=(1, 0, 0, 1, x, y))
    base, topo = 14.0, _ALTURA_SERIE - 26
    maximo = max(quadro.valores, default=0)
    grupo.add(_texto(0, _ALTURA_SERIE - 10, quadro.nome, tamanho=9, negrito=True))
    resumo = f"total {inteiro(sum(quadro.valores))} · maior dia {inteiro(maximo)}"
    grupo.add(
        _texto(quadro.largura, _ALTURA_SERIE - 10, resumo, tamanho=8, ancora="end", claro=True)
    )
    passo = quadro.largura / max(len(quadro.valores), 1)
    for indice, valor in enumerate(quadro.valores):
        if valor:
            altura = max(valor / maximo * (topo - base), 1.0)
            grupo.add(_caixa(indice * passo + passo * 0.12, base, passo * 0.76, altura, AZUL))
    grupo.add(Line(0, base, quadro.largura, base, strokeColor=LINHA, strokeWidth=0.8))
    if quadro.dias:
        primeiro, ultimo = dia(quadro.dias[0])[:5], dia(quadro.dias[-1])[:5]
        grupo.add(_texto(0, 3, primeiro, tamanho=7.5, claro=True))
        if len(quadro.dias) > 1:
            grupo.add(_texto(quadro.largura, 3, ultimo, tamanho=7.5, ancora="end", claro=True))
    return grupo


def _caixa(x: float, y: float, largura: float, altura: float, cor: object) -> Rect:
    return Rect(x, y, largura, altura, fillColor=cor, strokeColor=None)


def _texto(
    x: float,
    y: float,
    texto: str,
    *,
    tamanho: float,
    ancora: str = "start",
    negrito: bool = False,
    claro: bool = False,
) -> String:
    return String(
        x,
        y,
        texto,
        fontName=NEGRITO if negrito else FONTE,
        fontSize=tamanho,
        fillColor=CINZA if claro else TINTA,
        textAnchor=ancora,
    )
