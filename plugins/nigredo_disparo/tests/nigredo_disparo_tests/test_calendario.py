"""Business days, hours and zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Ritmo
from nigredo_disparo.calendario import Expediente, dia_util, proxima_abertura, somar_dias_uteis
from nigredo_disparo.fuso import fuso_do_lead

HORAS = Expediente(time(9), time(17))


@pytest.mark.parametrize(
    ("dia", "uf", "esperado"),
    [
        (date(2026, 11, 24), None, True),
        (date(2026, 11, 28), None, False),
        (date(2026, 12, 25), None, False),
        (date(2026, 7, 9), "SP", False),
        (date(2026, 7, 9), "sp", False),
        (date(2026, 7, 9), "RJ", True),
        (date(2026, 7, 9), "XX", True),
    ],
)
def test_weekends_and_holidays_of_the_country_and_the_state_are_no_business_days(
    dia: date, uf: str | None, esperado: bool
) -> None:
    assert dia_util(dia, uf) is esperado


def test_business_days_jump_over_the_weekend_and_christmas() -> None:
    assert somar_dias_uteis(date(2026, 12, 23), 2, None) == date(2026, 12, 28)


def test_the_campaigns_hours_are_cut_to_the_legal_ones() -> None:
    assert Expediente.do_ritmo(Ritmo(time(6), time(22))) == Expediente(time(8), time(18))


def test_a_rhythm_outside_the_legal_hours_is_refused() -> None:
    with pytest.raises(PermanentError, match="nenhum minuto"):
        Expediente.do_ritmo(Ritmo(time(18), time(21)))


@pytest.mark.parametrize(
    ("momento", "esperado"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)),
        (datetime(2026, 11, 24, 15, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC)),
        (datetime(2026, 11, 24, 20, tzinfo=UTC), datetime(2026, 11, 25, 12, tzinfo=UTC)),
        (datetime(2026, 11, 28, 15, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)),
    ],
)
def test_the_next_opening_is_now_later_today_or_on_the_next_business_day(
    momento: datetime, esperado: datetime
) -> None:
    assert proxima_abertura(momento, HORAS, "America/Sao_Paulo", None) == esperado


@pytest.mark.parametrize(
    ("telefone", "uf", "esperado"),
    [
        ("+5592991234567", "SP", "America/Manaus"),
        ("+551133334444", "AM", "America/Sao_Paulo"),
        ("+556833334444", None, "America/Rio_Branco"),
        (None, "mt", "America/Cuiaba"),
        (None, "BA", "America/Sao_Paulo"),
        (None, None, "America/Noronha"),
        ("+14155550100", None, "America/Noronha"),
    ],
)
def test_the_zone_is_that_of_the_ddd_then_of_the_state_then_the_tenants(
    telefone: str | None, uf: str | None, esperado: str
) -> None:
    assert fuso_do_lead(telefone, uf, "America/Noronha") == esperado
