"""Which days a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from nigredo_relatorios.numeros import dia


@dataclass(frozen=True, slots=True)
class Periodo:
    """Days of the tenant's calendar, both ends included."""

    inicio: date
    fim: date

    @property
    def dias(self) -> int:
        """How many days."""
        return (self.fim - self.inicio).days + 1

    def __str__(self) -> str:
        return f"{dia(self.inicio)} a {dia(self.fim)}"


def ate_ontem(agora: datetime, fuso: str, dias: int) -> Periodo:
    """The last ``dias`` whole days before the day of ``agora`` in the zone ``fuso``.

    Raises:
        ValueError: ``agora`` has no zone, or ``dias`` is less than one.
    """
    if agora.tzinfo is None:
        raise ValueError("business time is aware")
    if dias < 1:
        raise ValueError("a period has at least one day")
    ontem = agora.astimezone(ZoneInfo(fuso)).date() - timedelta(days=1)
    return Periodo(ontem - timedelta(days=dias - 1), ontem)
