"""Figures that the tests start from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from alquimista_sdk.models import MetricasFunil, Objecao, PontoDiario, Taxa, TenantFacts
from alquimista_sdk.testing import TENANT_ID
from nigredo_relatorios.pdf import Relatorio

FIM = date(2026, 11, 23)
INICIO = date(2026, 10, 25)
TENANT = TenantFacts(
    TENANT_ID,
    "Fundição São João & Irmãos",
    emails_gestores=("gestora@fundicao.example",),
    sandbox=True,
)


def taxa(nome: str, numerador: int, denominador: int, base: str) -> Taxa:
    """A rate as the core computes it."""
    valor = round(100 * numerador / denominador, 1) if denominador else None
    return Taxa(nome, numerador, denominador, base, valor)


def ponto(indice: int) -> PontoDiario:
    """A day of the series: quiet at weekends, otherwise uneven."""
    data = INICIO + timedelta(days=indice)
    if data.weekday() >= 5:
        return PontoDiario(data, 0, 0, int(indice % 3 == 0), 0)
    return PontoDiario(data, 600 * (indice in (2, 16)), 12 + indice % 9, indice % 5, indice % 2)


def objecao(nome: str, frequencia: int) -> Objecao:
    """An objection that was read ``frequencia`` times."""
    ids = tuple(UUID(int=(frequencia * 100 + i) << 96) for i in range(frequencia))
    return Objecao(nome, frequencia, ids)


def periodo(**campos: Any) -> MetricasFunil:
    """The figures of thirty days; ``campos`` replace the defaults."""
    metricas = MetricasFunil(
        inicio=INICIO,
        fim=FIM,
        leads_recebidos=1200,
        leads_enriquecidos=1134,
        leads_enriquecidos_sandbox=1134,
        leads_contatados=400,
        leads_responderam=60,
        leads_interessados=24,
        leads_agendados=9,
        leads_convertidos=0,
        leads_descadastrados=14,
        taxas=(
            taxa("enriquecimento", 1134, 1200, "leads recebidos"),
            taxa("resposta", 60, 400, "leads contatados"),
            taxa("interesse", 24, 60, "leads que responderam"),
            taxa("agendamento", 9, 24, "leads interessados"),
            taxa("conversao", 0, 9, "leads agendados"),
        ),
        serie=tuple(ponto(indice) for indice in range(30)),
        objecoes_recorrentes=(
            objecao("preço ou orçamento", 11),
            objecao("já tem fornecedor", 6),
            objecao("agora não é o momento", 2),
            objecao("outros", 3),
        ),
    )
    return replace(metricas, **campos)


def vazio(inicio: date = INICIO, fim: date = FIM) -> MetricasFunil:
    """A funnel where nothing happened."""
    return MetricasFunil(
        inicio=inicio,
        fim=fim,
        leads_recebidos=0,
        leads_enriquecidos=0,
        leads_enriquecidos_sandbox=0,
        leads_contatados=0,
        leads_responderam=0,
        leads_interessados=0,
        leads_agendados=0,
        leads_convertidos=0,
        leads_descadastrados=0,
        taxas=(
            taxa("enriquecimento", 0, 0, "leads recebidos"),
            taxa("resposta", 0, 0, "leads contatados"),
        ),
        serie=tuple(
            PontoDiario(inicio + timedelta(days=i), 0, 0, 0, 0)
            for i in range((fim - inicio).days + 1)
        ),
    )


def ontem() -> MetricasFunil:
    """The figures of the last day alone."""
    return replace(
        vazio(FIM, FIM),
        leads_recebidos=5,
        serie=(PontoDiario(FIM, 5, 14, 3, 1),),
        objecoes_recorrentes=(objecao("preço ou orçamento", 1),),
    )


def de(inicio: date, fim: date) -> MetricasFunil:
    """What ``relatorios.metrics`` answers: one day, or the period."""
    if inicio == fim:
        return ontem()
    assert (inicio, fim) == (INICIO, FIM)
    return periodo()


def relatorio(**campos: Any) -> Relatorio:
    """A report of a sandbox tenant; ``campos`` replace the defaults."""
    frases = ("A menor taxa do funil é a de conversão.", "Ontem: 5 leads recebidos.")
    padrao = Relatorio(TENANT.nome, True, periodo(insights=frases), ontem(), "redator-1")
    return replace(padrao, **campos)
