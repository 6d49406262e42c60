"""The address that a lead leaves by: a token that names it, and that only this server can make.

48 bytes in base64url (RFC 4648, 5), 64 characters: the tenant's id, the lead's id, and 16 bytes of
a keyed hash of both (HMAC-SHA256, RFC 2104). Nothing of it is stored, so a lead costs no row of an
index for an address that it may never open.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from uuid import UUID

Digest = Callable[[str, str], str]
"""A keyed hash, in hexadecimal, of a value for a purpose: ``Ports.digest``."""

_UUID, _PROVA = 16, 16


def token_de(digest: Digest, tenant_id: UUID, lead_id: UUID) -> str:
    """The token of a lead; the same at every call."""
    whole = tenant_id.bytes + lead_id.bytes + _prova(digest, tenant_id, lead_id)
    return urlsafe_b64encode(whole).decode("ascii")


def ler_token(digest: Digest, token: str) -> tuple[UUID, UUID] | None:
    """Tenant and lead of a token; None where this server did not make it.

    Whether the lead still stands is for the caller to look up.
    """
    try:
        whole = urlsafe_b64decode(token)
    except ValueError:
        # The library's way of saying that the text is no base64.
        return None
    if len(whole) != 2 * _UUID + _PROVA:
        return None
    tenant_id, lead_id = UUID(bytes=whole[:_UUID]), UUID(bytes=whole[_UUID : 2 * _UUID])
    # Made again and compared as a whole: base64 has many spellings of the same bytes.
    made = token_de(digest, tenant_id, lead_id)
    return (tenant_id, lead_id) if hmac.compare_digest(made.encode(), token.encode()) else None


def _prova(digest: Digest, tenant_id: UUID, lead_id: UUID) -> bytes:
    return bytes.fromhex(digest("descadastro", f"{tenant_id}:{lead_id}"))[:_PROVA]
