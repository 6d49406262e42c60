"""What every endpoint has alike: pages, order, filters, ETags, limits, headers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from alquimista.app import create_app
from alquimista.db.session import Database
from alquimista.http.bodies import MAX_DEPTH, MAX_JSON_BYTES
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.chamadas.limits import UseLimits
from alquimista.sandbox.inquilino_demo import EMAIL, SENHA
from alquimista.settings import ApiLimits
from tests.conftest import TestTenant
from tests.database import Server
from tests.integration.api.world import assert_error, imports, open_way
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named

EMPRESAS = ("Ágape", "Belém", "Caju", "Dado", "Elo", "Foz", "Gol")


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant with seven leads."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("rest")) as way:
        leads = [
            {"empresa": nome, "email": f"c{n}@empresa{n}.com.br", "uf": "SP" if n % 2 else "RJ"}
            for n, nome in enumerate(EMPRESAS)
        ]
        way.call("POST", "/api/leads", leads, status=202)
        way.drain()
        yield way


def pages(way: Way, path: str, limite: int) -> Iterator[list[dict[str, Any]]]:
    """Every page of a list, by its cursors."""
    cursor = ""
    while True:
        page = way.call("GET", f"{path}&limite={limite}{cursor}")
        yield page["itens"]
        if page["proximo"] is None:
            return
        cursor = f"&cursor={page['proximo']}"


LISTS = {
    "/api/leads": ("created_at", "updated_at", "empresa", "prioridade", "status"),
    "/api/campanhas": ("created_at", "updated_at", "nome", "status"),
    "/api/agendamentos": ("data_hora", "created_at", "status"),
    "/api/leads/fusoes": ("created_at", "escore"),
    "/api/leads/importacoes": ("created_at", "status"),
    "/api/auditoria": ("created_at",),
    "/api/usuarios": ("created_at", "nome", "papel"),
    "/api/convites": ("created_at", "expira_em", "email"),
    "/api/chaves": ("created_at", "nome", "ultimo_uso_em"),
    "/api/events": ("occurred_at",),
    "/api/dead-letters": ("died_at", "queue"),
    "/api/sandbox/mensagens": ("ordem",),
    "/api/webhooks": ("created_at", "updated_at", "titulo"),
    "/api/servidores-mcp": ("nome",),
    "/api/titulares/pedidos": ("created_at",),
    "/api/agents": ("id", "titulo"),
    "/api/operations": ("name", "agente"),
    "/api/me/sessoes": ("created_at", "ultimo_uso_em", "expira_em"),
    "/api/me/contas": ("nome",),
    "/api/finalidades": ("registro", "titulo"),
    "/api/modelos": ("numero", "created_at"),
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_of_any_order_hold_every_row_once_in_that_order(
    mundo: Way, path: str, sign: str
) -> None:
    for name in LISTS[path]:
        query = f"{path}?ordenar={sign}{name}"
        [whole] = pages(mundo, query, 200)
        for size in (1, 3):
            assert [row for page in pages(mundo, query, size) for row in page] == whole, query
        values = [-1 if row.get(name) is None else row[name] for row in whole if name in row]
        assert values == sorted(values, reverse=sign == "-"), query


def test_a_cursor_of_another_order_or_list_is_refused(mundo: Way) -> None:
    proximo = mundo.call("GET", "/api/leads?limite=1&ordenar=empresa")["proximo"]
    for other in ("-empresa", "created_at"):
        wrong = mundo.response("GET", f"/api/leads?limite=1&ordenar={other}&cursor={proximo}")
        assert assert_error(wrong, 422)["status"] == "cursor_invalido"
    for rubbish in ("x", "W10", "bnVsbA", "WyJlbXByZXNhIiwxLDJd", "%00", "a" * 1_500):
        wrong = mundo.response("GET", f"/api/leads?ordenar=empresa&cursor={rubbish}")
        assert_error(wrong, 400, 422, hint=rubbish)
    assert_error(mundo.response("GET", "/api/leads?ordenar=senha"), 422)


@pytest.mark.parametrize(
    "path", ["/api/agents", "/api/me/sessoes?ordenar=created_at", "/api/finalidades"]
)
def test_a_cursor_of_a_list_that_is_made_is_held_to_its_order_too(mundo: Way, path: str) -> None:
    mundo.client.post("/api/auth/login", json={"email": EMAIL, "senha": SENHA})
    joined = f"{path}&" if "?" in path else f"{path}?"
    proximo = mundo.call("GET", f"{joined}limite=1")["proximo"]
    own = path.partition("?")[0]
    other = "-expira_em" if "sessoes" in path else "titulo"
    assert proximo is not None
    for query in (f"ordenar={other}&cursor={proximo}", "cursor=x", "cursor=W10", "cursor=bnVsbA"):
        wrong = mundo.response("GET", f"{own}?{query}")
        assert assert_error(wrong, 422, hint=query)["status"] == "cursor_invalido"
    assert_error(mundo.response("GET", f"{own}?ordenar=senha"), 422)


def test_filters_of_lists_that_are_made_answer_what_they_name(mundo: Way) -> None:
    def names(path: str, name: str) -> set[str]:
        return {item[name] for item in mundo.call("GET", path)["itens"]}

    every = names("/api/agents", "id")
    assert names("/api/agents?ativo=true", "id") | names("/api/agents?ativo=false", "id") == every
    assert names("/api/agents?status=recusado", "id") == set()
    assert names("/api/operations?agente=nigredo_sentimento", "agente") == {"nigredo_sentimento"}
    assert names("/api/operations?agente=ninguem", "name") == set()
    assert names("/api/finalidades?ativa=false", "finalidade") == {"melhoria_modelo"}
    assert names("/api/me/contas?papel=viewer", "id") == set()
    assert len(names("/api/me/sessoes?atual=true", "id")) == 1
    lead = lead_named(mundo, "Elo")["id"]
    refused = names(f"/api/leads/{lead}/bases-legais?permitido=false", "finalidade")
    assert refused == {"melhoria_modelo"}


def test_filters_of_leads_answer_what_they_name(mundo: Way) -> None:
    def named(query: str) -> set[str]:
        return {row["empresa"] for row in mundo.call("GET", f"/api/leads?{query}")["itens"]}

    assert named("email=C0@Empresa0.com.br") == {"Ágape"}
    assert named("uf=SP") == set(EMPRESAS[1::2])
    assert named("uf=SP&email=c0@empresa0.com.br") == set()
    assert named("pausado=false") == set(EMPRESAS)
    assert named("ate=2020-01-01T00:00:00%2B00:00") == set()
    assert_error(mundo.response("GET", "/api/leads?desde=2020-01-01"), 422)


def test_events_are_paged_by_newest_and_within_a_trace(mundo: Way) -> None:
    trace = str(uuid4())
    for number in range(5):
        body = {"source": "crm.x", "type": "n", "detail": {"n": number}}
        mundo.response("POST", "/events", body, headers={"X-Trace-Id": trace})
    of_trace = [
        row["detail"] for p in pages(mundo, f"/api/events?trace_id={trace}", 2) for row in p
    ]
    [whole] = pages(mundo, f"/api/events?trace_id={trace}", 200)
    assert of_trace == [row["detail"] for row in whole]
    assert len(whole) == 5
    newest = [row["id"] for p in pages(mundo, "/api/events?source=crm.x", 2) for row in p]
    assert newest == [row["id"] for row in reversed(whole)]


def test_a_change_with_an_old_tag_is_refused_and_changes_nothing(mundo: Way) -> None:
    lead = lead_named(mundo, "Caju")
    path = f"/api/leads/{lead['id']}"
    seen = mundo.response("GET", path).headers["ETag"]
    sent = {"valor_centavos": 100}
    first = mundo.response("POST", f"{path}/converter", sent, headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["ETag"] != seen
    late = mundo.response(
        "POST", f"{path}/converter", {"valor_centavos": 9}, headers={"If-Match": seen}
    )
    assert assert_error(late, 412)["status"] == "versao_mudou"
    stored = mundo.rows(
        f"SELECT valor_convertido_centavos AS v FROM nigredo_leads.leads WHERE id = '{lead['id']}'"
    )
    assert stored[0].v == 100
    again = mundo.response(
        "POST", f"{path}/converter", sent, headers={"If-Match": first.headers["ETag"]}
    )
    assert again.status_code == 200
    assert (
        mundo.response("POST", f"{path}/converter", sent, headers={"If-Match": "*"}).status_code
        == 200
    )
    odd = mundo.response("POST", f"{path}/converter", sent, headers={"If-Match": '"abc"'})
    assert_error(odd, 412)


def test_what_the_caller_has_already_is_not_sent_again(mundo: Way) -> None:
    path = f"/api/leads/{lead_named(mundo, 'Dado')['id']}"
    first = mundo.response("GET", path)
    same = mundo.response("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.get_data()) == (304, b"")
    packed = mundo.response("GET", path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["ETag"] != first.headers["ETag"]
    again = mundo.response(
        "GET",
        path,
        headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]},
    )
    assert again.status_code == 304
    other = mundo.response("GET", path, headers={"If-None-Match": '"1.ab"'})
    assert other.status_code == 200


def test_one_request_too_many_of_a_caller_is_answered_429(mundo: Way) -> None:
    settings = replace(mundo.system.settings, api=ApiLimits(por_chamador=5, por_conta=50))
    limits = UseLimits(mundo.system.database, 5, 50, clock=lambda: 9e9)
    services = replace(mundo.system.services, settings=settings, limits=limits)
    client = create_app(services).test_client()
    with mundo.uow() as uow:
        key = mundo.system.services.identity.create_key(uow, "x", ["leads:read"], SISTEMA).chave
    headers = {"Authorization": f"Bearer {key}"}
    left = []
    for _ in range(5):
        response = client.get("/api/leads", headers=headers)
        assert response.status_code == 200
        assert response.headers["RateLimit-Limit"] == "5"
        left.append(int(response.headers["RateLimit-Remaining"]))
    assert left == [4, 3, 2, 1, 0]
    refused = client.get("/api/leads", headers=headers)
    body = assert_error(refused, 429)
    assert body["status"] == "limite_atingido"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    other = client.get("/api/leads", headers={"Authorization": f"Bearer {mundo.token}"})
    assert other.status_code == 200


def test_processes_share_the_limit_of_a_tenant_and_never_pass_it(
    database: Database, tenant: TestTenant
) -> None:
    callers = [uuid4() for _ in range(3)]
    processes = [UseLimits(database, 1_000, 100, clock=lambda: 60.0 * 7) for _ in range(3)]
    passed = sum(
        process.use(tenant.id, who).livre
        for _ in range(40)
        for process, who in zip(processes, callers, strict=True)
    )
    assert passed == 100
    later = UseLimits(database, 1_000, 100, clock=lambda: 60.0 * 8)
    assert later.use(tenant.id, callers[0]).livre


def test_browsers_of_named_origins_may_call_and_others_may_not(mundo: Way) -> None:
    settings = replace(mundo.system.settings, origens=("https://app.aurora.example",))
    client = create_app(replace(mundo.system.services, settings=settings)).test_client()
    asked = {"Access-Control-Request-Method": "POST", "Origin": "https://app.aurora.example"}
    allowed = client.options("/api/leads", headers=asked)
    assert allowed.status_code == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == asked["Origin"]
    assert "Idempotency-Key" in allowed.headers["Access-Control-Allow-Headers"]
    for origin in ("https://app.aurora.example.evil", "http://app.aurora.example", "null"):
        refused = client.get("/health", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in refused.headers, origin
        assert "Origin" in refused.headers["Vary"]
    closed = mundo.client.options("/api/leads", headers=asked)
    assert "Access-Control-Allow-Origin" not in closed.headers
    assert "Access-Control-Allow-Credentials" not in allowed.headers


@pytest.mark.parametrize("path", ["/health", "/api/leads", "/nada", "/api/docs", "/descadastro/x"])
def test_every_answer_carries_the_security_headers(mundo: Way, path: str) -> None:
    response = mundo.client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in response.headers
    response.close()


def test_behind_https_browsers_are_told_to_stay_there(mundo: Way) -> None:
    settings = replace(mundo.system.settings, url_publica="https://alquimista.example")
    client = create_app(replace(mundo.system.services, settings=settings)).test_client()
    assert "max-age" in client.get("/health").headers["Strict-Transport-Security"]


def test_a_large_answer_is_compressed_for_those_who_ask(mundo: Way) -> None:
    plain = mundo.response("GET", "/api/leads")
    packed = mundo.response("GET", "/api/leads", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.get_data())) == plain.get_json()
    assert "Accept-Encoding" in packed.headers["Vary"]
    refused = mundo.response("GET", "/api/leads", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_a_compressed_request_is_refused(mundo: Way) -> None:
    response = mundo.client.post(
        "/api/leads",
        data=gzip.compress(b"0" * 1_000_000),
        headers={
            "Authorization": f"Bearer {mundo.token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        },
    )
    assert_error(response, 415)


def raw(way: Way, path: str, body: bytes) -> TestResponse:
    """A JSON body as bytes."""
    return way.response("POST", path, data=body, content_type="application/json")


def test_bodies_too_deep_too_large_or_with_a_key_twice_are_refused(mundo: Way) -> None:
    before = imports(mundo)
    deep = b'{"source":"crm.x","type":"n","detail":' + b'{"a":' * 40 + b"1" + b"}" * 41
    assert "aninhamento" in assert_error(raw(mundo, "/events", deep), 400)["message"]
    endless = b"[" * 100_000 + b"]" * 100_000
    assert_error(raw(mundo, "/api/leads", endless), 400)
    twice = b'{"empresa":"A","email":"a@b.com.br","empresa":"B"}'
    assert "empresa" in assert_error(raw(mundo, "/api/leads", twice), 400)["message"]
    large = b'{"empresa":"' + b"a" * MAX_JSON_BYTES + b'"}'
    assert_error(raw(mundo, "/api/leads", large), 413)
    fine = b'{"source":"crm.x","type":"n","detail":' + b'{"a":' * (MAX_DEPTH - 1) + b"1"
    assert raw(mundo, "/events", fine + b"}" * MAX_DEPTH).status_code == 202
    assert imports(mundo) == before


def test_a_forged_forwarded_address_is_believed_only_behind_a_proxy(mundo: Way) -> None:
    def seen(proxies: int) -> str:
        settings = replace(mundo.system.settings, proxies=proxies)
        client = create_app(replace(mundo.system.services, settings=settings)).test_client()
        client.post(
            "/api/auth/login",
            json={"email": "admin@aurora.example.com", "senha": "Aurora2026"},
            headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"},
        )
        rows = mundo.rows(
            "SELECT rede FROM alquimista_platform.audit_logs WHERE action_type = 'login' "
            "ORDER BY created_at DESC LIMIT 1"
        )
        return str(rows[0].rede)

    assert seen(0) == "127.0.0.1"
    assert seen(1) == "203.0.113.9"
