"""How many statements a call costs beyond its endpoint's own, so that they cannot creep back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.db.preparing import PreparingCursor
from alquimista.db.roles import APP
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.chamadas.limits import UseLimits
from alquimista.plataforma.identity import passwords
from alquimista.sandbox import inquilino_demo
from tests.integration.api.world import as_owner
from tests.integration.conftest import Way

KEY, TOKEN = "use_api_key", "find_access"
BEYOND = 2
"""The issue's figure: at most so many statements beyond the endpoint's own."""


@contextmanager
def statements(system: System) -> Iterator[list[str]]:
    """What the app login sends while the block runs; ``COMMIT`` where a transaction ends."""
    said: list[str] = []
    engine = system.database.app_engine
    execute = PreparingCursor.execute

    def note(cursor: PreparingCursor, query: Any, vars: Any = None) -> None:
        if cursor.connection.info.user == APP:
            said.append(query)
        execute(cursor, query, vars)

    def commit(_: Any) -> None:
        said.append("COMMIT")

    event.listen(engine, "commit", commit)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(PreparingCursor, "execute", note)
            yield said
    finally:
        event.remove(engine, "commit", commit)


def sent(said: list[str]) -> list[str]:
    """The statements without the ends of transactions."""
    return [statement for statement in said if statement != "COMMIT"]


AMPLE = (10_000, 10_000)
"""Limits of the caller and of its tenant that no test of this module comes near."""


@pytest.fixture(scope="module")
def key(mundo: Way) -> str:
    """A machine's key that reads leads and publishes events."""
    with mundo.uow() as uow:
        scopes = ["leads:read", "events:publish:crm.*"]
        return mundo.system.services.identity.create_key(uow, "conta", scopes, SISTEMA).chave


@pytest.mark.parametrize("finder", [KEY, TOKEN])
def test_a_call_asks_who_calls_in_one_statement_and_opens_the_endpoints_transaction(
    mundo: Way, key: str, finder: str
) -> None:
    headers = {"Authorization": f"Bearer {key if finder == KEY else mundo.token}"}
    assert mundo.client.get("/api/leads", headers=headers).status_code == 200
    with statements(mundo.system) as said:
        assert mundo.client.get("/api/leads", headers=headers).status_code == 200
    who, opening, own = sent(said)
    assert finder in who and "business_now" in opening and "nigredo_leads.leads" in own
    assert len(sent(said)) - 1 <= BEYOND


@pytest.mark.parametrize("finder", [KEY, TOKEN])
def test_a_call_that_takes_a_batch_of_both_limits_takes_it_in_one_statement(
    mundo: Way, key: str, finder: str
) -> None:
    limits = UseLimits(mundo.system.database, *AMPLE, clock=lambda: 1e10 * len(finder))
    client = create_app(replace(mundo.system.services, limits=limits)).test_client()
    headers = {"Authorization": f"Bearer {key if finder == KEY else mundo.token}"}
    with statements(mundo.system) as said:
        assert client.get("/api/leads", headers=headers).status_code == 200
    before = [s for s in sent(said) if "business_now" not in s][:-1]
    assert len(before) <= BEYOND
    assert finder in before[0] and "open_call" in before[1]


def published(client: FlaskClient, key: str, sent_key: str) -> Any:
    """A POST with an idempotency key, which must succeed."""
    body = {"source": "crm.x", "type": "contado", "detail": {"n": 1}}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": sent_key}
    response = client.post("/events", json=body, headers=headers)
    assert response.status_code == 202, response.get_data(as_text=True)
    return response


@pytest.mark.parametrize("batch", [False, True])
def test_a_post_with_a_key_is_opened_in_two_statements_and_its_answer_kept_in_one(
    mundo: Way, key: str, batch: bool
) -> None:
    found = mundo.system.services
    limits = UseLimits(mundo.system.database, *AMPLE, clock=lambda: 1e12)
    if batch:
        found = replace(found, limits=limits)
    client, again = create_app(found).test_client(), uuid4().hex
    if not batch:
        published(client, key, uuid4().hex)
    with statements(mundo.system) as said:
        published(client, key, again)
    calls = sent(said)
    assert KEY in calls[0] and "open_call(" in calls[1] and "open_called_unit" in calls[2]
    assert "close_call" in calls[-1]
    assert sum("close_call" in call or "open_call(" in call for call in calls) == 2
    with statements(mundo.system) as said:
        assert published(client, key, again).headers["Idempotency-Replayed"] == "true"
    who, opening = sent(said)
    assert KEY in who and "open_call(" in opening


def test_the_last_use_of_a_key_is_written_once_a_minute(mundo: Way, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}

    def use() -> Any:
        assert mundo.client.get("/api/leads", headers=headers).status_code == 200
        query = "SELECT ultimo_uso_em, xmin::text AS written FROM alquimista_platform.api_keys"
        [row] = mundo.rows(f"{query} WHERE nome = 'conta'")
        return row

    first, second = use(), use()
    assert first.ultimo_uso_em is not None and first.written == second.written
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.api_keys SET ultimo_uso_em = ultimo_uso_em - "
        "interval '61 seconds' WHERE nome = 'conta'",
    )
    assert use().ultimo_uso_em > second.ultimo_uso_em


def test_a_login_costs_one_verification_eight_statements_and_reads_no_signing_key(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a login costs beside its argon2: measured, reading the key alone cost more than that."""
    body = {"email": inquilino_demo.EMAIL, "senha": inquilino_demo.SENHA}
    assert mundo.client.post("/api/auth/login", json=body).status_code == 200
    worked: list[str] = []
    verify = passwords.verify_password

    def counted(hashed: str | None, senha: str) -> bool:
        worked.append("argon2")
        return verify(hashed, senha)

    def read(*_: Any, **__: Any) -> Any:
        raise AssertionError("the signing key was read again")

    monkeypatch.setattr(passwords, "verify_password", counted)
    monkeypatch.setattr("jose.backends.cryptography_backend.load_pem_private_key", read)
    monkeypatch.setattr("jose.backends.cryptography_backend.load_pem_public_key", read)
    with statements(mundo.system) as said:
        assert mundo.client.post("/api/auth/login", json=body).status_code == 200
    assert worked == ["argon2"]
    assert said.count("COMMIT") == 2
    assert len(sent(said)) <= 8, said
