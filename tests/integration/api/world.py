"""A system that several tests share: its tenants, its callers, and every route of its app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from alquimista.bootstrap import System, build
from alquimista.http.routes import routes as app_routes
from alquimista.plataforma.identity import tokens
from alquimista.plataforma.identity.keys import PURPOSE, KeyRing, ensure_signing_key, stored_keys
from alquimista.plataforma.marketplace.service import sync_catalogue
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.prospeccao.leads.saida import token_de
from alquimista.runtime.admission import Catalogue
from alquimista.sandbox import inquilino_demo
from alquimista.server import sandbox_services
from tests.database import Server, copied_database
from tests.integration.conftest import Way, app_of, settings_of

SENHA = "Segredo123"
ERROR_KEYS = {"code", "status", "message", "errors", "trace_id"}
NOBODY = UUID(int=1)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one rule, with a path whose ids name nothing that exists."""

    method: str
    rule: str
    path: str
    permission: str | None
    reason: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


@contextmanager
def open_way(
    server: Server, template: str, home: Path, catalogue: Catalogue | None = None
) -> Iterator[Way]:
    """The demo tenant's admin, signed in, on a system and a database of its own."""
    with copied_database(server, template) as urls:
        settings = settings_of(urls, home)
        ensure_signing_key(settings)
        with sandbox_services(settings) as served:
            system = build(served, catalogue=catalogue)
            try:
                sync_catalogue(settings.owner_dsn, system.services.catalogue)
                tenant_id = inquilino_demo.provision(system)
                found = Way(system, tenant_id, app_of(system).test_client())
                found.login(inquilino_demo.EMAIL, inquilino_demo.SENHA)
                yield found
            finally:
                system.close()


def another_tenant(system: System, nome: str, *, papel: str = "admin", sandbox: bool = True) -> Way:
    """A person with a role in a tenant of their own, signed in."""
    email = f"{uuid4().hex[:8]}@outra.example.com"
    novo = NovoTenant(nome=nome, email=email, senha=SENHA, sandbox=sandbox)
    tenant_id = provision_tenant(system.settings.owner_dsn, novo)
    as_owner(
        system,
        "UPDATE alquimista_platform.memberships SET papel = :papel WHERE tenant_id = :tenant",
        papel=papel,
        tenant=tenant_id,
    )
    found = Way(system, tenant_id, app_of(system).test_client())
    found.login(email, SENHA)
    return found


def address_to_leave_by(way: Way, lead: dict[str, Any]) -> str:
    """The path of a lead's unsubscribe link, as its letters have it."""
    ports = way.system.services.ports
    return f"/descadastro/{token_de(ports.digest, way.tenant_id, UUID(lead['id']))}"


def as_owner(system: System, statement: str, **values: Any) -> None:
    """Run a statement as the owner login, which sees every tenant."""
    engine = create_engine(system.settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def audited(way: Way, action_type: str) -> list[Any]:
    """The tenant's audit entries of one action, oldest first."""
    return way.rows(
        "SELECT ator_tipo, ator_id, agent_id, alvo_id, resultado, detalhes, trace_id "
        f"FROM alquimista_platform.audit_logs WHERE action_type = '{action_type}' "
        "ORDER BY created_at, id"
    )


def token_of(system: System, user_id: UUID, *, age: timedelta = timedelta(0)) -> str:
    """A token of the system's own key and of a live session, issued ``age`` ago."""
    ring = KeyRing(lambda: stored_keys(system.database), system.settings.key(PURPOSE))
    kid, private = ring.signing()
    answer = tokens.issue(
        user_id,
        session_of(system, user_id),
        issuer=system.settings.url_publica,
        kid=kid,
        private_pem=private,
        agora=datetime.now(UTC) - age,
    )
    return answer.access_token


def session_of(system: System, user_id: UUID) -> UUID:
    """A new session of a person; of nobody where there is no such person."""
    sessao_id = uuid4()
    as_owner(
        system,
        "INSERT INTO alquimista_platform.sessoes (id, user_id, segundo_fator, rede, dispositivo, "
        "created_at, ultimo_uso_em, expira_em) SELECT :id, id, false, '', '', clock_timestamp(), "
        "clock_timestamp(), clock_timestamp() + interval '1 day' "
        "FROM alquimista_platform.users WHERE id = :person",
        id=sessao_id,
        person=user_id,
    )
    return sessao_id


def routes(app: Flask) -> list[Route]:
    """Every route of the app, each with a path that can be called."""
    found = []
    for route in app_routes(app):
        path = re.sub(r"<uuid:\w+>", str(NOBODY), route.rule)
        path = re.sub(r"<string:\w+>", "inexistente", path)
        path = re.sub(r"<path:\w+>", "nada", path)
        found.append(Route(route.method, route.rule, path, route.permission, route.reason))
    return found


def assert_error(response: TestResponse, *codes: int, hint: object = "") -> dict[str, Any]:
    """The one error shape: five keys, a Portuguese message, and the trace id twice."""
    said = f"{hint}: {response.status_code} {response.get_data(as_text=True)[:300]}"
    assert response.status_code in codes, said
    assert response.mimetype == "application/json", said
    body: dict[str, Any] = response.get_json()
    assert set(body) == ERROR_KEYS, said
    assert body["code"] == response.status_code, said
    assert body["status"] and isinstance(body["status"], str), said
    assert isinstance(body["errors"], dict), said
    assert body["message"], said
    assert not is_english(body["message"]), said
    assert not is_english(str(body["errors"])), said
    assert str(UUID(body["trace_id"])) == response.headers["X-Trace-Id"], said
    return body


def is_english(message: str) -> bool:
    """Whether a message holds words that only an English one has."""
    words = set(message.lower().replace(",", " ").replace(".", " ").replace("'", " ").split())
    return bool(words & {"the", "not", "is", "was", "for", "server", "request", "must", "missing"})


def imports(way: Way) -> int:
    """How many imports the tenant has."""
    count: int = way.rows("SELECT count(*) AS n FROM nigredo_leads.importacoes")[0].n
    return count
