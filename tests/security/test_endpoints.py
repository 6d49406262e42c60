"""Every route asks who calls and whether they may: no, forged, expired and weak credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt

from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.identity import tokens
from alquimista.plataforma.identity.domain import PERMISSOES, PROPRIO, TODAS
from alquimista.plataforma.identity.keys import stored_keys
from tests.database import Server
from tests.integration.api.world import (
    Route,
    another_tenant,
    as_owner,
    assert_error,
    open_way,
    routes,
    session_of,
    token_of,
)
from tests.integration.conftest import Way

PUBLIC_RULES = {
    "/",
    "/.well-known/jwks.json",
    "/api/auth/cadastro",
    "/api/auth/cadastro/confirmacao",
    "/api/auth/cadastro/reenvio",
    "/api/auth/convites/aceite",
    "/api/auth/convites/consulta",
    "/api/auth/login",
    "/api/auth/login/codigo",
    "/api/auth/logout",
    "/api/auth/recuperacao",
    "/api/auth/recuperacao/senha",
    "/api/auth/refresh",
    "/api/docs",
    "/api/docs/assets/<path:name>",
    "/api/openapi.json",
    "/api/sandbox/cartas",
    "/confirmar",
    "/convite",
    "/recuperar",
    "/descadastro/<string:token>",
    "/health",
    "/health/ready",
    "/privacidade/<uuid:tenant_id>",
    "/privacidade/<uuid:tenant_id>/pedidos/<string:token>",
    "/privacidade/<uuid:tenant_id>/pedidos/<string:token>/dados.json",
    "/webhooks/email",
    "/webhooks/whatsapp",
}


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant's admin."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("portas")) as way:
        yield way


def guarded(way: Way) -> list[Route]:
    """The routes that ask for a permission."""
    return [route for route in routes(way.client.application) if route.permission is not None]


def user_of(way: Way) -> UUID:
    """The person who is signed in."""
    return UUID(way.call("GET", "/api/me")["usuario"]["id"])


def refused_everywhere(way: Way, headers: dict[str, str], code: int) -> None:
    """Every guarded route answers ``code`` to these headers."""
    for route in guarded(way):
        response = way.client.open(route.path, method=route.method, headers=headers, json={})
        assert_error(response, code, hint=route)
        if code == 401:
            assert response.headers["WWW-Authenticate"] == "Bearer", route


def test_every_route_names_its_permission_or_says_why_it_is_public(mundo: Way) -> None:
    found = routes(mundo.client.application)
    assert len(found) > 35
    for route in found:
        assert (route.permission is None) != (route.reason is None), route
    assert {route.rule for route in found if route.reason} == PUBLIC_RULES


def test_every_permission_of_a_route_is_one_that_a_role_holds(mundo: Way) -> None:
    asked = {route.permission for route in guarded(mundo)}
    assert asked <= TODAS
    assert asked <= PERMISSOES["admin"]


def test_without_a_token_every_guarded_route_answers_401(mundo: Way) -> None:
    refused_everywhere(mundo, {}, 401)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer alq_nada", "Bearer \xe9", "alq_x"],
)
def test_a_header_that_is_no_credential_answers_401(mundo: Way, authorization: str) -> None:
    response = mundo.client.get("/api/me", headers={"Authorization": authorization})
    assert_error(response, 401)


def test_an_expired_token_answers_401_on_every_route(mundo: Way) -> None:
    old = token_of(mundo.system, user_of(mundo), age=timedelta(hours=1, seconds=5))
    fresh = token_of(mundo.system, user_of(mundo))
    headers = {"Authorization": f"Bearer {fresh}"}
    assert mundo.client.get("/api/me", headers=headers).status_code == 200
    refused_everywhere(mundo, {"Authorization": f"Bearer {old}"}, 401)


def test_a_token_of_another_key_under_our_key_id_answers_401_on_every_route(mundo: Way) -> None:
    kid = mundo.call("GET", "/.well-known/jwks.json")["keys"][0]["kid"]
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = tokens.issue(
        user_of(mundo),
        session_of(mundo.system, user_of(mundo)),
        issuer=mundo.system.settings.url_publica,
        kid=kid,
        private_pem=private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        agora=datetime.now(UTC),
    )
    refused_everywhere(mundo, {"Authorization": f"Bearer {forged.access_token}"}, 401)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_of_another_algorithm_answers_401(mundo: Way, algorithm: str) -> None:
    """RFC 8725, 2.1: unsigned, and signed with our public key as if it were a shared secret."""
    [key, *_] = stored_keys(mundo.system.database)
    claims = jwt.get_unverified_claims(token_of(mundo.system, user_of(mundo)))
    head = {"alg": algorithm, "typ": "JWT", "kid": key.kid}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
    proof = b""
    if algorithm == "HS256":
        proof = hmac.new(key.publica.encode(), signed.encode(), hashlib.sha256).digest()
    forged = f"{signed}.{_base64(proof)}"
    assert_error(mundo.client.get("/api/me", headers={"Authorization": f"Bearer {forged}"}), 401)


def test_a_token_whose_claims_were_changed_answers_401(mundo: Way) -> None:
    head, body, proof = token_of(mundo.system, user_of(mundo)).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = _base64(json.dumps({**claims, "sub": str(uuid4())}).encode())
    headers = {"Authorization": f"Bearer {head}.{changed}.{proof}"}
    assert_error(mundo.client.get("/api/me", headers=headers), 401)


def test_the_token_of_a_person_who_does_not_exist_answers_401(mundo: Way) -> None:
    headers = {"Authorization": f"Bearer {token_of(mundo.system, uuid4())}"}
    assert_error(mundo.client.get("/api/me", headers=headers), 401)


@pytest.mark.parametrize("papel", ["viewer", "operator", "manager"])
def test_a_role_is_let_through_exactly_where_it_holds_the_permission(
    mundo: Way, papel: str
) -> None:
    held = PERMISSOES[papel]
    caller = another_tenant(mundo.system, f"Papel {papel}", papel=papel)
    refused = 0
    for route in guarded(mundo):
        body: dict[str, str] | None = None if route.method == "GET" else {}
        response = caller.response(route.method, route.path, body)
        if route.permission in held:
            assert response.status_code not in (401, 403), route
        else:
            found = assert_error(response, 403, hint=route)
            assert route.permission in found["message"]
            refused += 1
    assert refused >= (3 if papel == "manager" else 10)


def test_a_person_taken_out_of_the_account_is_refused_at_once(mundo: Way) -> None:
    caller = another_tenant(mundo.system, "De saída")
    assert caller.response("GET", "/api/me").status_code == 200
    as_owner(
        mundo.system,
        "DELETE FROM alquimista_platform.memberships WHERE tenant_id = :tenant",
        tenant=caller.tenant_id,
    )
    assert_error(caller.response("GET", "/api/me"), 401)


ASKED = ("/api/conhecimento/busca",)
"""Asked by POST, since a question may be long; nothing is changed."""


def test_a_viewer_changes_nothing_but_their_own_access(mundo: Way) -> None:
    caller = another_tenant(mundo.system, "Só leitura", papel="viewer")
    for route in guarded(mundo):
        if route.method != "GET" and route.path not in ASKED and route.permission != PROPRIO:
            response = caller.response(route.method, route.path, {})
            assert_error(response, 403, hint=route)


def test_a_key_without_scopes_may_only_ask_who_it_is(mundo: Way) -> None:
    with mundo.uow() as uow:
        key = mundo.system.services.identity.create_key(uow, "nada", [], SISTEMA)
    headers = {"Authorization": f"Bearer {key.chave}"}
    for route in guarded(mundo):
        response = mundo.client.open(route.path, method=route.method, headers=headers, json={})
        if route.rule == "/api/me":
            assert response.status_code == 200
        else:
            assert_error(response, 403, hint=route)


def test_the_errors_of_login_never_tell_whether_an_account_exists(mundo: Way) -> None:
    def refused(email: str) -> dict[str, object]:
        body = {"email": email, "senha": "Errada123"}
        answer = assert_error(mundo.client.post("/api/auth/login", json=body), 401)
        return {key: value for key, value in answer.items() if key != "trace_id"}

    assert refused("admin@aurora.example.com") == refused("ninguem@aurora.example.com")


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
