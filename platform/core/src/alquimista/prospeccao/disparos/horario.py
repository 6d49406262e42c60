"""Business hours in the lead's own time zone: 08:00-18:00, Monday to Friday, no holidays.

Zones by DDD follow Anatel's numbering plan and Brazil's legal time (Decreto 2.784/1913, Lei
11.662/2008, Lei 12.876/2013).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

ABERTURA = time(8, 0)
FECHAMENTO = time(18, 0)
_FUSO_POR_DDD = {
    "65": "America/Cuiaba",
    "66": "America/Cuiaba",
    "67": "America/Campo_Grande",
    "68": "America/Rio_Branco",
    "69": "America/Porto_Velho",
    "92": "America/Manaus",
    "95": "America/Boa_Vista",
    "97": "America/Manaus",
}
_FUSO_POR_UF = {
    "MT": "America/Cuiaba",
    "MS": "America/Campo_Grande",
    "AC": "America/Rio_Branco",
    "RO": "America/Porto_Velho",
    "AM": "America/Manaus",
    "RR": "America/Boa_Vista",
}
_BRASILIA = "America/Sao_Paulo"


def fuso_do_lead(telefone: str | None, uf: str | None, fuso_do_tenant: str) -> str:
    """The IANA zone of a lead: by the DDD of its E.164 phone, else by UF, else the tenant's."""
    if telefone and telefone.startswith("+55") and len(telefone) >= 5:
        return _FUSO_POR_DDD.get(telefone[3:5], _BRASILIA)
    if uf:
        return _FUSO_POR_UF.get(uf.upper(), _BRASILIA)
    return fuso_do_tenant


@lru_cache(maxsize=256)
def _feriados(ano: int, uf: str | None) -> holidays.HolidayBase:
    known = uf if uf in holidays.Brazil.subdivisions else None
    return holidays.country_holidays("BR", subdiv=known, years=ano, language="pt_BR")


def feriado(dia: date, uf: str | None) -> str | None:
    """The name of the national or state holiday of that day, if it is one."""
    name = _feriados(dia.year, uf.upper() if uf else None).get(dia)
    return str(name) if name else None


def dia_util(dia: date, uf: str | None) -> bool:
    """Monday to Friday and no holiday."""
    return dia.weekday() < 5 and feriado(dia, uf) is None


def dentro_do_expediente(agora: datetime, fuso: str) -> bool:
    """Whether ``agora`` (aware) is between 08:00 and 18:00, Monday to Friday, in ``fuso``."""
    local = agora.astimezone(ZoneInfo(fuso))
    return local.weekday() < 5 and ABERTURA <= local.time() < FECHAMENTO


def proxima_abertura(agora: datetime, fuso: str, uf: str | None) -> datetime:
    """The first moment at or after ``agora`` inside business hours of a working day, UTC-aware."""
    zone = ZoneInfo(fuso)
    local = agora.astimezone(zone)
    if dia_util(local.date(), uf) and local.time() < FECHAMENTO:
        if local.time() >= ABERTURA:
            return agora
        return datetime.combine(local.date(), ABERTURA, zone).astimezone(agora.tzinfo)
    dia = local.date() + timedelta(days=1)
    while not dia_util(dia, uf):
        dia += timedelta(days=1)
    return datetime.combine(dia, ABERTURA, zone).astimezone(agora.tzinfo)
