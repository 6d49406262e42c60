"""The one statement that opens a call: its limits are counted and its idempotency key is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, text

from alquimista.db.session import Database

if TYPE_CHECKING:
    from alquimista.plataforma.chamadas.limits import Claim

KEPT = timedelta(hours=24)
"""How long an answer is kept, on machine time."""
LEASE = timedelta(seconds=60)
"""How long a request with a key is taken to be under way since its process last said so."""
_OPEN = text(
    "SELECT * FROM alquimista_platform.open_call(:tenant, :who, :window, :own, :shared, "
    "CAST(:entry AS uuid), :actor, :key, :digest, :lease, :kept)"
)


@dataclass(frozen=True, slots=True)
class Pedido:
    """A POST with a key: ``entry`` is its row's id, should it be the first with that key."""

    entry: UUID
    ator_id: str
    chave: str
    corpo_hash: str


def open_call(
    database: Database, tenant_id: UUID, who: UUID, claim: Claim, pedido: Pedido | None = None
) -> Row[Any]:
    """Take the claim's batches and the key; see ``functions.CALLS`` for what is answered."""
    values = {
        "tenant": tenant_id,
        "who": who,
        "window": claim.window,
        "own": claim.own_batch,
        "shared": claim.shared_batch,
        "entry": pedido.entry if pedido else None,
        "actor": pedido.ator_id if pedido else None,
        "key": pedido.chave if pedido else None,
        "digest": pedido.corpo_hash if pedido else None,
        "lease": LEASE,
        "kept": KEPT,
    }
    with database.anonymous() as connection:
        return connection.execute(_OPEN, values).one()
