"""kill -9 of worker and PostgreSQL at ten random moments: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.exc import DBAPIError

from alquimista.bootstrap import System
from alquimista.db.embedded import EmbeddedPostgres
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.demo.comando import DEMO_OPTIONS
from alquimista.sandbox.demo.semana import Semana, Visto
from alquimista.sandbox.demo.verificacao import Conferencia, check
from alquimista.sandbox.planilha_suja import escrever
from alquimista.server import WorkerProcess, running_system
from alquimista.settings import BusTimes, Settings
from alquimista_sdk.errors import CriticalError, TransientError
from tests.database import server_home

T = TypeVar("T")
KILLS = 10
BUS = BusTimes(
    agent_limit=timedelta(seconds=4), lease_margin=timedelta(seconds=0.5), visibility_factor=1.25
)


class Stubborn(Semana):
    """A driver that goes on after the database was away, as a person with a browser does."""

    def jump(self, end: datetime) -> tuple[Visto, datetime | None]:
        return _patiently(lambda: super(Stubborn, self).jump(end))

    def handle(self) -> int:
        return _patiently(super().handle)

    def settle(self) -> int:
        return _patiently(super().settle)

    def drain(self) -> None:
        """Handle all that is due now; the worker is another process."""
        _patiently(super().drain)

    def _reading(self) -> Any:
        _patiently(self._ping)
        return super()._reading()

    def _ping(self) -> None:
        with self.system.database.unit_of_work(self.tenant_id):
            pass

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return _patiently(lambda: super(Stubborn, self)._call(method, path, body))


@dataclass
class Assassin:
    """Kills the worker and the server by turns, at random moments, and brings the server back."""

    worker: WorkerProcess
    postgres: EmbeddedPostgres
    seed: int
    killed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill ``KILLS`` times, or until stopped."""
        rng = random.Random(self.seed)
        while len(self.killed) < KILLS and not self.stop.wait(rng.uniform(0.4, 1.6)):
            name = ("worker", "postgres")[len(self.killed) % 2]
            pid = self.worker.pid if name == "worker" else self.postgres.pid
            if pid is None:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.killed.append(name)
            if name == "postgres":
                self.postgres.ensure_running()


def _patiently(call: Callable[[], T], seconds: float = 60.0) -> T:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except (DBAPIError, TransientError, CriticalError) as error:
            if isinstance(error, CriticalError) and "the API answered 5" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _week(system: System, home: Path, assassin: Assassin, semana: Semana) -> None:
    planilha = home / "leads.xlsx"
    escrever(planilha, 80, 11)
    thread = threading.Thread(target=assassin.run, name="assassin")
    semana.start(planilha)
    thread.start()
    try:
        for _ in range(7):
            semana.run(1)
        while len(assassin.killed) < KILLS:
            time.sleep(0.2)
            semana.drain()
    finally:
        assassin.stop.set()
        thread.join()
    semana.drain()


@pytest.mark.faults
def test_killing_worker_and_database_loses_no_event_and_repeats_no_message() -> None:
    with server_home() as home:
        settings = Settings(home=home, master_key=bytes(range(32)), bus=BUS, log_level="CRITICAL")
        assassin, checks = _killed_week(settings)
    assert assassin.killed.count("worker") == KILLS // 2
    assert assassin.killed.count("postgres") == KILLS // 2
    assert [item for item in checks if not item.ok] == []


def _killed_week(settings: Settings) -> tuple[Assassin, list[Conferencia]]:
    home = settings.home
    with running_system(settings, options=DEMO_OPTIONS) as system:
        tenant_id = inquilino_demo.provision(system)
        worker = WorkerProcess(system.settings)
        postgres = EmbeddedPostgres(home, options=DEMO_OPTIONS)
        postgres.start()
        worker.start()
        assassin = Assassin(worker, postgres, seed=20261124)
        try:
            _week(system, home, assassin, Stubborn(system, tenant_id, None, lambda _: None))
        finally:
            worker.stop()
            postgres.stop()
        checks = check(
            system.settings.owner_dsn, system.topology, tenant_id, por_hora=100, por_dia=500
        )
    return assassin, checks
