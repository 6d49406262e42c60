"""Which of some leads must not be written to: no merge crosses that line."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.fusoes.domain import Perfil
from alquimista.runtime.ports import Ports

_BLOCKED = text(
    """
    SELECT lead_id, email_hmac, telefone_hmac FROM nigredo_leads.blocklist
    WHERE tenant_id = :tenant AND (lead_id = ANY(CAST(:ids AS uuid[]))
        OR email_hmac = ANY(CAST(:emails AS text[]))
        OR telefone_hmac = ANY(CAST(:telefones AS text[])))
    """
)


def suprimidos(ports: Ports, uow: UnitOfWork, perfis: Iterable[Perfil]) -> set[UUID]:
    """The leads that opted out, refused, or share an address with somebody who did."""
    known = list(perfis)
    emails = {p.id: ports.digest("email", p.email_norm) for p in known if p.email_norm}
    phones = {p.id: ports.digest("telefone", p.telefone_norm) for p in known if p.telefone_norm}
    rows = uow.connection.execute(
        _BLOCKED,
        {
            "tenant": uow.tenant_id,
            "ids": [str(p.id) for p in known],
            "emails": sorted(set(emails.values())),
            "telefones": sorted(set(phones.values())),
        },
    ).all()
    blocked = {value for row in rows for value in row if value is not None}
    return {
        p.id
        for p in known
        if p.status == "descadastrado" or {p.id, emails.get(p.id), phones.get(p.id)} & blocked
    }
