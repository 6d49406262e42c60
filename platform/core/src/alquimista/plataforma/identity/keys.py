"""Signing keys: RS256 pairs in the database, private halves encrypted under the server's key.

The owner login makes them at start (the app login may not write them); the app reads them through
``signing_keys_live()``, which leaves out those that no living token was signed with.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import create_engine, delete, insert, select, text, update

from alquimista.db.session import Database
from alquimista.plataforma.identity.models import SCHEMA, SigningKey
from alquimista.settings import Settings
from alquimista_sdk.errors import CriticalError

PURPOSE = "signing-keys"
BITS = 2048
_NONCE = 12
_LOCK = 0x616C717369676E
_FRESH_S = 300.0
_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A pair as the table holds it."""

    kid: str
    privada: bytes
    publica: str
    ativa: bool


class KeyRing:
    """The keys of this process: reread every five minutes, and when an unknown id is asked for."""

    def __init__(self, load: Callable[[], tuple[StoredKey, ...]], encryption_key: bytes) -> None:
        self._load = load
        self._encryption_key = encryption_key
        self._lock = Lock()
        self._keys: tuple[StoredKey, ...] = ()
        self._loaded_at = float("-inf")
        self._opened: dict[str, str] = {}

    def public_pem(self, kid: str) -> str | None:
        """The public half by id; None where there is no such key."""
        found = self._find(kid, self._current())
        if found is None:
            found = self._find(kid, self._current(_RETRY_S))
        return found.publica if found is not None else None

    def signing(self) -> tuple[str, str]:
        """Id and private half of the active key.

        Raises:
            CriticalError: there is none, or it does not open under the server's key.
        """
        active = next((key for key in self._current() if key.ativa), None)
        if active is None:
            raise CriticalError("there is no active signing key; run ensure_signing_key")
        if active.kid not in self._opened:
            self._opened[active.kid] = open_private(active, self._encryption_key)
        return active.kid, self._opened[active.kid]

    def jwks(self) -> dict[str, Any]:
        """The public halves as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [_jwk(key) for key in self._current()]}

    def _current(self, older_than: float = _FRESH_S) -> tuple[StoredKey, ...]:
        with self._lock:
            if not self._keys or monotonic() - self._loaded_at > older_than:
                self._keys = self._load()
                self._loaded_at = monotonic()
            return self._keys

    @staticmethod
    def _find(kid: str, keys: tuple[StoredKey, ...]) -> StoredKey | None:
        return next((key for key in keys if key.kid == kid), None)


def ensure_signing_key(settings: Settings) -> str:
    """Make the active key where there is none, as the owner login; answers its id.

    Raises:
        CriticalError: the active key was made under another server key.
    """
    encryption_key = settings.key(PURPOSE)
    engine = create_engine(settings.owner_dsn)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        row = connection.execute(
            select(SigningKey.kid, SigningKey.privada, SigningKey.publica, SigningKey.ativa)
            .where(SigningKey.ativa)
            .order_by(SigningKey.created_at.desc())
            .limit(1)
        ).one_or_none()
        if row is None:
            key = new_key(encryption_key)
            connection.execute(insert(SigningKey).values(**_columns(key)))
        else:
            key = StoredKey(row.kid, bytes(row.privada), row.publica, row.ativa)
            open_private(key, encryption_key)
    engine.dispose()
    return key.kid


def rotate(settings: Settings, *, revogar: bool = False) -> str:
    """Make a new active key; tokens of the old one stay valid until they expire.

    ``revogar`` forgets the old keys: for one that leaked. Running processes notice within five
    minutes, and everybody comes in again by their refresh token.
    """
    engine = create_engine(settings.owner_dsn)
    key = new_key(settings.key(PURPOSE))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if revogar:
            connection.execute(delete(SigningKey))
        connection.execute(update(SigningKey).values(ativa=False))
        connection.execute(insert(SigningKey).values(**_columns(key)))
    engine.dispose()
    return key.kid


def stored_keys(database: Database) -> tuple[StoredKey, ...]:
    """Every key whose tokens may still live, newest first, as the app login sees them."""
    with database.anonymous() as connection:
        rows = connection.execute(
            text(f"SELECT kid, privada, publica, ativa FROM {SCHEMA}.signing_keys_live()")
        ).all()
    return tuple(StoredKey(row.kid, bytes(row.privada), row.publica, row.ativa) for row in rows)


def new_key(encryption_key: bytes) -> StoredKey:
    """A fresh 2048-bit RSA pair (RFC 7518 asks for 2048 bits or more)."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    kid = uuid4().hex
    plain = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(encryption_key).encrypt(nonce, plain, kid.encode())
    return StoredKey(kid, sealed, public.decode(), ativa=True)


def open_private(key: StoredKey, encryption_key: bytes) -> str:
    """The private half as PEM.

    Raises:
        CriticalError: it was made under another server key, or changed.
    """
    nonce, sealed = key.privada[:_NONCE], key.privada[_NONCE:]
    try:
        return AESGCM(encryption_key).decrypt(nonce, sealed, key.kid.encode()).decode()
    except InvalidTag as error:
        raise CriticalError(
            "the signing key does not open: ALQUIMISTA_CHAVE is not the one it was made under"
        ) from error


def _columns(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "privada": key.privada,
        "publica": key.publica,
        "ativa": key.ativa,
        "created_at": datetime.now(UTC),
    }


def _jwk(key: StoredKey) -> dict[str, str]:
    public = serialization.load_pem_public_key(key.publica.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = public.public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key.kid,
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
    }


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
