"""Business days of meetings: Monday to Friday, no national holiday, none of the lead's state."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

_UFS = frozenset(
    {"AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"}
    | {"PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"}
)


@lru_cache(maxsize=256)
def _feriados(ano: int, uf: str | None) -> frozenset[date]:
    subdivisao = uf if uf in _UFS else None
    return frozenset(holidays.country_holidays("BR", subdiv=subdivisao, years=ano))


def dia_util(dia: date, uf: str | None) -> bool:
    """Whether people meet on that day."""
    return dia.weekday() < 5 and dia not in _feriados(dia.year, uf.upper() if uf else None)


def dias_uteis(hoje: date, quantos: int, uf: str | None, ate: date | None = None) -> list[date]:
    """The next ``quantos`` business days from tomorrow, and those up to ``ate`` where later."""
    dias: list[date] = []
    dia = hoje + timedelta(days=1)
    while len(dias) < quantos or (ate is not None and dia <= ate):
        if dia_util(dia, uf):
            dias.append(dia)
        dia += timedelta(days=1)
    return dias
