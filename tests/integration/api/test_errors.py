"""One error shape on every route, whatever a caller sends."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.api.world import NOBODY, Route, assert_error, routes
from tests.integration.conftest import Way

JSON = {"Content-Type": "application/json"}
MALFORMED = (
    b"{",
    b'{"a": }',
    b"\xff\xfe{}",
    b"texto",
    b'{"a": 1}{"b": 2}',
    b"[" * 100_000,
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b"9" * 5000,
    b'{"a": "\\ud800"}',
    b'{"a": ["\\u0000"]}',
)
NOT_AN_OBJECT = (b"null", b"3", b'"texto"', b"[1, null]", b"[[]]", b"true")
STRANGE_VALUES: tuple[Any, ...] = (
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 5000,
    -1,
    1.5,
    10**30,
    None,
    True,
    [],
    {"a": {"b": []}},
    [None],
    "'; DROP TABLE leads; --",
)


def bodies_of(way: Way) -> list[Route]:
    """The routes that read a JSON body."""
    document = way.call("GET", "/api/openapi.json")
    found = []
    for route in routes(way.client.application):
        path = "/".join(
            "{" + part.strip("<>").partition(":")[2] + "}" if part.startswith("<") else part
            for part in route.rule.split("/")
        )
        operation = document["paths"].get(path, {}).get(route.method.lower(), {})
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            found.append(route)
    return found


def send(way: Way, route: Route, raw: bytes) -> Any:
    return way.response(route.method, route.path, data=raw, headers=JSON)


def test_an_address_that_does_not_exist_answers_404(mundo: Way) -> None:
    for path in ("/nada", "/api/nada", "/api/leads/nao-e-uuid", "/api/relatorios/ontem.pdf"):
        assert_error(mundo.response("GET", path), 404, hint=path)


def test_a_method_that_a_route_does_not_know_answers_405_and_says_which_it_does(mundo: Way) -> None:
    by_rule: dict[str, set[str]] = {}
    paths = {}
    for route in routes(mundo.client.application):
        by_rule.setdefault(route.path, set()).add(route.method)
        paths[route.path] = route.path
    assert len(by_rule) > 30
    for path, known in by_rule.items():
        [wrong, *_] = {"DELETE", "PUT", "TRACE"} - known
        response = mundo.response(wrong, path)
        assert_error(response, 405, hint=f"{wrong} {path}")
        assert known <= set(response.headers["Allow"].split(", ")), path


def test_an_id_that_does_not_exist_answers_404_on_every_route(mundo: Way) -> None:
    valid = {
        "converter": {"valor_centavos": 1},
        "/api/agendamentos": {"status": "realizado"},
        "/permissoes": {"escopo": "leads:read"},
        "/retiradas": {"finalidade": "prospeccao", "meio": "email"},
        "/bases-legais": {
            "finalidade": "prospeccao",
            "base_legal": "execucao_contrato",
            "meio": "contrato",
            "obtido_em": "2020-01-01T00:00:00Z",
        },
        "/reabilitacao": {"motivo": "lida por engano"},
        "/api/usuarios": {"papel": "viewer"},
    }
    called = 0
    for route in routes(mundo.client.application):
        if str(NOBODY) not in route.path and "inexistente" not in route.path:
            continue
        if route.permission is None and "descadastro" not in route.rule:
            continue
        body = next((value for key, value in valid.items() if key in route.path), {})
        response = mundo.response(route.method, route.path, body if route.method != "GET" else None)
        assert_error(response, 404, hint=route)
        called += 1
    assert called >= 20


def test_malformed_json_answers_400_on_every_route_that_reads_json(mundo: Way) -> None:
    found = bodies_of(mundo)
    assert len(found) >= 10, found
    for route in found:
        for raw in MALFORMED:
            assert_error(send(mundo, route, raw), 400, 422, hint=f"{route} {raw[:20]!r}")


def test_json_of_another_kind_than_the_route_reads_answers_4xx(mundo: Way) -> None:
    for route in bodies_of(mundo):
        for raw in NOT_AN_OBJECT:
            assert_error(send(mundo, route, raw), 400, 404, 422, hint=f"{route} {raw!r}")


def test_webhooks_refuse_bodies_that_are_no_json_objects_once_their_proof_holds(mundo: Way) -> None:
    headers = {"Authorization": f"Bearer {mundo.system.settings.email_webhook_secret}"}
    for raw in (*MALFORMED, *NOT_AN_OBJECT):
        response = mundo.client.post("/webhooks/email", data=raw, headers=headers)
        assert_error(response, 400, hint=raw[:20])


@pytest.mark.parametrize("value", STRANGE_VALUES, ids=lambda value: repr(value)[:20])
def test_a_strange_value_in_any_field_never_breaks_the_server(mundo: Way, value: Any) -> None:
    written = ("empresa", "contato", "telefone", "email", "senha", "mensagem", "motivo", "detail")
    body = dict.fromkeys((*written, "source", "type", "lead_id", "status", "conteudo_hash"), value)
    alone = [{name: value} for name in ("config", "mensagens", "nome", "valor_centavos", "ritmo")]
    for route in bodies_of(mundo):
        if "login" in route.rule:
            continue
        for sent in (body, *alone):
            response = send(mundo, route, json.dumps(sent).encode())
            assert response.status_code < 500, f"{route} {sent!r} {response.get_data()!r}"
            if response.status_code >= 400:
                assert_error(response, 400, 403, 404, 409, 422, hint=route)


def test_strange_words_in_the_address_never_break_the_server(mundo: Way) -> None:
    for word in ("%00", "a%00b", "%ff%fe", "x" * 3000, "%F0%9F%98%80", "..%2f..%2fetc", "null"):
        for template in (
            "/api/agents/{}",
            "/descadastro/{}",
            "/api/relatorios/{}.pdf",
            "/api/leads?cursor={}",
            "/api/leads?status={}",
            "/api/dead-letters?cursor={}",
            "/api/leads/importacoes?cursor={}",
            "/api/events?trace_id={}",
            "/api/relatorios/funil?inicio={}",
            "/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token={}",
        ):
            response = mundo.response("GET", template.format(word))
            assert_error(response, 400, 401, 404, 422, hint=template.format(word[:20]))


def test_json_sent_as_another_content_type_is_refused_or_not_read(mundo: Way) -> None:
    posted = mundo.response(
        "POST", "/api/leads", data=b'{"empresa": "A"}', headers={"Content-Type": "text/plain"}
    )
    assert_error(posted, 415)
    for path in ("/events", "/api/sandbox/respostas", "/api/auth/login"):
        response = mundo.response("POST", path, data=b"{}", headers={"Content-Type": "text/csv"})
        assert_error(response, 415, 422, hint=path)
    upload = mundo.response("POST", "/api/leads/importacoes", data=b"{}", headers=JSON)
    assert_error(upload, 422)


def test_a_body_larger_than_the_limit_answers_413_before_it_is_read(mundo: Way) -> None:
    claimed: dict[str, Any] = {
        "input_stream": BytesIO(b"{}"),
        "headers": JSON,
        "environ_overrides": {"CONTENT_LENGTH": str(64 * 1024 * 1024)},
    }
    found = [(route.method, route.path) for route in bodies_of(mundo)]
    assert ("POST", "/api/leads") in found
    for method, path in (*found, ("POST", "/webhooks/whatsapp")):
        assert_error(mundo.response(method, path, **claimed), 413, hint=path)
    form = {**claimed, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    assert_error(mundo.response("POST", "/api/leads/importacoes", **form), 413)


def test_a_callers_trace_id_comes_back_and_another_text_is_replaced(mundo: Way) -> None:
    mine = str(uuid4())
    body = assert_error(mundo.response("GET", "/api/nada", headers={"X-Trace-Id": mine}), 404)
    assert body["trace_id"] == mine
    other = mundo.response("GET", "/api/nada", headers={"X-Trace-Id": "<script>"})
    assert UUID(assert_error(other, 404)["trace_id"]) != UUID(mine)


def test_faults_are_told_by_field_in_portuguese(mundo: Way) -> None:
    bad = {"lead_id": "x", "mensagem": "", "canal": "fax", "sobra": 1}
    body = assert_error(mundo.response("POST", "/api/sandbox/respostas", bad), 422)
    assert set(body["errors"]["json"]) == {"lead_id", "mensagem", "canal", "sobra"}
    missing = assert_error(mundo.response("POST", "/api/sandbox/respostas", {}), 422)
    assert set(missing["errors"]["json"]) == {"lead_id", "mensagem"}
    query = assert_error(mundo.response("GET", "/api/leads?limite=muitos&status=x"), 422)
    assert set(query["errors"]["query"]) == {"limite", "status"}


def test_an_unforeseen_fault_tells_no_detail(mundo: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("senha=segredo")

    monkeypatch.setattr("alquimista.prospeccao.leads.service.find", broken)
    response = mundo.response("GET", f"/api/leads/{NOBODY}")
    body = assert_error(response, 500)
    assert "segredo" not in json.dumps(body)
