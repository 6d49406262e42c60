"""Business hours in the lead's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.disparos.horario import (
    dentro_do_expediente,
    dia_util,
    feriado,
    fuso_do_lead,
    proxima_abertura,
)

MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ZONES = st.sampled_from(("America/Sao_Paulo", "America/Manaus", "America/Rio_Branco"))


@pytest.mark.parametrize(
    ("telefone", "uf", "zone"),
    [
        ("+5511987654321", None, "America/Sao_Paulo"),
        ("+5592987654321", "SP", "America/Manaus"),
        ("+556832241234", None, "America/Rio_Branco"),
        (None, "MT", "America/Cuiaba"),
        (None, "pe", "America/Sao_Paulo"),
        (None, None, "America/Noronha"),
        ("+351912345678", "RO", "America/Porto_Velho"),
    ],
)
def test_the_zone_follows_the_ddd_then_the_uf_then_the_tenant(
    telefone: str | None, uf: str | None, zone: str
) -> None:
    assert fuso_do_lead(telefone, uf, "America/Noronha") == zone


def test_holidays_are_national_and_of_the_state() -> None:
    assert feriado(date(2026, 12, 25), None)
    assert feriado(date(2026, 7, 9), "SP")
    assert feriado(date(2026, 7, 9), "RJ") is None
    assert feriado(date(2026, 11, 24), "SP") is None


@given(MOMENTS, ZONES)
def test_the_next_opening_is_open_and_nothing_between_is(moment: datetime, zone: str) -> None:
    opening = proxima_abertura(moment, zone, None)
    assert opening >= moment
    assert dentro_do_expediente(opening, zone)
    assert dia_util(opening.astimezone(ZoneInfo(zone)).date(), None)
    probe = moment
    while probe < opening - timedelta(minutes=30):
        local = probe.astimezone(ZoneInfo(zone))
        assert not (dentro_do_expediente(probe, zone) and dia_util(local.date(), None))
        probe += timedelta(minutes=30)


def test_a_moment_inside_the_hours_is_its_own_opening() -> None:
    moment = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
    assert proxima_abertura(moment, "America/Sao_Paulo", "SP") == moment
