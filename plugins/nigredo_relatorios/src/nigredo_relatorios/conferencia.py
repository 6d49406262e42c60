"""Which sentences of a written text the figures bear out.

A language model may write a figure that nobody measured. A sentence stays only where each number
in it is one of the report's: percentages among the rates, other numbers among the counts. Figures
in words, money and multiples cannot be checked, so their sentences go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from alquimista_sdk.models import MetricasFunil
from nigredo_relatorios.indicadores import movimento, taxas
from nigredo_relatorios.numeros import dia, ler
from nigredo_relatorios.periodo import Periodo

MAX_FRASES = 6
_MARCADOR = re.compile(r"^\s*(?:[-•*–]+|[0-9]{1,2}[.)])\s+")
_FIM_DE_FRASE = re.compile(r"(?<=[.!?])\s+(?=[\"“(]?[A-ZÀ-Ý0-9])")
_NUMERO = re.compile(r"(?P<numero>-?[0-9](?:[0-9.,]*[0-9])?)(?P<unidade>\s*(?:%|por cento\b))?")
_NAO_CONFERIVEL = re.compile(
    r"""R\$|\breais\b|[0-9]\s?x\b|pontos?\ percentua|\bp\.\s?p\.|[$€£]
    |\b(?:dois|duas|tr[eê]s|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|quinze|vinte
    |[cq]u?atorze|dezesseis|dezessete|dezoito|dezenove|trinta|quarenta|cinquenta|sessenta|setenta
    |oitenta|noventa|cem|(?<!por\ )cento|centenas?|dezenas?|d[uú]zias?|mil|milhar(?:es)?
    |milh(?:ão|ões)|(?:duz|trez|quatroc|quinh|seisc|setec|oitoc|novec)ent[oa]s|metade|dobr\w+|tripl\w+
    |terços?|quartos?|quintos?|maioria|minoria)\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Conhecidos:
    """The numbers that the report shows."""

    contagens: frozenset[Decimal]
    percentuais: frozenset[Decimal]
    datas: tuple[str, ...]


def conhecidos(metricas: MetricasFunil, ontem: MetricasFunil) -> Conhecidos:
    """Every number that a sentence about the period and its last day may name."""
    periodo = Periodo(metricas.inicio, metricas.fim)
    contagens = {periodo.dias}
    percentuais: set[Decimal] = set()
    for funil in (metricas, ontem):
        contagens.update(_contagens(funil))
        percentuais.update(
            Decimal(str(taxa.valor)) for taxa in taxas(funil) if taxa.valor is not None
        )
    datas = [dia(metricas.inicio), dia(metricas.fim)]
    return Conhecidos(
        frozenset(map(Decimal, contagens)),
        frozenset(percentuais),
        (*datas, *(data[:5] for data in datas)),
    )


def conferir(texto: str, numeros: Conhecidos) -> tuple[str, ...]:
    """The sentences that hold, without list marks, each once, at most ``MAX_FRASES``."""
    certas = (frase for frase in _frases(texto) if _confere(frase, numeros))
    return tuple(dict.fromkeys(certas))[:MAX_FRASES]


def _frases(texto: str) -> Iterator[str]:
    for linha in texto.splitlines():
        limpa = _MARCADOR.sub("", linha).replace("**", "").strip()
        for frase in _FIM_DE_FRASE.split(limpa):
            # A text cut at its limit ends in the middle: half a sentence says something else.
            if frase.endswith((".", "!")):
                yield frase


def _confere(frase: str, numeros: Conhecidos) -> bool:
    for data in numeros.datas:
        frase = re.sub(rf"(?<![0-9/]){re.escape(data)}(?![0-9/])", "", frase)
    if _NAO_CONFERIVEL.search(frase) or any(c.isnumeric() and not c.isascii() for c in frase):
        return False
    return all(_e_conhecido(achado, numeros) for achado in _NUMERO.finditer(frase))


def _e_conhecido(achado: re.Match[str], numeros: Conhecidos) -> bool:
    try:
        valor = ler(achado["numero"])
    except ValueError:
        return False
    return valor in (numeros.percentuais if achado["unidade"] else numeros.contagens)


def _contagens(funil: MetricasFunil) -> Iterator[int]:
    yield from (
        funil.leads_recebidos,
        funil.leads_enriquecidos,
        funil.leads_enriquecidos_sandbox,
        funil.leads_contatados,
        funil.leads_responderam,
        funil.leads_interessados,
        funil.leads_agendados,
        funil.leads_convertidos,
        funil.leads_descadastrados,
    )
    for taxa in funil.taxas:
        yield from (taxa.numerador, taxa.denominador)
    yield from (objecao.frequencia for objecao in funil.objecoes_recorrentes)
    ponto = movimento(funil)
    if ponto is not None:
        yield from (ponto.recebidos, ponto.contatados, ponto.responderam, ponto.agendados)
