"""Business days and sending hours in the lead's own zone.

Decision 14: 08:00 to 18:00, Monday to Friday, no national or state holidays. Holidays come from
the ``holidays`` library (public holidays of Brazil and of the state).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Ritmo

ABERTURA_LEGAL = time(8, 0)
FECHAMENTO_LEGAL = time(18, 0)
_UM_DIA = timedelta(days=1)
_UFS = frozenset(
    {"AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"}
    | {"PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"}
)


@dataclass(frozen=True, slots=True)
class Expediente:
    """Sending hours of a day, in the lead's zone: from ``inicio`` to just before ``fim``."""

    inicio: time
    fim: time

    @classmethod
    def do_ritmo(cls, ritmo: Ritmo) -> Expediente:
        """The campaign's hours, cut to the hours of decision 14.

        Raises:
            PermanentError: nothing of the campaign's hours lies inside them.
        """
        inicio = max(ritmo.hora_inicio, ABERTURA_LEGAL)
        fim = min(ritmo.hora_fim, FECHAMENTO_LEGAL)
        if (fim.hour, fim.minute) <= (inicio.hour, inicio.minute):
            raise PermanentError(
                "o ritmo da campanha não tem nenhum minuto entre 08h e 18h", code="ritmo_invalido"
            )
        return cls(inicio.replace(second=0, microsecond=0), fim.replace(second=0, microsecond=0))


@lru_cache(maxsize=256)
def _feriados(ano: int, uf: str | None) -> frozenset[date]:
    subdivisao = uf if uf in _UFS else None
    return frozenset(holidays.country_holidays("BR", subdiv=subdivisao, years=ano))


def dia_util(dia: date, uf: str | None) -> bool:
    """Monday to Friday, and no national holiday nor one of the state ``uf``."""
    return dia.weekday() < 5 and dia not in _feriados(dia.year, uf.upper() if uf else None)


def somar_dias_uteis(dia: date, quantos: int, uf: str | None) -> date:
    """The ``quantos``-th business day after ``dia``."""
    while quantos > 0:
        dia += _UM_DIA
        if dia_util(dia, uf):
            quantos -= 1
    return dia


def proxima_abertura(
    momento: datetime, expediente: Expediente, fuso: str, uf: str | None
) -> datetime:
    """The first moment at or after ``momento`` (aware) inside the sending hours, in ``fuso``."""
    zona = ZoneInfo(fuso)
    local = momento.astimezone(zona)
    dia = local.date()
    if dia_util(dia, uf):
        if local.time() < expediente.inicio:
            return datetime.combine(dia, expediente.inicio, zona)
        if local.time() < expediente.fim:
            return local
    return datetime.combine(somar_dias_uteis(dia, 1, uf), expediente.inicio, zona)
