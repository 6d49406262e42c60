"""An account with one toy agent, and what tests of the platform need of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from alquimista.app import create_app
from alquimista.bootstrap import System, build
from alquimista.plataforma.identity.keys import ensure_signing_key
from alquimista.plataforma.marketplace import service as marketplace
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.runtime.admission import AdmittedAgent, Catalogue, RefusedAgent
from alquimista.settings import Settings
from alquimista_sdk.manifest import parse_manifest
from tests.database import Urls

SENHA = "Segredo123"
MANIFESTO = """
slug = "toy_agent"
name = "toy"
version = "{version}"
title = "Brinquedo"
description = "Um agente de teste."
category = "prospeccao"
publisher = "Teste"
sdk = ">=0.1,<0.2"
source = "toy.agent"
timeout_s = 30
memory_mb = 256
[[scopes]]
name = "leads:read"
reason = "Ler leads."
[[subscriptions]]
name = "eventos"
pattern = {{ source = ["toy.agent"] }}
[[schedules]]
name = "diario"
cron = "0 8 * * *"
[[publishes]]
name = "toy.agent.feito"
[config]
type = "object"
additionalProperties = false
[config.properties.limite]
type = "integer"
title = "Limite diário"
default = 10
minimum = 1
"""


class ToyHooks:
    """What the toy's hooks saw; each may be told to fail."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.fail: Exception | None = None

    def on_activate(self, *, context: Any) -> None:
        self._note("on_activate", context.config)

    def on_upgrade(self, *, from_version: str, context: Any) -> None:
        self._note("on_upgrade", from_version)

    def on_deactivate(self, *, context: Any) -> None:
        self._note("on_deactivate", None)

    def _note(self, name: str, value: Any) -> None:
        self.seen.append((name, value))
        if self.fail is not None:
            raise self.fail


def catalogue_of(hooks: ToyHooks, version: str = "1.0.0") -> Catalogue:
    manifest = parse_manifest(MANIFESTO.format(version=version))
    agent = AdmittedAgent(
        manifest,
        {
            "agent_on_activate": hooks.on_activate,
            "agent_on_upgrade": hooks.on_upgrade,
            "agent_on_deactivate": hooks.on_deactivate,
        },
    )
    return Catalogue({"toy_agent": agent}, {"broken_agent": RefusedAgent("broken_agent", "boom")})


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    made = Settings(
        home=tmp_path,
        master_key=bytes(32),
        database_url=fresh_database.owner,
        app_database_url=fresh_database.app,
        relay_database_url=fresh_database.relay,
    )
    ensure_signing_key(made)
    return made


@pytest.fixture
def hooks() -> ToyHooks:
    return ToyHooks()


@pytest.fixture
def system(settings: Settings, hooks: ToyHooks) -> Iterator[System]:
    catalogue = catalogue_of(hooks)
    marketplace.sync_catalogue(settings.owner_dsn, catalogue)
    made = build(settings, catalogue=catalogue)
    yield made
    made.close()


@pytest.fixture
def tenant_id(settings: Settings) -> UUID:
    return provision_tenant(
        settings.owner_dsn, NovoTenant("Acme", "Ana@acme.com.br", SENHA, sandbox=True)
    )


@pytest.fixture
def client(system: System) -> FlaskClient:
    return create_app(system.services).test_client()


def token_of(client: FlaskClient, email: str = "ana@acme.com.br") -> dict[str, str]:
    answer = client.post("/api/auth/login", json={"email": email, "senha": SENHA})
    assert answer.status_code == 200, answer.json
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
