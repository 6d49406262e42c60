"""Personal data inside events is encrypted under a key of its lead, which erasure destroys.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; the tenant and the lead are associated
data, so a ciphertext moved to another lead does not open.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from alquimista_sdk.errors import CriticalError

_NONCE = 12
_CLEAR_SUFFIXES = ("_id", "_ids")
_CLEAR_KEYS = frozenset({"canal", "etapa", "tentativa", "numero", "inicio", "fim", "motivo"})


class SubjectKeys(Protocol):
    """Where the keys of leads are kept."""

    def key(
        self, connection: Connection, tenant_id: UUID, lead_id: UUID, *, create: bool
    ) -> bytes | None:
        """The 32-byte key of a lead; None where it was destroyed (or never made)."""


def new_key() -> bytes:
    """A fresh 256-bit key."""
    return AESGCM.generate_key(bit_length=256)


def seal(key: bytes, value: Any, associated: str) -> str:
    """Encrypt a JSON value; the answer is base64 text."""
    nonce = os.urandom(_NONCE)
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, associated.encode())).decode()


def unseal(key: bytes, text: str, associated: str) -> Any:
    """Decrypt what ``seal`` made.

    Raises:
        CriticalError: the ciphertext was changed or belongs elsewhere.
    """
    raw = base64.b64decode(text)
    try:
        plain = AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], associated.encode())
    except InvalidTag as error:
        raise CriticalError("personal data does not open under its key") from error
    return json.loads(plain)


def seal_detail(key: bytes, detail: Mapping[str, Any], associated: str) -> dict[str, Any]:
    """Move the personal parts of a lead's event (messages, free facts) into one ciphertext."""
    context = dict(detail["context"])
    metadata = context.get("metadata", {})
    clear = {name: value for name, value in metadata.items() if _is_clear(name)}
    personal = {
        "last_message": context.get("last_message", ""),
        "history": context.get("history", []),
        "metadata": {name: value for name, value in metadata.items() if name not in clear},
    }
    if not any(personal.values()):
        return dict(detail)
    context.update(
        last_message="",
        history=[],
        metadata={**clear, "cifrado": seal(key, personal, associated)},
    )
    return {**detail, "context": context}


def unseal_detail(key: bytes | None, detail: Mapping[str, Any], associated: str) -> dict[str, Any]:
    """Put the personal parts back; with the key destroyed they stay empty and say so."""
    context = dict(detail["context"])
    metadata = dict(context.get("metadata", {}))
    sealed = metadata.pop("cifrado", None)
    if sealed is None:
        return dict(detail)
    if key is None:
        metadata["apagado"] = True
    else:
        personal = unseal(key, sealed, associated)
        context["last_message"] = personal["last_message"]
        context["history"] = personal["history"]
        metadata.update(personal["metadata"])
    context["metadata"] = metadata
    return {**detail, "context": context}


def _is_clear(name: str) -> bool:
    return name in _CLEAR_KEYS or name.endswith(_CLEAR_SUFFIXES)
