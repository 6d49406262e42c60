"""Opaque tokens that travel in letters and to browsers; only their hashes are kept.

A token begins with the id of whom it belongs to, a person or a tenant, so that its row is found in
that scope, under row-level security, and no look-up across tenants is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from uuid import UUID

_SECRET_BYTES = 32
_ID_BYTES = 16


def new_token(owner: UUID, prefix: str = "") -> str:
    """A fresh token of a person or a tenant: 256 random bits behind the id."""
    raw = owner.bytes + secrets.token_bytes(_SECRET_BYTES)
    return prefix + base64.urlsafe_b64encode(raw).decode()


def owner_of(token: str, prefix: str = "") -> UUID | None:
    """Whose token it says it is; None for a text that is no token. Proves nothing by itself."""
    if not token.startswith(prefix):
        return None
    try:
        raw = base64.b64decode(token[len(prefix) :].encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw[:_ID_BYTES]) if len(raw) == _ID_BYTES + _SECRET_BYTES else None


def digest(token: str) -> str:
    """What is kept of a token: SHA-256, since its 256 bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
