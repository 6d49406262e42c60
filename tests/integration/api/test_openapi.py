"""The manual: every endpoint of the issue is in it, described, and the same on every read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from alquimista.app import create_app
from alquimista.http.examples import UNKNOWN
from alquimista.http.routes import openapi_path
from alquimista.manuals import offline_app, openapi_text
from tests.database import ROOT
from tests.integration.api.world import assert_error, routes
from tests.integration.conftest import Way

ENDPOINTS = (
    "GET /health",
    "GET /health/ready",
    "POST /events",
    "POST /api/auth/login",
    "GET /api/me",
    "GET /api/agents",
    "GET /api/agents/{agent_id}",
    "POST /api/agents/{agent_id}/activate",
    "POST /api/agents/{agent_id}/deactivate",
    "POST /api/leads",
    "GET /api/leads",
    "GET /api/leads/{lead_id}",
    "POST /api/leads/{lead_id}/converter",
    "POST /api/leads/{lead_id}/descadastro",
    "POST /api/leads/{lead_id}/esquecimento",
    "GET /api/leads/{lead_id}/exportacao",
    "POST /api/leads/importacoes",
    "GET /api/leads/importacoes/{importacao_id}",
    "GET /api/campanhas",
    "GET /api/campanhas/{campanha_id}",
    "POST /api/campanhas/{campanha_id}/aprovar",
    "POST /api/campanhas/{campanha_id}/pausar",
    "POST /api/campanhas/{campanha_id}/retomar",
    "GET /api/leads/{lead_id}/interacoes",
    "GET /webhooks/whatsapp",
    "POST /webhooks/whatsapp",
    "POST /webhooks/email",
    "GET /descadastro/{token}",
    "POST /descadastro/{token}",
    "GET /api/agendamentos",
    "PATCH /api/agendamentos/{agendamento_id}",
    "GET /api/relatorios/funil",
    "GET /api/relatorios/{data}.pdf",
    "GET /api/events",
    "GET /api/dead-letters",
    "POST /api/dead-letters/{dead_letter_id}/redrive",
    "GET /api/sandbox/mensagens",
    "POST /api/sandbox/respostas",
    "POST /api/sandbox/relogio",
    "GET /.well-known/jwks.json",
)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of the document, as ``METHOD /path``."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def test_every_endpoint_of_the_product_is_in_the_manual(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    assert document["openapi"].startswith("3.")
    assert set(document["info"]) >= {"title", "version", "description"}
    assert set(ENDPOINTS) <= {name for name, _ in operations(document)}


def test_every_route_of_the_app_is_in_the_manual(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    described = {name for name, _ in operations(document)}
    for route in routes(mundo.client.application):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
        if path not in ("/", "/api/openapi.json") and not path.startswith("/api/docs"):
            assert f"{route.method} {path}" in described, route


def test_every_operation_has_a_summary_and_says_what_it_answers(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation["summary"][0].isupper(), name
        codes = set(operation["responses"])
        assert any(code.startswith("2") for code in codes), name
        assert "default" in codes, name
        assert operation.get("tags"), name
        identifiers = set(re.findall(r"{(\w+)}", name))
        given = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        shared = document["paths"][name.split(" ", 1)[1]].get("parameters", [])
        assert identifiers <= given | {p["name"] for p in shared}, name


def test_every_reference_of_the_manual_leads_somewhere(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    references = set(re.findall(r"'\$ref': '#/([^']+)'", str(document)))
    assert len(references) > 20
    for reference in references:
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found, reference


def test_the_error_of_every_operation_is_the_one_shape(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    error = document["components"]["schemas"]["Error"]["properties"]
    assert set(error) == {"code", "status", "message", "errors", "trace_id"}
    default = document["components"]["responses"]["DEFAULT_ERROR"]
    assert default["content"]["application/json"]["schema"]["$ref"].endswith("/Error")


def test_the_manual_tells_which_operations_need_no_token(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    assert "bearer" in document["components"]["securitySchemes"]
    assert document["security"] == [{"bearer": []}]
    described = dict(operations(document))
    for route in routes(mundo.client.application):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)
        operation = described.get(f"{route.method} {path}")
        if operation is not None:
            assert (operation.get("security") == []) == (route.reason is not None), route


def test_the_manual_is_the_same_bytes_on_every_read_and_in_every_process(mundo: Way) -> None:
    first = mundo.response("GET", "/api/openapi.json").get_data()
    assert first == mundo.response("GET", "/api/openapi.json").get_data()
    other = create_app(mundo.system.services).test_client()
    assert first == other.get("/api/openapi.json").get_data()


def test_two_who_ask_first_and_at_once_get_the_whole_manual(mundo: Way) -> None:
    whole = mundo.response("GET", "/api/openapi.json").get_data()
    app = create_app(mundo.system.services)
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(lambda: app.test_client().get("/api/openapi.json").get_data())
            for _ in range(2)
        ]
    assert [answer.result() for answer in asked] == [whole, whole]


def test_the_manual_is_shown_as_a_page(mundo: Way) -> None:
    page = mundo.client.get("/api/docs")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert "/api/openapi.json" in page.get_data(as_text=True)
    assert mundo.client.get("/").headers["Location"] == "/api/docs"
    assert_error(mundo.client.post("/api/docs"), 405)


def test_the_manual_brings_its_own_scripts(mundo: Way) -> None:
    page = mundo.response("GET", "/api/docs").get_data(as_text=True)
    named = re.findall(r'(?:href|src)="(/api/docs/assets/[^"]+)"', page)
    assert len(named) >= 3
    assert "http://" not in page.replace("http://localhost", "")
    assert "https://" not in page
    for address in named:
        response = mundo.response("GET", address)
        assert response.status_code == 200, address
        assert len(response.get_data()) > 1000
        response.close()


def test_the_committed_manual_is_as_generated() -> None:
    found = offline_app().test_client().get("/api/openapi.json").get_json()
    page = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert page == openapi_text(found), "run: make docs"


def test_the_manual_names_each_permission_and_describes_each_parameter(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    described = dict(operations(document))
    for route in routes(mundo.client.application):
        operation = described.get(f"{route.method} {openapi_path(route.rule)}")
        if operation is None or route.permission is None:
            continue
        assert operation["x-permissao"] == route.permission, route
        names = {item["name"] for item in operation.get("parameters", [])}
        assert ("Idempotency-Key" in names) == (route.method == "POST"), route
    for name, operation in described.items():
        for item in operation.get("parameters", []):
            assert item.get("description"), (name, item)


def as_json_schema(found: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: null is a type of its own there."""
    if isinstance(found, list):
        return [as_json_schema(item) for item in found]
    if not isinstance(found, dict):
        return found
    inner = {name: as_json_schema(part) for name, part in found.items()}
    inner.pop("example", None)
    if inner.pop("nullable", False) is True:
        return {"anyOf": [inner, {"type": "null"}]}
    return inner


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body of an operation that has a schema, and where it stands."""
    told = {"request": operation.get("requestBody", {}), **operation["responses"]}
    for where, body in told.items():
        for content in body.get("content", {}).values():
            if "schema" in content:
                yield where, content


def test_every_body_has_an_example_that_its_own_schema_takes() -> None:
    document = offline_app().test_client().get("/api/openapi.json").get_json()
    components = as_json_schema(document["components"]["schemas"])
    shared = document["components"]["responses"]
    found = 0
    named = {f"shared {name}": {"responses": {name: body}} for name, body in shared.items()}
    for name, operation in [*operations(document), *named.items()]:
        for where, content in bodies(operation):
            if name.startswith("shared") and "Erro" not in name:
                continue
            assert "example" in content, (name, where)
            schema = as_json_schema(content["schema"])
            whole = {**schema, "components": {"schemas": components}}
            checker = Draft202012Validator(whole, format_checker=FormatChecker())
            faults = [
                f"{error.json_path}: {error.message}"
                for error in checker.iter_errors(content["example"])
            ]
            assert faults == [], (name, where)
            unknown = UNKNOWN in json.dumps(content["example"], ensure_ascii=False)
            assert not unknown, (name, where, "add the field to http/example_values.py")
            found += 1
    assert found > 120


def test_every_answer_says_in_words_what_it_is_and_a_file_of_which_kind() -> None:
    document = offline_app().test_client().get("/api/openapi.json").get_json()
    kinds = set()
    for name, operation in operations(document):
        for code, body in operation["responses"].items():
            if not code.startswith("2") or code == "204":
                continue
            content = body.get("content", {})
            if "application/json" not in content:
                assert body["description"] not in ("OK", "Accepted", "Created"), (name, code)
            if not content:
                assert "`null`" in body["description"], (name, code)
            for kind, shown in content.items():
                kinds.add(kind)
                assert "schema" in shown and shown["example"], (name, kind)
                if kind != "application/json":
                    assert shown["schema"]["type"] == "string", (name, kind)
    assert kinds == {
        "application/json",
        "application/pdf",
        "application/zip",
        "text/csv",
        "text/html",
        "text/plain",
    }


def test_files_and_pages_come_as_the_manual_says(mundo: Way) -> None:
    document = mundo.call("GET", "/api/openapi.json")
    verify = mundo.system.settings.whatsapp.verify_token
    paths = {
        "/api/auditoria/exportacao.csv": "",
        "/api/conta/exportacao": "",
        "/api/tratamentos/exportacao.csv": "",
        "/confirmar": "?token=abc",
        "/recuperar": "?token=abc",
        "/privacidade/{tenant_id}": "",
        "/webhooks/whatsapp": f"?hub.mode=subscribe&hub.verify_token={verify}&hub.challenge=7",
    }
    for path, query in paths.items():
        address = path.replace("{tenant_id}", str(mundo.tenant_id)) + query
        response = mundo.response("GET", address, buffered=True)
        assert response.status_code == 200, path
        [told] = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert response.mimetype == told, path
        example = document["paths"][path]["get"]["responses"]["200"]["content"][told]["example"]
        if told == "text/csv":
            first = response.get_data(as_text=True).splitlines()[0]
            assert example.splitlines()[0] == first, path


def test_every_operation_is_described_under_one_known_tag_with_its_errors() -> None:
    document = offline_app().test_client().get("/api/openapi.json").get_json()
    tags = [tag["name"] for tag in document["tags"]]
    assert tags[0] == "identity" and tags.index("leads") < tags.index("campanhas")
    assert all(tag["description"] for tag in document["tags"])
    for name, operation in operations(document):
        assert operation["description"], name
        assert len(operation["tags"]) == 1 and operation["tags"][0] in tags, name
        codes = set(operation["responses"])
        assert "429" in codes, name
        if operation.get("security") != []:
            assert {"401", "403"} <= codes, name
        if name.startswith("PATCH"):
            assert "412" in codes, name


def test_the_upload_of_a_spreadsheet_is_one_form_with_its_file() -> None:
    document = offline_app().test_client().get("/api/openapi.json").get_json()
    for path in ("/api/leads/importacoes", "/api/leads/importacoes/previa"):
        operation = document["paths"][path]["post"]
        assert set(operation["requestBody"]["content"]) == {"multipart/form-data"}
        schema = document["components"]["schemas"]["Envio"]
        assert schema["required"] == ["arquivo"]
        assert {"planilha", "mapeamento"} <= set(schema["properties"])
        assert all(item["in"] in ("query", "header") for item in operation["parameters"])
