"""The funnel's rates and the recurring objections.

The funnel is a cohort: the leads *received* in the period, and how far each of them has come since.
Every count is a part of the one before it, so no rate exceeds 100 %. The daily series counts what
happened on each day, of whichever cohort.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from alquimista.prospeccao.folding import folded
from alquimista_sdk.models import Interacao, MetricasFunil, Objecao, PontoDiario, Taxa

_TEMAS: Mapping[str, tuple[str, ...]] = {
    "preço ou orçamento": (
        r"car[oa]s?\b",
        r"pre[cç]o",
        r"orcament",
        r"sem verba",
        r"\bverba\b",
        r"valor",
        r"custo",
        r"desconto",
        r"apertad",
        r"pesad[oa]",
    ),
    "já tem fornecedor": (
        r"ja (temos|tenho|usamos|uso|trabalhamos|contamos|atendem)",
        r"fornecedor",
        r"outro parceiro",
        r"outra empresa",
        r"concorrente",
        r"contrato (vigente|ate|com)",
    ),
    "agora não é o momento": (
        r"sem tempo",
        r"nao tenho tempo",
        r"corrid[oa]",
        r"no momento",
        r"agora nao",
        r"(mes|ano|semestre) que vem",
        r"mais pra frente",
        r"depois",
    ),
    "falta integração ou recurso": (r"integra", r"\berp\b", r"\bsap\b", r"nao (atende|cobre|faz)"),
    "tamanho da empresa": (
        r"empresa (pequena|grande)",
        r"pouca gente",
        r"equipe (pequena|enxuta)",
        r"somos (pequen|pouc)",
    ),
    "confiança": (
        r"nao confi",
        r"golpe",
        r"garant",
        r"referenc",
        r"ruim",
        r"reclame",
        r"nao conheco",
    ),
}
OUTROS = "outros"


@dataclass(frozen=True, slots=True)
class Contagens:
    """Of the leads received in the period, how many ever reached each step."""

    recebidos: int = 0
    enriquecidos: int = 0
    enriquecidos_sandbox: int = 0
    contatados: int = 0
    responderam: int = 0
    interessados: int = 0
    agendados: int = 0
    convertidos: int = 0
    descadastrados: int = 0


def funnel(
    inicio: date,
    fim: date,
    contagens: Contagens,
    serie: Sequence[PontoDiario],
    objecoes: Iterable[Interacao],
) -> MetricasFunil:
    """The figures of a period; each rate names its denominator."""
    c = contagens
    taxas = (
        rate("enriquecimento", c.enriquecidos, c.recebidos, "leads recebidos"),
        rate("resposta", c.responderam, c.contatados, "leads contatados"),
        rate("interesse", c.interessados, c.responderam, "leads que responderam"),
        rate("agendamento", c.agendados, c.interessados, "leads interessados"),
        rate("conversao", c.convertidos, c.agendados, "leads agendados"),
    )
    return MetricasFunil(
        inicio=inicio,
        fim=fim,
        leads_recebidos=c.recebidos,
        leads_enriquecidos=c.enriquecidos,
        leads_enriquecidos_sandbox=c.enriquecidos_sandbox,
        leads_contatados=c.contatados,
        leads_responderam=c.responderam,
        leads_interessados=c.interessados,
        leads_agendados=c.agendados,
        leads_convertidos=c.convertidos,
        leads_descadastrados=c.descadastrados,
        taxas=taxas,
        serie=tuple(serie),
        objecoes_recorrentes=recurring(objecoes),
    )


def rate(nome: str, numerador: int, denominador: int, denominador_nome: str) -> Taxa:
    """A rate in percent, one decimal; None where there is nothing to divide by."""
    valor = round(100 * numerador / denominador, 1) if denominador else None
    return Taxa(nome, numerador, denominador, denominador_nome, valor)


def recurring(interacoes: Iterable[Interacao]) -> tuple[Objecao, ...]:
    """Objections by theme, most frequent first, with the messages that they were read in."""
    by_theme: dict[str, list[UUID]] = {}
    for interacao in interacoes:
        for tema in themes(interacao.mensagem):
            by_theme.setdefault(tema, []).append(interacao.id)
    found = [Objecao(tema, len(ids), tuple(ids)) for tema, ids in by_theme.items()]
    return tuple(sorted(found, key=lambda o: (-o.frequencia, o.objecao == OUTROS, o.objecao)))


def themes(mensagem: str) -> tuple[str, ...]:
    """The themes of one objection; ``outros`` where none is known."""
    plain = folded(mensagem)
    found = tuple(
        tema
        for tema, patterns in _TEMAS.items()
        if any(re.search(pattern, plain) for pattern in patterns)
    )
    return found or (OUTROS,)


PERIODOS = ("hoje", "semana", "mes")


def first_day(periodo: str, hoje: date) -> date:
    """The first day of a named period that ends today; a week begins on Monday (ISO 8601)."""
    if periodo == "mes":
        return hoje.replace(day=1)
    return hoje - timedelta(days=hoje.weekday()) if periodo == "semana" else hoje
