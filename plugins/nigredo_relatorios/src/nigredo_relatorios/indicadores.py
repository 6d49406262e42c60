"""The figures of a funnel as the report names them."""

from __future__ import annotations

from collections.abc import Mapping

from alquimista_sdk.models import MetricasFunil, Objecao, PontoDiario, Taxa

_ROTULOS: Mapping[str, str] = {
    "enriquecimento": "enriquecimento",
    "resposta": "resposta",
    "interesse": "interesse",
    "agendamento": "agendamento",
    "conversao": "conversão",
    "descadastro": "descadastro",
}
_SEM_TEMA = "outros"


def rotulo(taxa: Taxa) -> str:
    """The name of a rate as people read it, in lower case."""
    return _ROTULOS.get(taxa.nome, taxa.nome.replace("_", " "))


def etapas(metricas: MetricasFunil) -> tuple[tuple[str, int], ...]:
    """The steps of the funnel from widest to narrowest, each a part of the one before."""
    return (
        ("Recebidos", metricas.leads_recebidos),
        ("Contatados", metricas.leads_contatados),
        ("Responderam", metricas.leads_responderam),
        ("Interessados", metricas.leads_interessados),
        ("Agendados", metricas.leads_agendados),
        ("Convertidos", metricas.leads_convertidos),
    )


def descadastro(metricas: MetricasFunil) -> Taxa:
    """Opt-outs among the contacted leads, in percent with one decimal.

    A lead may opt out without having been contacted: where there are more opt-outs than contacted
    leads the rate would mislead, and ``valor`` is None.
    """
    saidas, contatados = metricas.leads_descadastrados, metricas.leads_contatados
    valor = round(100 * saidas / contatados, 1) if 0 < contatados >= saidas else None
    return Taxa("descadastro", saidas, contatados, "leads contatados", valor)


def taxas(metricas: MetricasFunil) -> tuple[Taxa, ...]:
    """Every rate of the report: those of the funnel, then the opt-outs."""
    return (*metricas.taxas, descadastro(metricas))


def movimento(metricas: MetricasFunil) -> PontoDiario | None:
    """What happened on the last day of the figures; None where they have no daily series."""
    return next((ponto for ponto in metricas.serie if ponto.data == metricas.fim), None)


def objecao_principal(metricas: MetricasFunil) -> Objecao | None:
    """The most frequent objection that has a theme."""
    com_tema = [item for item in metricas.objecoes_recorrentes if item.objecao != _SEM_TEMA]
    return max(com_tema, key=lambda item: item.frequencia, default=None)
