"""When a schedule is due next, in the tenant's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.runtime.ticker import next_run

ZONAS = (
    "America/Sao_Paulo",
    "America/Manaus",
    "America/Rio_Branco",
    "America/Noronha",
    "America/New_York",
    "Europe/Lisbon",
)
MOMENTS = st.integers(0, 2 * 366 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(MOMENTS, st.sampled_from(ZONAS))
def test_a_daily_schedule_is_due_within_a_day_at_its_local_hour(agora: datetime, fuso: str) -> None:
    due = next_run("0 8 * * *", agora, fuso)
    assert agora < due <= agora + timedelta(hours=25)
    local = due.astimezone(ZoneInfo(fuso))
    assert (local.hour, local.minute, local.second) == (8, 0, 0)


@given(MOMENTS, st.sampled_from(ZONAS))
def test_a_weekday_schedule_never_falls_on_a_weekend(agora: datetime, fuso: str) -> None:
    due = next_run("30 7 * * 1-5", agora, fuso).astimezone(ZoneInfo(fuso))
    assert due.weekday() < 5
    assert (due.hour, due.minute) == (7, 30)


def test_at_the_very_moment_it_is_due_the_next_one_is_tomorrows() -> None:
    eight = datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
    assert next_run("0 8 * * *", eight, "America/Sao_Paulo") == eight + timedelta(days=1)


@pytest.mark.parametrize(
    ("fuso", "hour"),
    [("America/Sao_Paulo", 11), ("America/Manaus", 12), ("America/Rio_Branco", 13)],
)
def test_the_answer_is_in_utc(fuso: str, hour: int) -> None:
    due = next_run("0 8 * * *", datetime(2026, 11, 30, tzinfo=UTC), fuso)
    assert due == datetime(2026, 11, 30, hour, tzinfo=UTC)
    assert due.utcoffset() == timedelta(0)
