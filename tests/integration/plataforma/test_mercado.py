"""The marketplace: activation, configuration, suspension and upgrade of an agent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from alquimista.app import create_app
from alquimista.bootstrap import System, build
from alquimista.plataforma.marketplace import service as marketplace
from alquimista.runtime.admission import Catalogue
from alquimista.settings import Settings
from tests.integration.plataforma.conta import (
    ToyHooks,
    catalogue_of,
    client,
    hooks,
    settings,
    system,
    tenant_id,
    token_of,
)

__all__ = ["client", "hooks", "settings", "system", "tenant_id"]


def _timers(system: System, tenant_id: UUID) -> list[str]:
    with system.database.unit_of_work(tenant_id) as uow:
        return list(
            uow.connection.execute(text("SELECT kind FROM fibonacci_core.timers")).scalars()
        )


def _config(system: System, tenant_id: UUID) -> Any:
    with system.database.unit_of_work(tenant_id) as uow:
        return system.services.tenants.config(uow.connection, tenant_id, "toy_agent")


def test_an_agent_is_activated_configured_and_deactivated(
    system: System, client: FlaskClient, hooks: ToyHooks, tenant_id: UUID
) -> None:
    headers = token_of(client)
    listed = {
        agent["id"]: agent
        for agent in client.get("/api/agents", headers=headers).get_json()["itens"]
    }
    assert listed["toy_agent"]["ativo"] is False
    assert (
        listed["broken_agent"]["erro"] == "boom" and listed["broken_agent"]["status"] == "recusado"
    )
    assert _config(system, tenant_id) is None
    bad = client.post(
        "/api/agents/toy_agent/activate", json={"config": {"limite": 0}}, headers=headers
    )
    assert (
        bad.status_code == 422 and "Limite diário: o menor valor é 1" in bad.get_json()["message"]
    )
    assert client.post("/api/agents/toy_agent/activate", headers=headers).status_code == 200
    assert _config(system, tenant_id) == {"limite": 10}
    assert hooks.seen == [("on_activate", {"limite": 10})]
    assert _timers(system, tenant_id) == ["agenda:toy_agent:diario"]
    again = client.post(
        "/api/agents/toy_agent/activate", json={"config": {"limite": 3}}, headers=headers
    )
    assert again.get_json()["config"] == {"limite": 3} and again.get_json()["ativo"] is True
    assert len(hooks.seen) == 1
    assert (
        client.post("/api/agents/toy_agent/deactivate", headers=headers).get_json()["ativo"]
        is False
    )
    assert hooks.seen[-1][0] == "on_deactivate"
    assert _config(system, tenant_id) is None and _timers(system, tenant_id) == []
    assert client.post("/api/agents/nobody/activate", headers=headers).status_code == 404
    assert client.post("/api/agents/nobody/deactivate", headers=headers).status_code == 404
    assert client.get("/api/agents/nobody", headers=headers).status_code == 404
    refused = client.post("/api/agents/broken_agent/activate", headers=headers)
    assert refused.status_code == 409 and "boom" in refused.get_json()["message"]


def test_a_failing_activation_is_taken_back(
    system: System, client: FlaskClient, hooks: ToyHooks, tenant_id: UUID
) -> None:
    hooks.fail = RuntimeError("não deu")
    headers = token_of(client)
    answer = client.post("/api/agents/toy_agent/activate", headers=headers)
    assert answer.status_code == 409
    assert _config(system, tenant_id) is None and _timers(system, tenant_id) == []
    hooks.fail = None
    client.post("/api/agents/toy_agent/activate", headers=headers)
    hooks.fail = RuntimeError("fico")
    assert client.post("/api/agents/toy_agent/deactivate", headers=headers).status_code == 200
    assert _config(system, tenant_id) is None


def test_a_suspended_agent_or_tenant_has_no_configuration(
    system: System, client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    headers = token_of(client)
    client.post("/api/agents/toy_agent/activate", headers=headers)
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.agents SET suspenso = true"))
    assert _config(system, tenant_id) is None
    assert client.post("/api/agents/toy_agent/activate", headers=headers).status_code == 409
    marketplace.sync_catalogue(settings.owner_dsn, system.services.catalogue)
    assert _config(system, tenant_id) is None
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.agents SET suspenso = false"))
        connection.execute(text("UPDATE alquimista_platform.tenants SET status = 'suspenso'"))
    engine.dispose()
    assert _config(system, tenant_id) is None


def test_an_upgrade_tells_the_agent_its_former_version(
    system: System, settings: Settings, client: FlaskClient, tenant_id: UUID
) -> None:
    client.post("/api/agents/toy_agent/activate", headers=token_of(client))
    hooks = ToyHooks()
    newer = build(settings, catalogue=catalogue_of(hooks, "1.1.0"))
    answer = create_app(newer.services).test_client()
    assert (
        answer.post("/api/agents/toy_agent/activate", headers=token_of(answer)).status_code == 200
    )
    assert hooks.seen == [("on_upgrade", "1.0.0")]
    newer.close()


def test_what_is_no_longer_installed_is_refused(settings: Settings, system: System) -> None:
    marketplace.sync_catalogue(settings.owner_dsn, Catalogue())
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        status = connection.execute(text("SELECT DISTINCT status FROM alquimista_platform.agents"))
        assert status.scalars().all() == ["recusado"]
    engine.dispose()
