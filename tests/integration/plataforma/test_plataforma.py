"""Identity, tenants, marketplace, events and health on a real database, through the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from alquimista.app import create_app
from alquimista.bootstrap import System, build
from alquimista.plataforma.audit.service import SISTEMA, list_entries, record
from alquimista.plataforma.identity.keys import ensure_signing_key, rotate
from alquimista.plataforma.marketplace import service as marketplace
from alquimista.plataforma.tenants.domain import Configuracoes
from alquimista.plataforma.tenants.provisioning import EmailEmUso, NovoTenant, provision_tenant
from alquimista.plataforma.tenants.service import ConfiguracaoMudou
from alquimista.runtime.admission import AdmittedAgent, Catalogue, RefusedAgent
from alquimista.settings import Settings
from alquimista_sdk.errors import PermanentError
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


def test_a_person_comes_in_and_learns_who_they_are(client: FlaskClient, tenant_id: UUID) -> None:
    answer = client.get("/api/me", headers=token_of(client, "  ANA@acme.com.br "))
    assert answer.status_code == 200, answer.json
    assert answer.get_json()["tenant"]["id"] == str(tenant_id)
    assert answer.get_json()["papel"] == "admin"
    assert answer.get_json()["usuario"]["email"] == "Ana@acme.com.br"
    keys = client.get("/.well-known/jwks.json").get_json()["keys"]
    assert keys[0]["kty"] == "RSA" and set(keys[0]) == {"kty", "use", "alg", "kid", "n", "e"}


def test_unknown_suspended_and_mistaken_get_one_answer(
    client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    def refused(email: str, senha: str) -> tuple[int, str]:
        answer = client.post("/api/auth/login", json={"email": email, "senha": senha})
        return answer.status_code, answer.get_json()["message"]

    mistaken = refused("ana@acme.com.br", "Errada123")
    unknown = refused("ninguem@acme.com.br", SENHA)
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.users SET status = 'suspenso'"))
    engine.dispose()
    assert mistaken == unknown == refused("ana@acme.com.br", SENHA)
    assert mistaken[0] == 401


def test_guesses_are_counted_also_at_once_and_the_wait_is_told(
    system: System, client: FlaskClient, tenant_id: UUID
) -> None:
    codes: list[int] = []

    def guess() -> None:
        app = client.application.test_client()
        answer = app.post(
            "/api/auth/login", json={"email": "ana@acme.com.br", "senha": "Errada123"}
        )
        codes.append(answer.status_code)

    threads = [Thread(target=guess) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [401] * 5 + [429] * 5
    answer = client.post("/api/auth/login", json={"email": "ana@acme.com.br", "senha": SENHA})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 30


def test_success_takes_the_attempts_back(client: FlaskClient, tenant_id: UUID) -> None:
    for _ in range(3):
        for _ in range(4):
            client.post("/api/auth/login", json={"email": "ana@acme.com.br", "senha": "Errada123"})
        token_of(client)


def test_a_role_change_and_a_suspended_tenant_count_at_once(
    client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    headers = token_of(client)
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.memberships SET papel = 'viewer'"))
    assert client.post("/api/agents/toy_agent/activate", headers=headers).status_code == 403
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.tenants SET status = 'suspenso'"))
    engine.dispose()
    assert client.get("/api/me", headers=headers).status_code == 403


def test_a_foreign_tenant_cannot_be_chosen(
    client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    other = provision_tenant(settings.owner_dsn, NovoTenant("Beta", "bia@beta.com.br", SENHA))
    headers = token_of(client)
    assert client.get("/api/me", headers={**headers, "X-Tenant": str(other)}).status_code == 401
    assert client.get("/api/me", headers={**headers, "X-Tenant": str(tenant_id)}).status_code == 200
    assert client.get("/api/me", headers={**headers, "X-Tenant": "x"}).status_code == 401


def test_old_tokens_stay_valid_after_a_rotation(
    client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    headers = token_of(client)
    rotate(settings)
    assert client.get("/api/me", headers=headers).status_code == 200


def test_another_server_key_is_told_at_start(settings: Settings) -> None:
    with pytest.raises(Exception, match="ALQUIMISTA_CHAVE"):
        ensure_signing_key(replace(settings, master_key=b"x" * 32))


def test_keys_of_machines_are_found_expire_and_are_revoked(
    system: System, client: FlaskClient, tenant_id: UUID
) -> None:
    identity, database = system.services.identity, system.database
    with database.unit_of_work(tenant_id) as uow:
        key = identity.create_key(uow, "crm", ["events:publish:crm.*"], SISTEMA)
        old = identity.create_key(
            uow, "velha", ["leads:read"], SISTEMA, datetime.now(UTC) - timedelta(seconds=1)
        )
    headers = {"Authorization": f"Bearer {key.chave}"}
    assert client.get("/api/me", headers=headers).get_json()["chave"]["nome"] == "crm"
    assert client.get("/api/leads", headers=headers).status_code == 403
    assert (
        client.get("/api/me", headers={"Authorization": f"Bearer {old.chave}"}).status_code == 401
    )
    body = {"source": "crm.acme", "type": "novo", "detail": {"a": 1}}
    assert client.post("/events", json=body, headers=headers).status_code == 202
    for source in ("outra.origem", "nigredo.recebimento", "alquimista.timer"):
        assert (
            client.post("/events", json={**body, "source": source}, headers=headers).status_code
            == 403
        )
    with database.unit_of_work(tenant_id) as uow:
        identity.revoke_key(uow, key.id, SISTEMA)
    assert client.get("/api/me", headers=headers).status_code == 401


def test_a_granted_permission_adds_to_the_role(
    system: System, settings: Settings, tenant_id: UUID, client: FlaskClient
) -> None:
    headers = token_of(client)
    identity, database = system.services.identity, system.database
    admin = identity.authenticate(headers["Authorization"].split()[1])
    assert admin.user_id is not None
    with database.unit_of_work(tenant_id) as uow:
        identity.grant(uow, admin.user_id, "events:publish:crm.acme", admin)
        identity.grant(uow, admin.user_id, "events:publish:crm.acme", admin)
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alquimista_platform.memberships SET papel = 'operator'"))
    engine.dispose()
    operator = identity.authenticate(headers["Authorization"].split()[1])
    assert "events:publish" in operator.permissoes
    assert "leads:write" not in operator.permissoes


def test_events_are_published_and_followed(client: FlaskClient, tenant_id: UUID) -> None:
    headers, trace = token_of(client), str(uuid4())
    body = {"source": "fibonacci.demo", "type": "test", "detail": {"message": "Olá"}}
    answer = client.post("/events", json=body, headers={**headers, "X-Trace-Id": trace})
    assert answer.status_code == 202
    found = client.get(f"/api/events?trace_id={trace}", headers=headers).get_json()["itens"]
    assert [event["id"] for event in found] == [answer.get_json()["id"]]
    assert client.get("/api/events", headers=headers).get_json()["itens"] == found
    bad = {
        "source": "nigredo.recebimento",
        "type": "completed",
        "detail": {"subject": {"type": "x"}},
    }
    assert client.post("/events", json=bad, headers=headers).status_code == 422
    big = {**body, "detail": {"a": "x" * (256 * 1024)}}
    assert client.post("/events", json=big, headers=headers).status_code == 413
    bigger = {**body, "detail": {"a": "x" * (512 * 1024)}}
    assert client.post("/events", json=bigger, headers=headers).status_code == 413
    assert (
        client.post(
            "/events", data="{", headers=headers, content_type="application/json"
        ).status_code
        == 400
    )
    assert client.post("/events", json=body).status_code == 401


def test_dead_letters_are_shown_masked_and_sent_again_once(
    system: System, client: FlaskClient, settings: Settings, tenant_id: UUID
) -> None:
    headers = token_of(client)
    body = {"source": "fibonacci.demo", "type": "test", "detail": {"message": "Olá"}}
    event_id = client.post("/events", json=body, headers=headers).get_json()["id"]
    engine, dead = create_engine(settings.owner_dsn), uuid4()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, "
                "error_class, error_text, receives) "
                "VALUES (:id, :tenant, 'fibonacci_demo', :event, 'permanent', "
                "'bad phone +5511987654321 of ana@x.com', 1)"
            ),
            {"id": dead, "tenant": tenant_id, "event": event_id},
        )
    engine.dispose()
    found = client.get("/api/dead-letters?pendentes=true", headers=headers).get_json()
    assert found["itens"][0]["source"] == "fibonacci.demo"
    assert (
        "98765" not in found["itens"][0]["error_text"]
        and "@" not in found["itens"][0]["error_text"]
    )
    assert client.post(f"/api/dead-letters/{dead}/redrive", headers=headers).status_code == 202
    assert client.post(f"/api/dead-letters/{dead}/redrive", headers=headers).status_code == 409
    assert client.post(f"/api/dead-letters/{uuid4()}/redrive", headers=headers).status_code == 404
    assert client.get("/api/dead-letters?pendentes=true", headers=headers).get_json()["itens"] == []
    other = provision_tenant(settings.owner_dsn, NovoTenant("Beta", "bia@beta.com.br", SENHA))
    assert other
    theirs = token_of(client, "bia@beta.com.br")
    assert client.get("/api/dead-letters", headers=theirs).get_json()["itens"] == []
    assert client.post(f"/api/dead-letters/{dead}/redrive", headers=theirs).status_code == 404


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
    listed = {agent["id"]: agent for agent in client.get("/api/agents", headers=headers).get_json()}
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
