"""Access tokens of a Google service account.

Source: Google, "Using OAuth 2.0 for Server to Server Applications": a JWT signed with RS256 is
exchanged at ``token_uri`` for a token of an hour.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from alquimista_sdk.errors import PermanentError, TransientError

SCOPE = "https://www.googleapis.com/auth/calendar"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # an address, no secret
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_S = 3600
_EARLY_S = 120
_TIMEOUT = (5.0, 10.0)


class ServiceAccountTokens:
    """Tokens of one account, each used until shortly before its end; safe between threads.

    ``sub`` is the person that the account acts as, by domain-wide delegation. ``clock`` answers
    seconds since 1970.
    """

    def __init__(
        self,
        conta: Mapping[str, Any],
        sub: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read the account's key.

        Raises:
            ValueError: the JSON is no service account's key.
        """
        try:
            key = load_pem_private_key(str(conta["private_key"]).encode(), None)
            self._email = str(conta["client_email"])
        except (KeyError, TypeError) as error:
            raise ValueError("not the key of a service account") from error
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the key of a service account is an RSA key")
        self._key = key
        self._token_uri = str(conta.get("token_uri") or TOKEN_URI)
        self._sub = sub
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        """A token that holds for two minutes at least.

        Raises:
            TransientError: the token service does not answer.
            PermanentError: it refuses the account.
        """
        with self._lock:
            now = self._clock()
            if now >= self._until:
                self._token, life = self._exchange(int(now))
                self._until = now + max(0, life - _EARLY_S)
            return self._token

    def _exchange(self, now: int) -> tuple[str, int]:
        form = {"grant_type": _GRANT, "assertion": self._assertion(now)}
        try:
            answer = requests.post(
                self._token_uri, data=form, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise TransientError("Google: o serviço de tokens não responde") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TransientError(f"Google: HTTP {answer.status_code}")
        try:
            body = answer.json()
            return str(body["access_token"]), int(body.get("expires_in", _LIFE_S))
        except (requests.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            message = f"Google: token recusado (HTTP {answer.status_code})"
            raise PermanentError(message) from error

    def _assertion(self, now: int) -> str:
        claims = {
            "iss": self._email,
            "scope": SCOPE,
            "aud": self._token_uri,
            "iat": now,
            "exp": now + _LIFE_S,
        }
        if self._sub is not None:
            claims["sub"] = self._sub
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self._key.sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_encoded(signature)}"


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
