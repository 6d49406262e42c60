"""The tick: each schedule fires once, at the hour of the tenant's own zone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.marketplace import service as marketplace
from alquimista_sdk.manifest import Schedule
from tests.integration.runtime.brinquedo import Brinquedo, Oficina, nothing
from tests.integration.runtime.conftest import Abrir

DIARIO = Schedule("diario", "0 8 * * *")
Toy = Callable[[], Brinquedo]


def daily(**more: Any) -> Brinquedo:
    """A toy that wakes at eight."""
    return Brinquedo("diario", schedules=(DIARIO,), **more)


def move_to_zone(oficina: Oficina, toy: Brinquedo, fuso: str) -> None:
    """The tenant lives elsewhere; activating again sets its timers by its own clock."""
    with oficina.owner() as connection:
        connection.execute(
            text("UPDATE alquimista_platform.tenants SET fuso_horario = :fuso"), {"fuso": fuso}
        )
    services = oficina.system.services
    with oficina.uow() as uow:
        marketplace.deactivate(services.ports, uow, services.catalogue, toy.slug, SISTEMA)
    oficina.ativa(toy)


def jump(oficina: Oficina) -> datetime:
    """Move business time to the next timer; answers when that is."""
    with oficina.uow() as uow:
        due = oficina.system.timers.next_due(uow.connection, oficina.tenant_id)
        assert due is not None
        oficina.system.services.tenants.move_clock(uow, max(due - uow.agora, timedelta(0)))
    return due


@pytest.mark.parametrize(
    "fuso",
    ["America/Sao_Paulo", "America/Manaus", "America/Rio_Branco", "America/Noronha"],
)
def test_a_schedule_fires_at_eight_of_the_tenants_zone_day_after_day(
    abrir: Abrir, fuso: str
) -> None:
    toy = daily()
    oficina = abrir(toy)
    move_to_zone(oficina, toy, fuso)
    days = []
    for _ in range(3):
        due = jump(oficina).astimezone(ZoneInfo(fuso))
        assert (due.hour, due.minute, due.second) == (8, 0, 0)
        days.append(due.date())
        assert oficina.system.ticker.tick() == 1
        oficina.roda()
    assert [b - a for a, b in pairwise(days)] == [timedelta(days=1)] * 2
    assert [(e.source, e.type) for e in toy.calls] == [("alquimista.timer", "diario")] * 3


@pytest.mark.parametrize(
    ("fuso", "before"),
    [
        ("America/New_York", datetime(2027, 3, 12, tzinfo=ZoneInfo("UTC"))),
        ("America/New_York", datetime(2027, 11, 5, tzinfo=ZoneInfo("UTC"))),
        ("Europe/Lisbon", datetime(2027, 3, 26, tzinfo=ZoneInfo("UTC"))),
    ],
)
def test_eight_o_clock_stays_eight_when_clocks_change(
    abrir: Abrir, fuso: str, before: datetime
) -> None:
    toy = daily()
    oficina = abrir(toy)
    oficina.avancar(before - oficina.agora())
    move_to_zone(oficina, toy, fuso)
    for _ in range(4):
        due = jump(oficina).astimezone(ZoneInfo(fuso))
        assert (due.hour, due.minute) == (8, 0)
        assert oficina.system.ticker.tick() == 1


def test_nothing_fires_before_its_time(abrir: Abrir) -> None:
    oficina = abrir(daily())
    with oficina.uow() as uow:
        due = oficina.system.timers.next_due(uow.connection, oficina.tenant_id)
        assert due is not None
        step = due - uow.agora - timedelta(seconds=30)
    oficina.avancar(step)
    assert oficina.system.ticker.tick() == 0
    oficina.avancar(timedelta(seconds=31))
    assert oficina.system.ticker.tick() == 1
    assert oficina.system.ticker.tick() == 0


def test_eight_tickers_at_once_fire_once(abrir: Abrir) -> None:
    toy = daily()
    oficina = abrir(toy)
    ports = oficina.system.services.ports
    with oficina.uow() as uow:
        for _ in range(20):
            ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora, "rajada", uuid4())
    jump(oficina)
    oficina.avancar(timedelta(days=1))
    with ThreadPoolExecutor(8) as pool:
        fired = list(pool.map(lambda _: oficina.system.ticker.tick(), range(8)))
    assert sum(fired) == 21
    events = oficina.rows(
        "SELECT type FROM fibonacci_core.events WHERE source = 'alquimista.timer'"
    )
    assert sorted(row.type for row in events) == ["diario"] + ["rajada"] * 20
    oficina.roda()
    assert len(toy.calls) == 1


def test_a_missed_morning_fires_once_not_once_a_day(abrir: Abrir) -> None:
    toy = daily()
    oficina = abrir(toy)
    oficina.avancar(timedelta(days=10))
    assert oficina.system.ticker.tick() == 1
    assert oficina.system.ticker.tick() == 0
    oficina.roda()
    assert len(toy.calls) == 1


def test_a_deactivated_agent_no_longer_wakes(abrir: Abrir) -> None:
    toy = daily()
    oficina = abrir(toy)
    services = oficina.system.services
    with oficina.uow() as uow:
        marketplace.deactivate(services.ports, uow, services.catalogue, toy.slug, SISTEMA)
        assert oficina.system.timers.next_due(uow.connection, oficina.tenant_id) is None


def test_a_suspended_tenant_wakes_nobody_and_goes_on_when_it_is_back(abrir: Abrir) -> None:
    toy = daily(handle=nothing)
    oficina = abrir(toy)
    oficina.muda_conta("suspenso")
    jump(oficina)
    oficina.system.ticker.tick()
    oficina.roda()
    assert toy.calls == []
    oficina.muda_conta("ativo")
    jump(oficina)
    oficina.system.ticker.tick()
    oficina.roda()
    assert len(toy.calls) == 1


def test_a_schedule_that_the_installed_version_dropped_ends_quietly(abrir: Abrir) -> None:
    toy = daily()
    oficina = abrir(toy)
    ports = oficina.system.services.ports
    kind = marketplace.timer_kind("brinquedo_que_saiu", "diario")
    with oficina.uow() as uow:
        ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora, kind, uow.tenant_id)
    assert oficina.system.ticker.tick() == 1
    assert oficina.system.ticker.tick() == 0
    assert oficina.rows("SELECT 1 FROM fibonacci_core.events") == []


def test_a_timer_that_nothing_handles_is_a_dead_letter(abrir: Abrir) -> None:
    oficina = abrir(daily())
    worker = oficina.system.worker(("alquimista_plataforma",))
    consumer = oficina.system.consumers["alquimista_plataforma"]
    with oficina.uow() as uow:
        ports = oficina.system.services.ports
        ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora, "rajada", uuid4())
    vars(consumer)["_handlers"].pop("rajada")
    oficina.system.ticker.tick()
    worker.run_once(5)
    [letter] = oficina.mortas()
    assert "nothing handles" in letter.error_text
