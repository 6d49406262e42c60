"""Tokens and signing keys: what is signed is read, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt

from alquimista.plataforma.identity import tokens
from alquimista.plataforma.identity.errors import AcessoRecusado
from alquimista.plataforma.identity.keys import KeyRing, StoredKey, new_key, open_private
from alquimista_sdk.errors import CriticalError

CHAVE = b"k" * 32
EMISSOR = "https://alquimista.example"
PESSOA = UUID("0197b0d5-0000-7000-8000-000000000001")
SESSAO = UUID("0197b0d5-0000-7000-8000-000000000002")
PAR = new_key(CHAVE)
PRIVADA = open_private(PAR, CHAVE)


def _public(kid: str) -> str | None:
    return PAR.publica if kid == PAR.kid else None


def _issue(agora: datetime | None = None) -> str:
    answer = tokens.issue(
        PESSOA,
        SESSAO,
        issuer=EMISSOR,
        kid=PAR.kid,
        private_pem=PRIVADA,
        agora=agora or datetime.now(UTC),
    )
    assert (answer.expira_em_s, answer.token_type) == (3600, "Bearer")
    return answer.access_token


def _read(token: str, issuer: str = EMISSOR) -> UUID:
    named = tokens.read(token, issuer=issuer, public_pem=_public)
    assert named.sessao_id == SESSAO
    return named.user_id


def _claims(**changes: Any) -> dict[str, Any]:
    agora = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": EMISSOR,
        "aud": tokens.AUDIENCE,
        "sub": str(PESSOA),
        "sid": str(SESSAO),
        "iat": agora,
        "exp": agora + 60,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _signed(claims: dict[str, Any], kid: str = PAR.kid) -> str:
    token: str = jwt.encode(claims, PRIVADA, algorithm="RS256", headers={"kid": kid})
    return token


def test_a_token_names_its_user_and_session_and_nothing_else_of_them() -> None:
    token = _issue()
    assert _read(token) == PESSOA
    claims = jwt.get_unverified_claims(token)
    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"}


def test_a_token_expires_after_an_hour() -> None:
    agora = datetime.now(UTC)
    assert _read(_issue(agora - timedelta(minutes=59))) == PESSOA
    with pytest.raises(AcessoRecusado):
        _read(_issue(agora - timedelta(minutes=61)))


@pytest.mark.parametrize("claim", ["aud", "exp", "iat", "iss", "sid", "sub"])
def test_every_claim_is_required(claim: str) -> None:
    assert _read(_signed(_claims())) == PESSOA
    with pytest.raises(AcessoRecusado):
        _read(_signed(_claims(**{claim: None})))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"sub": "not-a-uuid"},
        {"sid": 7},
        {"exp": 1},
    ],
)
def test_a_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(AcessoRecusado):
        _read(_signed(_claims(**changes)))


def test_an_unknown_key_id_is_refused() -> None:
    with pytest.raises(AcessoRecusado):
        _read(_signed(_claims(), kid="other"))


def test_another_key_under_our_id_is_refused() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    forged = jwt.encode(_claims(), other.decode(), algorithm="RS256", headers={"kid": PAR.kid})
    with pytest.raises(AcessoRecusado):
        _read(forged)


def test_the_public_key_as_a_shared_secret_is_refused() -> None:
    """The classic confusion: HS256 signed with the text of the public key."""
    header = _part({"alg": "HS256", "typ": "JWT", "kid": PAR.kid})
    body = _part(_claims())

    signature = hmac.new(PAR.publica.encode(), f"{header}.{body}".encode(), hashlib.sha256)
    sealed = base64.urlsafe_b64encode(signature.digest()).rstrip(b"=").decode()
    with pytest.raises(AcessoRecusado):
        _read(f"{header}.{body}.{sealed}")


def test_no_algorithm_at_all_is_refused() -> None:
    header = _part({"alg": "none", "typ": "JWT", "kid": PAR.kid})
    with pytest.raises(AcessoRecusado):
        _read(f"{header}.{_part(_claims())}.")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä.ö.ü", "alq_", "....."])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(AcessoRecusado):
        _read(token)


def test_a_private_half_opens_only_under_its_key_and_id() -> None:
    assert "PRIVATE KEY" in PRIVADA
    assert PRIVADA.encode() not in PAR.privada
    with pytest.raises(CriticalError, match="ALQUIMISTA_CHAVE"):
        open_private(PAR, b"x" * 32)
    with pytest.raises(CriticalError):
        open_private(StoredKey("other", PAR.privada, PAR.publica, True), CHAVE)


def test_the_key_set_shows_public_halves_only() -> None:
    (found,) = KeyRing(lambda: (PAR,), CHAVE).jwks()["keys"]
    assert set(found) == {"kty", "use", "alg", "kid", "n", "e"}
    rebuilt = tokens.read(_issue(), issuer=EMISSOR, public_pem=lambda _: _pem_of(found))
    assert rebuilt.user_id == PESSOA


def test_a_ring_signs_with_the_active_key_and_reads_with_the_old() -> None:
    newer = new_key(CHAVE)
    old = StoredKey(PAR.kid, PAR.privada, PAR.publica, ativa=False)
    ring = KeyRing(lambda: (newer, old), CHAVE)
    assert ring.signing()[0] == newer.kid
    assert ring.public_pem(PAR.kid) == PAR.publica
    assert ring.public_pem("other") is None


def test_a_ring_without_an_active_key_says_so() -> None:
    with pytest.raises(CriticalError, match="no active signing key"):
        KeyRing(lambda: (), CHAVE).signing()


def test_a_ring_reads_its_keys_once_for_many_tokens() -> None:
    loads: list[int] = []

    def load() -> tuple[StoredKey, ...]:
        loads.append(1)
        return (PAR,)

    ring = KeyRing(load, CHAVE)
    for _ in range(50):
        ring.public_pem(PAR.kid)
        ring.public_pem(uuid4().hex)
    assert len(loads) == 1


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _pem_of(jwk: dict[str, str]) -> str:
    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    public = rsa.RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
