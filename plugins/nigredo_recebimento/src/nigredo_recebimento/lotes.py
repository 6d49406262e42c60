"""Segmentation: leads of an import into homogeneous lots of 50 to 150.

By setor always; by porte and atividade as far as every part keeps 50 leads; by região and then UF
only where a part is larger than 150. What is too small to stand alone joins its siblings, so a lot
is below 50 only where the whole setor is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from alquimista_sdk.models import Lead, NovoLote
from nigredo_recebimento.porte import REGIOES
from nigredo_recebimento.prioridade import classe_de
from nigredo_recebimento.texto import dobrado

MINIMO: Final = 50
MAXIMO: Final = 150
SEM_SETOR: Final = "Setor não informado"
_NOME_MAXIMO, _SEGMENTO_MAXIMO, _REGIAO_MAXIMO = 200, 100, 50

Criterio = Callable[[Lead], str]


def segmentar(leads: Iterable[Lead]) -> tuple[NovoLote, ...]:
    """Every lead in exactly one lot, none above 150; the same leads give the same lots.

    The answer is ordered by priority, best first. A lot's class is that of its mean score.
    """
    ordenados = sorted(leads, key=lambda lead: (-(lead.prioridade or 0), str(lead.id)))
    partes: list[list[Lead]] = []
    for do_setor in _agrupar(ordenados, _setor):
        partes.extend(_por_conteudo(do_setor, (_porte, _atividade)))
    lotes = [(_media(parte), _lote(parte)) for parte in partes]
    lotes.sort(key=lambda item: (-item[0], item[1].nome, str(item[1].lead_ids[0])))
    return _numerados([lote for _, lote in lotes])


def _por_conteudo(leads: list[Lead], criterios: Sequence[Criterio]) -> list[list[Lead]]:
    if not criterios:
        return _por_regiao(leads, (_regiao, _uf))
    return [
        pronta
        for parte in _repartir(leads, criterios[0])
        for pronta in _por_conteudo(parte, criterios[1:])
    ]


def _por_regiao(leads: list[Lead], criterios: Sequence[Criterio]) -> list[list[Lead]]:
    if len(leads) <= MAXIMO:
        return [leads]
    if not criterios:
        return _fatiar(leads)
    return [
        pronta
        for parte in _repartir(leads, criterios[0])
        for pronta in _por_regiao(parte, criterios[1:])
    ]


def _repartir(leads: list[Lead], criterio: Criterio) -> list[list[Lead]]:
    """Split by a criterion; parts below the minimum are put together, or to the smallest part."""
    grupos = _agrupar(leads, criterio)
    inteiros = [grupo for grupo in grupos if len(grupo) >= MINIMO]
    resto = [lead for grupo in grupos if len(grupo) < MINIMO for lead in grupo]
    if not resto:
        return inteiros
    if len(resto) >= MINIMO or not inteiros:
        return [*inteiros, resto]
    menor = min(range(len(inteiros)), key=lambda i: (len(inteiros[i]), i))
    inteiros[menor] = [*inteiros[menor], *resto]
    return inteiros


def _fatiar(leads: list[Lead]) -> list[list[Lead]]:
    """Parts of nearly one size, the best leads first."""
    quantas = -(-len(leads) // MAXIMO)
    base, sobra = divmod(len(leads), quantas)
    partes, inicio = [], 0
    for indice in range(quantas):
        fim = inicio + base + (1 if indice < sobra else 0)
        partes.append(leads[inicio:fim])
        inicio = fim
    return partes


def _agrupar(leads: Iterable[Lead], criterio: Criterio) -> list[list[Lead]]:
    grupos: dict[str, list[Lead]] = {}
    for lead in leads:
        grupos.setdefault(criterio(lead), []).append(lead)
    return [grupos[chave] for chave in sorted(grupos)]


def _setor(lead: Lead) -> str:
    return dobrado(lead.setor or "")


def _porte(lead: Lead) -> str:
    return dobrado(lead.porte or "")


def _atividade(lead: Lead) -> str:
    return dobrado(lead.atividade_principal or "")


def _regiao(lead: Lead) -> str:
    return REGIOES.get(lead.uf or "", "")


def _uf(lead: Lead) -> str:
    return lead.uf or ""


def _media(leads: Sequence[Lead]) -> float:
    return sum(lead.prioridade or 0 for lead in leads) / len(leads)


def _lote(leads: Sequence[Lead]) -> NovoLote:
    setor = _mais_usado(lead.setor for lead in leads) if _setor(leads[0]) else None
    porte = _comum(leads, _porte, lambda lead: lead.porte)
    atividade = _comum(leads, _atividade, lambda lead: lead.atividade_principal)
    regiao = _comum(leads, _uf, lambda lead: lead.uf) or _comum(leads, _regiao, _regiao)
    segmento = " · ".join(parte for parte in (setor or SEM_SETOR, porte, atividade) if parte)
    nome = " · ".join(parte for parte in (setor or SEM_SETOR, porte, atividade, regiao) if parte)
    return NovoLote(
        nome=nome[:_NOME_MAXIMO],
        segmento=segmento[:_SEGMENTO_MAXIMO],
        prioridade=classe_de(_media(leads)),
        lead_ids=tuple(lead.id for lead in leads),
        setor=setor,
        porte=porte,
        regiao=regiao[:_REGIAO_MAXIMO] if regiao else None,
    )


def _comum(
    leads: Sequence[Lead], chave: Criterio, valor: Callable[[Lead], str | None]
) -> str | None:
    """The value that all leads of a part share, as most of them spell it; else None."""
    if len({chave(lead) for lead in leads}) != 1:
        return None
    return _mais_usado(valor(lead) for lead in leads)


def _mais_usado(valores: Iterable[str | None]) -> str | None:
    contagem = Counter(valor for valor in valores if valor)
    if not contagem:
        return None
    return min(contagem, key=lambda valor: (-contagem[valor], valor))


def _numerados(lotes: Sequence[NovoLote]) -> tuple[NovoLote, ...]:
    """Names told apart by a number where several lots would share one."""
    total = Counter(lote.nome for lote in lotes)
    vistos: Counter[str] = Counter()
    prontos = []
    for lote in lotes:
        vistos[lote.nome] += 1
        nome = lote.nome
        if total[nome] > 1:
            nome = f"{nome} ({vistos[lote.nome]})"
        prontos.append(
            NovoLote(
                nome=nome,
                segmento=lote.segmento,
                prioridade=lote.prioridade,
                lead_ids=lote.lead_ids,
                setor=lote.setor,
                porte=lote.porte,
                regiao=lote.regiao,
            )
        )
    return tuple(prontos)
