"""Where the keys of leads are kept: wrapped under the server's master key."""

from __future__ import annotations

from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from alquimista.prospeccao.leads.models import LeadKey
from alquimista.runtime.cifra import new_key
from alquimista_sdk.errors import CriticalError

_STORED = select(LeadKey.chave).where(
    LeadKey.tenant_id == bindparam("tenant"), LeadKey.lead_id == bindparam("lead")
)


class LeadKeys:
    """Wrapping is AES Key Wrap (RFC 3394)."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    def key(
        self, connection: Connection, tenant_id: UUID, lead_id: UUID, *, create: bool
    ) -> bytes | None:
        """The key of a lead; None where it was destroyed, or never made and not asked for."""
        owner = {"tenant": tenant_id, "lead": lead_id}
        row = connection.execute(_STORED, owner).one_or_none()
        if row is None and create:
            connection.execute(
                insert(LeadKey)
                .values(
                    id=uuid4(),
                    tenant_id=tenant_id,
                    lead_id=lead_id,
                    chave=aes_key_wrap(self._master, new_key()),
                )
                .on_conflict_do_nothing(constraint="uq_chaves_lead_lead")
            )
            row = connection.execute(_STORED, owner).one()
        if row is None or row.chave is None:
            return None
        try:
            return aes_key_unwrap(self._master, row.chave)
        except (InvalidTag, ValueError) as error:
            raise CriticalError("a lead's key does not open under the master key") from error

    def destroy(self, connection: Connection, tenant_id: UUID, lead_id: UUID) -> int:
        """Destroy a lead's key: what was encrypted under it can never be read again."""
        connection.execute(
            insert(LeadKey)
            .values(id=uuid4(), tenant_id=tenant_id, lead_id=lead_id, chave=None)
            .on_conflict_do_nothing(constraint="uq_chaves_lead_lead")
        )
        return connection.execute(
            update(LeadKey)
            .where(
                LeadKey.tenant_id == tenant_id,
                LeadKey.lead_id == lead_id,
                LeadKey.destruida_em.is_(None),
            )
            .values(chave=None, destruida_em=func.clock_timestamp(), versao=LeadKey.versao + 1)
        ).rowcount
