"""Reading a funnel in words: only what the figures given say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_AMOSTRA_PEQUENA = 30
_DESCADASTRO_ALTO = 5.0
"""Percent of contacted leads from which opt-outs deserve a look at list and message."""


def insights(variaveis: Mapping[str, Any], limite: int) -> str:
    """Sentences about the period, one per line, the most useful first, within ``limite``.

    ``variaveis`` are the fields of ``MetricasFunil`` (at the top, or under ``metricas``).
    """
    nested = variaveis.get("metricas")
    figures = {**variaveis, **nested} if isinstance(nested, Mapping) else variaveis
    lines: list[str] = []
    for line in _lines(figures):
        if lines and len("\n".join([*lines, line])) > limite:
            break
        lines.append(line)
    return "\n".join(lines)


def _lines(figures: Mapping[str, Any]) -> list[str]:
    recebidos = _count(figures, "leads_recebidos")
    contatados = _count(figures, "leads_contatados")
    if recebidos == 0 and contatados == 0:
        return ["Não houve leads no período: a leitura do funil começa com a próxima importação."]
    lines = [_volume(figures, recebidos, contatados)]
    rates = _rates(figures)
    if rates:
        lines.extend(_extremes(rates))
    lines.extend(_objections(figures))
    lines.extend(_opt_outs(figures, contatados))
    if 0 < contatados < _AMOSTRA_PEQUENA:
        lines.append(
            f"A amostra é pequena ({_plural(contatados, 'lead contatado', 'leads contatados')}): "
            "leia as taxas com cautela."
        )
    return lines


def _volume(figures: Mapping[str, Any], recebidos: int, contatados: int) -> str:
    responderam = _count(figures, "leads_responderam")
    agendados = _count(figures, "leads_agendados")
    return (
        f"{_plural(recebidos, 'lead recebido', 'leads recebidos')}, "
        f"{_plural(contatados, 'contatado', 'contatados')}, "
        f"{_plural(responderam, 'resposta', 'respostas')} e "
        f"{_plural(agendados, 'reunião agendada', 'reuniões agendadas')} no período."
    )


def _rates(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = figures.get("taxas")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [
        rate
        for rate in found
        if isinstance(rate, Mapping)
        and rate.get("nome")
        and isinstance(rate.get("valor"), int | float)
        and _count(rate, "denominador") > 0
    ]


def _extremes(rates: Sequence[Mapping[str, Any]]) -> list[str]:
    lowest = min(rates, key=lambda rate: float(rate["valor"]))
    lines = [f"O ponto que mais limita o funil é {_rate(lowest)}."]
    highest = max(rates, key=lambda rate: float(rate["valor"]))
    if highest is not lowest and float(highest["valor"]) > float(lowest["valor"]):
        lines.append(f"O melhor resultado é {_rate(highest)}.")
    return lines


def _rate(rate: Mapping[str, Any]) -> str:
    name = str(rate["nome"]).replace("_", " ")
    parts = f"{_number(_count(rate, 'numerador'))} de {_number(_count(rate, 'denominador'))}"
    return f"{name}: {_percent(float(rate['valor']))} ({parts})"


def _objections(figures: Mapping[str, Any]) -> list[str]:
    found = figures.get("objecoes_recorrentes") or figures.get("objecoes")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    counted = [
        item for item in found if isinstance(item, Mapping) and _count(item, "frequencia") > 0
    ]
    if not counted:
        return []
    top = max(counted, key=lambda item: _count(item, "frequencia"))
    times = _plural(_count(top, "frequencia"), "vez", "vezes")
    return [
        f"A objeção mais frequente foi “{top.get('objecao', '')}” ({times}): vale conferir se a "
        "base de conhecimento responde a ela."
    ]


def _opt_outs(figures: Mapping[str, Any], contatados: int) -> list[str]:
    saidas = _count(figures, "leads_descadastrados")
    if saidas == 0 or contatados == 0:
        return []
    share = 100 * saidas / contatados
    line = f"{_plural(saidas, 'pessoa pediu', 'pessoas pediram')} descadastro ({_percent(share)})"
    if share >= _DESCADASTRO_ALTO:
        return [f"{line}: vale rever a origem da lista e o tom da primeira mensagem."]
    return [f"{line}."]


def _count(figures: Mapping[str, Any], name: str) -> int:
    value = figures.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _plural(count: int, one: str, many: str) -> str:
    return f"{_number(count)} {one if count == 1 else many}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def _percent(value: float) -> str:
    return f"{value:.1f}%".replace(".", ",")
