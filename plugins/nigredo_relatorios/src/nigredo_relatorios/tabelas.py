"""Tables of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Table, TableStyle

from alquimista_sdk.models import MetricasFunil, Objecao, Taxa
from nigredo_relatorios.indicadores import movimento, rotulo, taxas
from nigredo_relatorios.numeros import inteiro, percentual
from nigredo_relatorios.tipografia import FUNDO, LINHA, paragrafo

SEM_DADOS = "sem dados"
_IDS = 3
_LETRAS_DO_ID = 8
_POR_LINHA = 4


def cartoes(metricas: MetricasFunil, largura: float) -> Table:
    """The key figures of the period, four to a row; ``largura`` in points."""
    valores = (
        ("Leads recebidos", metricas.leads_recebidos),
        ("Leads enriquecidos", metricas.leads_enriquecidos),
        ("Leads contatados", metricas.leads_contatados),
        ("Leads que responderam", metricas.leads_responderam),
        ("Leads interessados", metricas.leads_interessados),
        ("Leads agendados", metricas.leads_agendados),
        ("Leads convertidos", metricas.leads_convertidos),
        ("Leads descadastrados", metricas.leads_descadastrados),
    )
    celulas = [
        [paragrafo(inteiro(valor), "cartao_valor"), paragrafo(nome, "cartao_rotulo")]
        for nome, valor in valores
    ]
    linhas = [celulas[i : i + _POR_LINHA] for i in range(0, len(celulas), _POR_LINHA)]
    estilo = TableStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), FUNDO),
            ("INNERGRID", (0, 0), (-1, -1), 4, "white"),
            ("LEFTPADDING", (0, 0), (-1, -1), 10),
            ("TOPPADDING", (0, 0), (-1, -1), 8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 9),
        ]
    )
    return Table(linhas, [largura / _POR_LINHA] * _POR_LINHA, style=estilo)


def tabela_de_ontem(ontem: MetricasFunil, largura: float) -> Table:
    """What happened on the last day; "sem dados" where the figures have no daily series."""
    ponto = movimento(ontem)
    objecoes = sum(objecao.frequencia for objecao in ontem.objecoes_recorrentes)
    colunas = ["Recebidos", "Contatados", "Responderam", "Agendados", "Objeções lidas"]
    if ponto is None:
        valores = [SEM_DADOS] * 4
    else:
        contagens = (ponto.recebidos, ponto.contatados, ponto.responderam, ponto.agendados)
        valores = [inteiro(valor) for valor in contagens]
    return _tabela(
        [
            [paragrafo(coluna, "cabecalho") for coluna in colunas],
            [paragrafo(valor, "celula") for valor in (*valores, inteiro(objecoes))],
        ],
        [largura / len(colunas)] * len(colunas),
    )


def tabela_de_taxas(metricas: MetricasFunil, largura: float) -> Table:
    """Every rate with its parts: no percentage without what it is a percentage of."""
    linhas = [
        [
            paragrafo("Taxa", "cabecalho"),
            paragrafo("Base", "cabecalho"),
            paragrafo("Valor", "cabecalho_numero"),
        ]
    ]
    for taxa in taxas(metricas):
        linhas.append(
            [
                paragrafo(rotulo(taxa).capitalize(), "celula"),
                paragrafo(base(taxa), "celula"),
                paragrafo(valor_da_taxa(taxa), "numero"),
            ]
        )
    return _tabela(linhas, [largura * 0.3, largura * 0.5, largura * 0.2])


def tabela_de_objecoes(objecoes: Sequence[Objecao], largura: float) -> Table:
    """Objections with how often they were read and where."""
    linhas = [
        [
            paragrafo("Objeção", "cabecalho"),
            paragrafo("Mensagens", "cabecalho_numero"),
            paragrafo("Onde foram lidas", "cabecalho"),
        ]
    ]
    for objecao in objecoes:
        tema = objecao.objecao[:1].upper() + objecao.objecao[1:]
        linhas.append(
            [
                paragrafo(tema, "celula"),
                paragrafo(inteiro(objecao.frequencia), "numero"),
                paragrafo(onde(objecao), "celula"),
            ]
        )
    return _tabela(linhas, [largura * 0.37, largura * 0.15, largura * 0.48])


def base(taxa: Taxa) -> str:
    """``40 de 400 (leads contatados)``."""
    partes = f"{inteiro(taxa.numerador)} de {inteiro(taxa.denominador)}"
    return f"{partes} ({taxa.denominador_nome})"


def valor_da_taxa(taxa: Taxa) -> str:
    """The rate in percent, or that there is nothing to divide by."""
    return SEM_DADOS if taxa.valor is None else percentual(taxa.valor)


def onde(objecao: Objecao) -> str:
    """The beginnings of the first ids, and how many more there are."""
    ids = [str(item)[:_LETRAS_DO_ID] for item in objecao.interacao_ids[:_IDS]]
    resto = len(objecao.interacao_ids) - len(ids)
    return ", ".join(ids) + (f" e mais {inteiro(resto)}" if resto else "")


def _tabela(linhas: list[list[Any]], larguras: list[float]) -> Table:
    estilo = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, LINHA),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINHA),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-2, -1), 16),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 3.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4.5),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    return Table(linhas, larguras, style=estilo, repeatRows=1)
