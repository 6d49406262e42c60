"""Tenants: provisioning, settings, clock and audit log; and the health of the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from alquimista.bootstrap import System
from alquimista.plataforma.audit.service import SISTEMA, list_entries, record
from alquimista.plataforma.tenants.domain import Configuracoes
from alquimista.plataforma.tenants.provisioning import EmailEmUso, NovoTenant, provision_tenant
from alquimista.plataforma.tenants.service import ConfiguracaoMudou
from alquimista.settings import Settings
from alquimista_sdk.errors import PermanentError
from tests.integration.plataforma.conta import (
    SENHA,
    client,
    hooks,
    settings,
    system,
    tenant_id,
)

__all__ = ["client", "hooks", "settings", "system", "tenant_id"]


def test_provisioning_is_idempotent(settings: Settings, tenant_id: UUID) -> None:
    same = NovoTenant("Acme", "ana@acme.com.br", SENHA)
    assert provision_tenant(settings.owner_dsn, same) == tenant_id
    with pytest.raises(EmailEmUso):
        provision_tenant(settings.owner_dsn, replace(same, nome="Outra"))


def test_settings_are_read_saved_and_guarded(system: System, tenant_id: UUID) -> None:
    tenants, database = system.services.tenants, system.database
    with database.unit_of_work(tenant_id) as uow:
        before = tenants.settings(uow)
        assert before.emails_gestores == ("ana@acme.com.br",)
        assert tenants.facts(uow).nome == "Acme" and tenants.fuso(uow) == "America/Sao_Paulo"
        tenants.save_settings(uow, replace(before, ddd_padrao="11"), 1, SISTEMA)
    with database.unit_of_work(tenant_id) as uow:
        assert tenants.facts(uow).ddd_padrao == "11"
        with pytest.raises(ConfiguracaoMudou):
            tenants.save_settings(uow, Configuracoes(), 1, SISTEMA)


def test_only_a_sandbox_moves_its_clock(
    system: System, settings: Settings, tenant_id: UUID
) -> None:
    real = provision_tenant(settings.owner_dsn, NovoTenant("Beta", "bia@beta.com.br", SENHA))
    tenants, database = system.services.tenants, system.database
    with database.unit_of_work(tenant_id) as uow:
        tenants.set_clock(uow, timedelta(days=3))
        before = uow.agora
    with database.unit_of_work(tenant_id) as uow:
        assert timedelta(days=3) <= uow.agora - before < timedelta(days=3, minutes=1)
    with database.unit_of_work(real) as uow, pytest.raises(PermanentError):
        tenants.set_clock(uow, timedelta(days=1))


def test_health_tells_component_by_component(
    system: System, client: FlaskClient, settings: Settings
) -> None:
    assert client.get("/health").json == {"ok": True}
    answer = client.get("/health/ready")
    assert answer.status_code == 200, answer.json
    assert answer.get_json()["componentes"]["agentes"]["detalhes"]["recusados"] == ["broken_agent"]
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE alquimista_platform.alembic_version SET version_num = '0001'")
        )
    engine.dispose()
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["componentes"]["migracoes"]["ok"] is False
    assert answer.get_json()["componentes"]["banco_de_dados"]["ok"] is True


def test_the_audit_log_is_read_page_by_page(system: System, tenant_id: UUID) -> None:
    alvo = uuid4()
    with system.database.unit_of_work(tenant_id) as uow:
        for number in range(5):
            record(uow, SISTEMA, f"a{number}", alvo_id=alvo if number % 2 else None)
        first = list_entries(uow, limit=3)
        rest = list_entries(uow, after=(first[-1].created_at, first[-1].id))
        assert len({row.id for row in (*first, *rest)}) == 5
        assert {row.alvo_id for row in list_entries(uow, alvo_id=alvo)} == {alvo}
