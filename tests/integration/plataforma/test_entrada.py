"""Who comes in: people and machines, their roles, tokens and keys, through the HTTP API."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from alquimista.bootstrap import System
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.identity.keys import ensure_signing_key, rotate
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.settings import Settings
from tests.integration.plataforma.conta import (
    SENHA,
    client,
    hooks,
    settings,
    system,
    tenant_id,
    token_of,
)

__all__ = ["client", "hooks", "settings", "system", "tenant_id"]


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
        assert token_of(client)


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
