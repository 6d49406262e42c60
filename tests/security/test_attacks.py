"""What attackers try on every endpoint: refused with the one error shape, and nothing changed."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alquimista.db.session import TenantMissing
from tests.database import Server
from tests.integration.api.world import another_tenant, assert_error, open_way, routes
from tests.integration.conftest import Way
from tests.integration.test_main_way import import_leads, lead_named

FORBIDDEN = {
    "tenant_id": str(UUID(int=7)),
    "papel": "admin",
    "role": "admin",
    "status_interno": "x",
    "versao": 99,
    "id": str(UUID(int=8)),
    "created_at": "2020-01-01T00:00:00Z",
    "__proto__": {"admin": True},
}
INJECTIONS = (
    "'; DROP TABLE nigredo_leads.leads; --",
    "' OR '1'='1",
    '" OR ""="',
    "1); SELECT pg_sleep(5); --",
    "%' AND 1=1 --",
    "\\'; --",
    "$(id)",
    "{{ 7*7 }}",
    "${7*7}",
    "#{7*7}",
    "{0.__class__}",
    "%(tenant_id)s",
    "%s%s%n",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "\r\nSet-Cookie: a=b",
    "=cmd|' /C calc'!A0",
)


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant with leads and campaigns."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("ataques")) as way:
        import_leads(way)
        yield way


def bodies(way: Way) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation with a JSON body, and a body that its schema takes."""
    document = way.call("GET", "/api/openapi.json")
    schemas = document["components"]["schemas"]
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            content = operation.get("requestBody", {}).get("content", {})
            reference = content.get("application/json", {}).get("schema", {}).get("$ref")
            if reference is not None and path != "/api/auth/login":
                schema = schemas[reference.rsplit("/", 1)[1]]
                found.append((method.upper(), path, _sample(schema)))
    return found


def _sample(schema: dict[str, Any]) -> dict[str, Any]:
    """The required fields, with something in them."""
    properties = schema.get("properties", {})
    kinds: dict[str, Any] = {"string": "x", "integer": 1, "boolean": True, "object": {}}
    return {
        name: properties[name].get("enum", [kinds.get(properties[name].get("type"), "x")])[0]
        for name in schema.get("required", [])
    }


def real(way: Way, path: str) -> str:
    """A path with ids that exist where there are any."""
    lead = lead_named(way, "Empresa Teste")["id"]
    campanha = way.call("GET", "/api/campanhas?limite=1")["itens"]
    path = path.replace("{lead_id}", lead)
    if campanha:
        path = path.replace("{campanha_id}", campanha[0]["id"])
    return path.replace("{agent_id}", "nigredo_relatorios")


def fingerprint(way: Way) -> list[Any]:
    """What an attack must not change."""
    return [
        *way.rows("SELECT id, status, versao FROM nigredo_leads.leads ORDER BY id"),
        *way.rows("SELECT user_id, papel FROM alquimista_platform.memberships"),
        *way.rows("SELECT id, status, versao FROM alquimista_platform.tenants"),
        *way.rows("SELECT id, status, versao FROM nigredo_leads.campanhas ORDER BY id"),
        *way.rows("SELECT id FROM alquimista_platform.webhooks"),
    ]


def test_no_body_takes_a_field_that_is_not_its_own(mundo: Way) -> None:
    before = fingerprint(mundo)
    tried = 0
    for method, path, body in bodies(mundo):
        for name, value in FORBIDDEN.items():
            sent = {**body, name: value}
            response = mundo.response(method, real(mundo, path), sent)
            assert_error(response, 404, 422, hint=(method, path, name))
            tried += 1
    assert tried >= 60
    assert fingerprint(mundo) == before


def test_no_text_is_run_as_sql_template_or_header(mundo: Way) -> None:
    """Each query field of each list gets texts in turn: taken as a filter, or as a fault."""
    turn = itertools.cycle(INJECTIONS)
    document = mundo.call("GET", "/api/openapi.json")
    for path, methods in document["paths"].items():
        for item in methods.get("get", {}).get("parameters", []):
            if item["in"] != "query":
                continue
            for attack in itertools.islice(turn, 3):
                response = mundo.response(
                    "GET", real(mundo, path), query_string={item["name"]: attack}
                )
                assert response.status_code in (200, 404, 422), (path, item["name"], attack)
                assert "Set-Cookie" not in response.headers
                response.get_data()


def test_texts_that_are_stored_come_back_as_they_are(mundo: Way) -> None:
    for number, attack in enumerate(INJECTIONS):
        email = f"ataque{number}@teste.com.br"
        mundo.call("POST", "/api/leads", {"empresa": f"A {attack}", "email": email}, status=202)
    mundo.drain()
    for number, attack in enumerate(INJECTIONS):
        [lead] = mundo.call("GET", f"/api/leads?email=ataque{number}@teste.com.br")["itens"]
        assert "49" not in lead["empresa"]
        assert lead["empresa"].split()[0] == "A" and attack.strip()[:3] in lead["empresa"]
    assert mundo.rows("SELECT count(*) AS n FROM nigredo_leads.leads")[0].n >= len(INJECTIONS)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_at_all_is_answered_without_a_fault_of_ours(mundo: Way, value: Any) -> None:
    for path in ("/api/leads", "/events", "/api/webhooks", "/api/titulares/pedidos"):
        response = mundo.response(
            "POST", path, data=json.dumps(value), content_type="application/json"
        )
        assert response.status_code in (202, 400, 413, 422), (path, value)


def workbook(name: str, content: bytes) -> bytes:
    """A zip that calls itself a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(name, content)
    return out.getvalue()


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">'.encode() for n in range(9)
    )
    + b"]><worksheet>&j;</worksheet>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b"<worksheet><sheetData><row><c><v>&e;</v></c></row></sheetData></worksheet>"
)


@pytest.mark.parametrize(
    "content",
    [
        workbook("xl/worksheets/sheet1.xml", b"0" * 400_000_000),
        workbook("xl/worksheets/sheet1.xml", LAUGHS),
        workbook("xl/worksheets/sheet1.xml", OUTSIDE),
        workbook("../../../etc/cron.d/x", b"x"),
        b"PK\x03\x04" + b"\x00" * 64,
    ],
    ids=["zip-bomb", "billion-laughs", "external-entity", "zip-slip", "broken"],
)
def test_a_workbook_that_is_a_weapon_is_refused_when_it_is_sent(mundo: Way, content: bytes) -> None:
    for path in ("/api/leads/importacoes/previa", "/api/leads/importacoes"):
        response = mundo.response("POST", path, data={"arquivo": (BytesIO(content), "leads.xlsx")})
        if response.status_code == 202:
            mundo.drain()
            found = mundo.call("GET", response.headers["Location"])
            assert found["status"] == "falhou" or found["aceitos"] == 0
            assert "root:" not in json.dumps(found)
        else:
            assert_error(response, 400, 413, 422, hint=path)


@pytest.mark.parametrize(
    "name", ["../../x.csv", "..\\..\\x.csv", "/etc/passwd", "a\r\nX: y.csv", "x" * 5_000 + ".csv"]
)
def test_a_file_name_leads_nowhere(mundo: Way, name: str) -> None:
    home = mundo.system.settings.home
    data = {"arquivo": (BytesIO(b"empresa;email\nA;a@b.com.br\n"), name)}
    response = mundo.response("POST", "/api/leads/importacoes", data=data)
    assert response.status_code in (202, 400, 422), name
    mundo.drain()
    for found in home.rglob("*"):
        assert home in found.resolve().parents
    assert not (home.parent / "x.csv").exists()


def test_a_path_with_dots_reaches_no_file(mundo: Way) -> None:
    for path in (
        "/api/docs/assets/../../../../etc/passwd",
        "/api/docs/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/api/docs/assets/..%5c..%5cetc%5cpasswd",
        "/api/relatorios/../../../etc/passwd.pdf",
        "/api/relatorios/..%2f..%2fetc.pdf",
    ):
        response = mundo.response("GET", path)
        assert_error(response, 404, hint=path)


def test_nothing_redirects_to_where_a_caller_says(mundo: Way) -> None:
    for path in ("//evil.example/", "/\\evil.example", "/?next=https://evil.example"):
        response = mundo.client.get(path, headers={"Host": "localhost"})
        assert "evil.example" not in response.headers.get("Location", ""), path
        response.close()
    headers = {"Authorization": f"Bearer {mundo.token}", "Host": "evil.example"}
    lead = {"empresa": "X", "email": "x@host.com.br"}
    made = mundo.client.post("/api/leads", json=lead, headers=headers)
    assert "evil.example" not in made.headers["Location"]


def test_a_header_with_a_line_break_never_reaches_the_answer(mundo: Way) -> None:
    for name in ("X-Trace-Id", "X-Tenant", "Idempotency-Key", "If-None-Match", "Origin"):
        response = mundo.client.get(
            "/api/leads",
            headers={"Authorization": f"Bearer {mundo.token}", name: "a%0d%0aSet-Cookie: x=y"},
        )
        assert "Set-Cookie" not in response.headers, name
        assert response.status_code < 500


def test_every_id_of_another_account_is_not_found_and_never_forbidden(mundo: Way) -> None:
    """Also for what came later: whatever route takes ids is called with ids of nobody."""
    other = another_tenant(mundo.system, "Curiosa")
    tried = 0
    for route in routes(mundo.client.application):
        if route.permission is None or "<uuid:" not in route.rule:
            continue
        body: dict[str, Any] | None = None if route.method in ("GET", "DELETE") else {}
        response = other.response(route.method, route.path, body)
        assert response.status_code in (404, 422), route
        tried += 1
    assert tried > 15


def test_a_pooled_connection_never_keeps_the_last_tenant(mundo: Way) -> None:
    database = mundo.system.database
    for _ in range(20):
        with suppress(ZeroDivisionError), database.unit_of_work(mundo.tenant_id) as uow:
            uow.connection.execute(text("SELECT 1"))
            raise ZeroDivisionError
        with database.anonymous() as connection:
            left = connection.execute(
                text("SELECT nullif(current_setting('app.tenant_id', true), '')")
            ).scalar_one()
            assert left is None
            rows = connection.execute(text("SELECT count(*) FROM nigredo_leads.leads"))
            assert rows.scalar_one() == 0
    with pytest.raises(TenantMissing), database.unit_of_work(None):
        pass
