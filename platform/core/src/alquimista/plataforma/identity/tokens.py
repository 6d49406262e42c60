"""Access tokens: RS256 JSON Web Tokens (RFC 7519). The only module that knows python-jose.

python-jose accepts any algorithm and lets a missing ``aud`` or ``exp`` pass unless told
otherwise: here the algorithm list is fixed and every claim is required.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID, uuid4

from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError

from alquimista.plataforma.identity.errors import AcessoRecusado
from alquimista.plataforma.identity.port import Credencial, TokenAnswer

ALGORITHM = "RS256"
AUDIENCE = "alquimista-api"
LIFETIME = timedelta(hours=1)
_REQUIRED = {f"require_{claim}": True for claim in ("aud", "exp", "iat", "iss", "sub")}
_POOL_REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "iss", "sub")}
_REFUSED = "Seu acesso é inválido ou venceu. Entre de novo."


def issue(
    user_id: UUID, sessao_id: UUID, *, issuer: str, kid: str, private_pem: str, agora: datetime
) -> TokenAnswer:
    """Sign a token that names user and session, nothing else: tenant and role live in our rows.

    ``agora`` is machine time.
    """
    issued = int(agora.timestamp())
    life = int(LIFETIME.total_seconds())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "sid": str(sessao_id),
        "iat": issued,
        "nbf": issued,
        "exp": issued + life,
        "jti": str(uuid4()),
    }
    token = jwt.encode(claims, _key(private_pem), algorithm=ALGORITHM, headers={"kid": kid})
    return TokenAnswer(token, life)


def read(token: str, *, issuer: str, public_pem: Callable[[str], str | None]) -> Credencial:
    """The user and session that a token names. ``public_pem`` finds a public key by its id.

    Raises:
        AcessoRecusado: wrong signature, algorithm, key, issuer or audience, expired, or a claim
            is missing.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = public_pem(kid) if isinstance(kid, str) else None
        if key is None:
            raise AcessoRecusado(_REFUSED)
        claims = jwt.decode(
            token,
            _key(key),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer,
            options=dict(_REQUIRED),
        )
        issued = datetime.fromtimestamp(int(claims["iat"]), UTC)
        return Credencial(UUID(claims["sub"]), UUID(claims["sid"]), issued, token)
    except (JOSEError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AcessoRecusado(_REFUSED) from error


def read_pool(
    token: str,
    *,
    issuer: str,
    client_id: str,
    find_key: Callable[[str], Mapping[str, str] | None],
) -> Credencial:
    """The user and session that an access token of a Cognito pool names.

    ``find_key`` finds a public key of the pool by its id, as a JSON Web Key. A Cognito access token
    has no ``aud``: the app client is in ``client_id``, and ``token_use`` tells it from an id token
    (docs.aws.amazon.com, "Verifying JSON web tokens"). ``origin_jti`` names the login.

    Raises:
        AcessoRecusado: wrong signature, algorithm, key, issuer, client or use, expired, or a claim
            is missing.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = find_key(kid) if isinstance(kid, str) else None
        if key is None or key.get("kty") != "RSA":
            raise AcessoRecusado(_REFUSED)
        claims = jwt.decode(
            token, dict(key), algorithms=[ALGORITHM], issuer=issuer, options=dict(_POOL_REQUIRED)
        )
        if claims["token_use"] != "access" or claims["client_id"] != client_id:
            raise AcessoRecusado(_REFUSED)
        origin = claims.get("origin_jti")
        issued = datetime.fromtimestamp(int(claims["iat"]), UTC)
        sessao_id = UUID(origin) if origin is not None else None
        return Credencial(UUID(claims["sub"]), sessao_id, issued, token)
    except (JOSEError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AcessoRecusado(_REFUSED) from error


def seconds_left(token: str) -> int:
    """How long a token that was checked before still lives."""
    claims = jwt.get_unverified_claims(token)
    return max(0, int(claims["exp"] - datetime.now(UTC).timestamp()))


@lru_cache(maxsize=8)
def _key(pem: str) -> Key:
    """A key as python-jose uses it. Reading a private one costs more than a password's hash, since
    OpenSSL proves its primes each time, and the few that live are read again and again."""
    return jwk.construct(pem, ALGORITHM)
