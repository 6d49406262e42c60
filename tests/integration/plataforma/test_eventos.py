"""Events seen from outside: published, followed, dead and sent again, through the HTTP API."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from alquimista.bootstrap import System
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
