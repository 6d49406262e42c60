"""Which days are reported."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nigredo_relatorios.periodo import Periodo, ate_ontem


def test_the_period_ends_yesterday_and_has_thirty_days() -> None:
    periodo = ate_ontem(datetime(2026, 11, 24, 11, tzinfo=UTC), "America/Sao_Paulo", 30)
    assert periodo == Periodo(date(2026, 10, 25), date(2026, 11, 23))
    assert periodo.dias == 30
    assert str(periodo) == "25/10/2026 a 23/11/2026"


def test_yesterday_is_that_of_the_tenants_zone() -> None:
    """At 02:00 UTC it is still the evening before in Brazil, and the same day in Japan."""
    agora = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert ate_ontem(agora, "America/Sao_Paulo", 1).fim == date(2026, 11, 22)
    assert ate_ontem(agora, "America/Rio_Branco", 1).fim == date(2026, 11, 22)
    assert ate_ontem(agora, "Asia/Tokyo", 1).fim == date(2026, 11, 23)


def test_a_time_without_zone_and_an_empty_period_are_refused() -> None:
    agora = datetime(2026, 11, 24, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        ate_ontem(agora.replace(tzinfo=None), "America/Sao_Paulo", 30)
    with pytest.raises(ValueError, match="at least one day"):
        ate_ontem(agora, "America/Sao_Paulo", 0)
