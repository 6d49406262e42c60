"""Signing deliveries and when to try again: Standard Webhooks (standardwebhooks.com), version 1."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta

TOLERANCIA = timedelta(minutes=5)
"""A receiver refuses a delivery whose timestamp is further away: it was recorded and replayed."""
PREFIXO = "whsec_"
ESPERAS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1_800, 7_200, 18_000, 36_000)
)
"""How long after each failed attempt the next is made; after the last one no more."""
CARENCIA_MAXIMA = timedelta(days=7)
"""How long a former secret may sign beside the new one, at most."""
STATUS = ("pendente", "entregue", "falhou")
REMOVIDO = 410


def shown_secret(secret: bytes) -> str:
    """A secret as its owner gets it."""
    return PREFIXO + base64.b64encode(secret).decode()


def headers(
    secrets: Sequence[bytes], delivery_id: str, timestamp: int, body: bytes
) -> Mapping[str, str]:
    """The headers of a delivery; ``timestamp`` is seconds since the epoch.

    ``webhook-signature`` is a list with spaces between, one signature for each secret that is good.
    """
    signatures = (_signature(secret, delivery_id, timestamp, body) for secret in secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Alquimista-Webhooks/1",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify(secret: str, sent: Mapping[str, str], body: bytes, now: float) -> bool:
    """What a receiver does: the signature holds and the delivery is not an old one."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIXO), validate=True)
        timestamp = int(sent["webhook-timestamp"])
        given = sent["webhook-signature"].split()
        expected = _signature(key, sent["webhook-id"], timestamp, body)
    except (KeyError, ValueError):
        return False
    if abs(now - timestamp) > TOLERANCIA.total_seconds():
        return False
    return any(hmac.compare_digest(one.encode(), f"v1,{expected}".encode()) for one in given)


def espera(tentativas: int) -> timedelta | None:
    """The wait after so many failed attempts; None where there is no other."""
    return ESPERAS[tentativas - 1] if tentativas <= len(ESPERAS) else None


def _signature(secret: bytes, delivery_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
