"""Verifying the stored chains: every entry unchanged, in its place, and none taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, text

from alquimista.plataforma.audit.chain import Fault, Link, check
from alquimista.plataforma.functions import AUDIT_FIELDS, SCHEMA

_BATCH = 1_000
_TENANTS = text(
    f"SELECT tenant_id FROM {SCHEMA}.audit_logs UNION SELECT tenant_id FROM {SCHEMA}.audit_links "
    f"UNION SELECT tenant_id FROM {SCHEMA}.audit_heads ORDER BY 1"
)
_LINKS = text(
    f"SELECT k.numero, k.hash, k.id::text, CASE WHEN l.id IS NOT NULL THEN ARRAY[{AUDIT_FIELDS}] "
    f"END FROM {SCHEMA}.audit_links k "
    f"LEFT JOIN {SCHEMA}.audit_logs l ON l.tenant_id = k.tenant_id AND l.id = k.id "
    "WHERE k.tenant_id = :tenant ORDER BY k.numero"
)
_HEAD = text(f"SELECT numero, hash FROM {SCHEMA}.audit_heads WHERE tenant_id = :tenant")
_UNLINKED = text(
    f"SELECT l.id::text FROM {SCHEMA}.audit_logs l LEFT JOIN {SCHEMA}.audit_links k "
    "ON k.tenant_id = l.tenant_id AND k.id = l.id "
    "WHERE l.tenant_id = :tenant AND k.id IS NULL ORDER BY l.created_at, l.id"
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one tenant; ``numero`` and ``hash`` are the head, to be noted elsewhere."""

    tenant_id: UUID
    numero: int
    hash: str
    faults: tuple[Fault, ...] = field(default=())


def tenants(connection: Connection) -> list[UUID]:
    """The tenants that have an audit log, as the connection's login sees them."""
    return list(connection.execute(_TENANTS).scalars())


def verify(
    connection: Connection, tenant_id: UUID, noted: tuple[int, str] | None = None
) -> Verified:
    """Compute a tenant's chain anew and compare it with what is stored.

    ``noted`` is a head that was written down elsewhere: the chain must still pass through it. It
    catches who can write everything in the database and forged the whole chain.
    """
    seen: dict[int, str] = {}

    def links() -> Iterator[Link]:
        rows = connection.execution_options(yield_per=_BATCH).execute(_LINKS, {"tenant": tenant_id})
        for row in rows:
            if noted is not None and row[0] == noted[0]:
                seen[row[0]] = row[1]
            yield Link(*row)

    head = connection.execute(_HEAD, {"tenant": tenant_id}).one_or_none()
    stored = (head.numero, head.hash) if head is not None else None
    faults = list(check(links(), stored))
    faults += [
        Fault("unlinked", 0, found)
        for found in connection.execute(_UNLINKED, {"tenant": tenant_id}).scalars()
    ]
    if noted is not None and seen.get(noted[0]) != noted[1]:
        faults.append(Fault("forged", noted[0]))
    numero, value = stored or (0, "")
    return Verified(tenant_id, numero, value, tuple(faults))
