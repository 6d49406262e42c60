"""As tenant B, everything of tenant A: nothing, by the API and by SQL as the app login."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine, text

from alquimista.bootstrap import System
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from tests.integration.conftest import Way, app_of, settings, system, way
from tests.integration.test_main_way import import_leads, lead_named

__all__ = ["settings", "system", "way"]
OUTRO_EMAIL = "admin@beta.example.com"
OUTRA_SENHA = "BetaSegura9"


@pytest.fixture
def intruder(system: System, way: Way) -> Way:
    """Tenant B's admin, beside tenant A that has leads, campaigns, messages and meetings."""
    import_leads(way)
    same_phone = {"empresa": "Vale", "email": "vale@gmail.com", "telefone": "11987654321"}
    way.call("POST", "/api/leads", same_phone, status=202)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    way.call(
        "POST",
        "/api/sandbox/respostas",
        {"lead_id": lead["id"], "mensagem": "Tenho interesse, vamos agendar"},
    )
    way.advance(timedelta(minutes=2))
    tenant_id = provision_tenant(
        system.settings.owner_dsn,
        NovoTenant(nome="Beta Comércio", email=OUTRO_EMAIL, senha=OUTRA_SENHA, sandbox=True),
    )
    other = Way(system, tenant_id, app_of(system).test_client())
    other.login(OUTRO_EMAIL, OUTRA_SENHA)
    return other


def test_lists_of_another_tenant_are_empty(way: Way, intruder: Way) -> None:
    for path in (
        "/api/leads",
        "/api/leads/fusoes",
        "/api/campanhas",
        "/api/agendamentos",
        "/api/sandbox/mensagens",
        "/api/conhecimento",
    ):
        assert way.call("GET", path)["itens"], path
        assert intruder.call("GET", path)["itens"] == [], path


def test_ids_of_another_tenant_are_not_found_by_any_endpoint(way: Way, intruder: Way) -> None:
    """Every rule of the app that takes an id is called with tenant A's id of that kind."""
    ids = {
        "lead_id": way.call("GET", "/api/leads")["itens"][0]["id"],
        "campanha_id": way.call("GET", "/api/campanhas")["itens"][0]["id"],
        "agendamento_id": way.call("GET", "/api/agendamentos")["itens"][0]["id"],
        "importacao_id": str(way.rows("SELECT id FROM nigredo_leads.importacoes")[0].id),
        "fusao_id": str(way.rows("SELECT id FROM nigredo_leads.fusoes")[0].id),
        "conhecimento_id": way.call("GET", "/api/conhecimento")["itens"][0]["id"],
        "dead_letter_id": "00000000-0000-0000-0000-000000000001",
    }
    bodies: dict[str, dict[str, Any]] = {
        "converter": {"valor_centavos": 1},
        "descadastro": {},
        "aprovar": {},
        "bases-legais": {
            "finalidade": "prospeccao",
            "base_legal": "execucao_contrato",
            "meio": "contrato",
            "obtido_em": "2020-01-01T00:00:00Z",
        },
        "retiradas": {"finalidade": "prospeccao", "meio": "email"},
        "reabilitacao": {"motivo": "lida por engano"},
    }
    called = 0
    for rule in intruder.client.application.url_map.iter_rules():
        taken = [name for name in rule.arguments if name in ids]
        if not taken or len(taken) != len(rule.arguments):
            continue
        path = rule.rule
        for name in taken:
            path = path.replace(f"<uuid:{name}>", ids[name])
        assert "<" not in path, path
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            body: dict[str, Any] | None = bodies.get(path.rsplit("/", 1)[-1])
            if method == "PATCH":
                body = {"titulo" if "conhecimento" in path else "nome": "meu"}
                body = {"status": "realizado"} if "agendamentos" in path else body
            if method == "POST" and body is None:
                body = {}
            response = intruder.response(method, path, body)
            assert response.status_code == 404, (method, path, response.get_data(as_text=True))
            assert set(response.get_json()) == {"code", "status", "message", "errors", "trace_id"}
            called += 1
    assert called >= 27
    assert intruder.call("GET", "/api/events?trace_id=" + _a_trace(way))["itens"] == []


def test_sql_as_the_app_login_sees_only_its_own_tenant(way: Way, intruder: Way) -> None:
    engine = create_engine(way.system.settings.app_dsn)
    with engine.connect() as connection:
        with connection.begin():
            tables = connection.execute(
                text(
                    "SELECT table_schema, table_name FROM information_schema.columns "
                    "WHERE column_name = 'tenant_id' AND table_schema IN "
                    "('fibonacci_core', 'nigredo_leads', 'alquimista_platform')"
                )
            ).all()
        assert len(tables) > 25
        for who, tenant in (("nobody", None), ("B", intruder.tenant_id)):
            for schema, table in tables:
                rows = _foreign_rows(connection, f"{schema}.{table}", tenant, way.tenant_id)
                assert rows == 0, (who, table)
    engine.dispose()


def test_sql_as_the_app_login_cannot_write_into_another_tenant(way: Way, intruder: Way) -> None:
    engine = create_engine(way.system.settings.app_dsn)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(intruder.tenant_id)}
        )
        changed = connection.execute(
            text("UPDATE nigredo_leads.leads SET empresa = 'roubada' WHERE tenant_id = :a"),
            {"a": way.tenant_id},
        )
        assert changed.rowcount == 0
    engine.dispose()
    names = {row.empresa for row in way.rows("SELECT empresa FROM nigredo_leads.leads")}
    assert "roubada" not in names


def _foreign_rows(connection: Connection, table: str, tenant: UUID | None, owner: UUID) -> int:
    with connection.begin():
        if tenant is not None:
            connection.execute(
                text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(tenant)}
            )
        count: int = connection.execute(
            text(f"SELECT count(*) FROM {table} WHERE tenant_id = :owner"), {"owner": owner}
        ).scalar_one()
    return count


def _a_trace(way: Way) -> str:
    return str(way.rows("SELECT trace_id FROM fibonacci_core.events LIMIT 1")[0].trace_id)
