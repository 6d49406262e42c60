"""A whole system on a fresh database, driven as its users do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from alquimista.app import create_app
from alquimista.bootstrap import System, build
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.identity.keys import ensure_signing_key
from alquimista.plataforma.marketplace.service import sync_catalogue
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.demo.semana import Semana, proxima_segunda
from alquimista.server import sandbox_services
from alquimista.settings import ApiLimits, BusTimes, Settings
from tests.database import Server, Urls, copied_database


@dataclass
class Way:
    """One tenant of a system and its admin's session."""

    system: System
    tenant_id: UUID
    client: FlaskClient
    token: str = ""

    def login(self, email: str, senha: str) -> None:
        """Sign in by password."""
        body = self.call("POST", "/api/auth/login", {"email": email, "senha": senha})
        self.token = body["access_token"]

    def response(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Call the API with the session's token."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self.client.open(path, method=method, headers=headers, **options)

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """Call the API and answer its JSON; anything but success fails the test."""
        response = self.response(method, path, body)
        if status is None:
            assert response.status_code < 400, response.get_data(as_text=True)
        else:
            assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def drain(self) -> None:
        """Handle all that is due at the tenant's business time."""
        Semana(self.system, self.tenant_id, self.system.worker(), lambda _: None).drain()

    def advance(self, step: timedelta) -> None:
        """Move business time and handle what became due on the way, timer by timer."""
        goal = self.agora() + step
        while True:
            self.drain()
            with self.uow() as uow:
                due = self.system.timers.next_due(uow.connection, self.tenant_id)
                target = goal if due is None or due > goal else max(due, uow.agora)
                if target > uow.agora:
                    self.system.services.tenants.move_clock(uow, target - uow.agora)
            if target == goal:
                self.drain()
                return

    def advance_to_monday(self) -> None:
        """07:30 in São Paulo of a Monday in a week without holidays."""
        self.advance(proxima_segunda(self.agora()) - self.agora())

    def agora(self) -> datetime:
        """The tenant's business time."""
        with self.uow() as uow:
            moment: datetime = uow.agora
        return moment

    def uow(self) -> Any:
        """A unit of work of the tenant."""
        return self.system.database.unit_of_work(self.tenant_id)

    def rows(self, query: str) -> list[Any]:
        """Rows of a query as the tenant sees them."""
        uow: UnitOfWork
        with self.uow() as uow:
            return list(uow.connection.exec_driver_sql(query).all())


def settings_of(urls: Urls, home: Path) -> Settings:
    """Sandbox settings on a test's database, with short lease and visibility times."""
    return Settings(
        home=home,
        master_key=bytes(range(32)),
        database_url=urls.owner,
        app_database_url=urls.app,
        relay_database_url=urls.relay,
        bus=BusTimes(lease_margin=timedelta(seconds=1)),
        api=ApiLimits(por_chamador=1_000_000, por_conta=1_000_000),
    )


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Handlers and level of the root logger as they were, where a command sets them up."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    """Settings of the fresh database."""
    return settings_of(fresh_database, tmp_path)


@contextmanager
def built_system(settings: Settings) -> Iterator[System]:
    """A composed system with the sandbox's SMTP twin."""
    ensure_signing_key(settings)
    with sandbox_services(settings) as served:
        built = build(replace(served))
        sync_catalogue(settings.owner_dsn, built.services.catalogue)
        yield built
        built.close()


_last_app: list[tuple[System, Flask]] = []


def app_of(system: System) -> Flask:
    """The system's app; the last one is kept, since building it takes longer than most tests."""
    if not (_last_app and _last_app[0][0] is system):
        _last_app[:] = [(system, create_app(system.services))]
    return _last_app[0][1]


def way_of(system: System) -> Way:
    """The demo tenant, its admin signed in."""
    tenant_id = inquilino_demo.provision(system)
    found = Way(system, tenant_id, app_of(system).test_client())
    found.login(inquilino_demo.EMAIL, inquilino_demo.SENHA)
    return found


@contextmanager
def local_way(server: Server, template: str, home: Path) -> Iterator[Way]:
    """The demo tenant of a system whose outside addresses may be on this machine."""
    with copied_database(server, template) as urls:
        settings = replace(settings_of(urls, home), webhooks_locais=("127.0.0.1",))
        with built_system(settings) as system:
            yield way_of(system)


@pytest.fixture
def system(settings: Settings) -> Iterator[System]:
    """A composed system on the fresh database."""
    with built_system(settings) as built:
        yield built


@pytest.fixture
def way(system: System) -> Way:
    """The demo tenant, its admin signed in."""
    return way_of(system)
