"""Tokens of a Google service account, from a real HTTP server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from alquimista_integrations.calendar.service_account import SCOPE, ServiceAccountTokens
from alquimista_sdk.errors import PermanentError, TransientError


@cache
def key() -> rsa.RSAPrivateKey:
    """One key for all tests: making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


def account(uri: str) -> dict[str, str]:
    """The JSON that Google hands out."""
    pem = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"client_email": "robo@x.iam", "private_key": pem.decode(), "token_uri": uri}


@contextmanager
def token_service(
    answer: Callable[[int], tuple[int, dict[str, Any]]],
) -> Iterator[tuple[str, list[str]]]:
    """A token endpoint; answers by how often it was asked, and keeps the assertions."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = parse_qs(raw)
            assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            asked.append(form["assertion"][0])
            status, body = answer(len(asked))
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/token", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def decoded(part: str) -> dict[str, Any]:
    """One part of a JWT."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_the_assertion_is_signed_and_says_who_asks_for_what() -> None:
    with token_service(lambda n: (200, {"access_token": f"t{n}", "expires_in": 3600})) as (
        uri,
        asked,
    ):
        tokens = ServiceAccountTokens(account(uri), "ana@x.com.br", lambda: 1_000_000.0)
        assert tokens() == "t1"
    header, claims, signature = asked[0].split(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key().public_key().verify(raw, f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
    assert decoded(header)["alg"] == "RS256"
    assert decoded(claims) == {
        "iss": "robo@x.iam",
        "scope": SCOPE,
        "aud": uri,
        "iat": 1_000_000,
        "exp": 1_003_600,
        "sub": "ana@x.com.br",
    }


def test_a_token_is_used_until_two_minutes_before_its_end() -> None:
    now = [0.0]
    with token_service(lambda n: (200, {"access_token": f"t{n}", "expires_in": 3600})) as (
        uri,
        asked,
    ):
        tokens = ServiceAccountTokens(account(uri), clock=lambda: now[0])
        assert tokens() == "t1"
        now[0] = 3479.0
        assert tokens() == "t1"
        now[0] = 3480.0
        assert tokens() == "t2"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (503, {}, TransientError),
        (429, {}, TransientError),
        (400, {"error": "invalid_grant"}, PermanentError),
        (200, {}, PermanentError),
    ],
)
def test_a_refusal_is_final_and_an_outage_is_not(
    status: int, body: dict[str, Any], expected: type[Exception]
) -> None:
    with token_service(lambda _: (status, body)) as (uri, _), pytest.raises(expected):
        ServiceAccountTokens(account(uri))()


def test_a_token_service_that_is_not_there_is_transient() -> None:
    with pytest.raises(TransientError):
        ServiceAccountTokens(account("http://127.0.0.1:1/token"))()


@pytest.mark.parametrize("broken", [{}, {"client_email": "a", "private_key": "não é chave"}])
def test_a_key_that_is_none_is_refused_at_once(broken: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ServiceAccountTokens(broken)
