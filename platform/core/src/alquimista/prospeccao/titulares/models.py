"""Table of data subjects' requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "nigredo_leads"


class PedidoTitular(TenantRow, Base):
    """A person asks for access to their data, for their removal, or that one purpose stops.

    ``email`` goes when the request was answered; its keyed hash stays as proof.
    """

    __tablename__ = "pedidos_titular"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "token_hash", name="uq_pedidos_titular_token"),
        Index("ix_pedidos_titular_created", "tenant_id", "created_at", "id"),
        Index("ix_pedidos_titular_email", "tenant_id", "email_hmac"),
    )

    tipo: Mapped[str] = mapped_column(String(20))
    finalidade: Mapped[str | None] = mapped_column(String(40), sort_order=110)
    origem: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(255))
    email_hmac: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64))
    disparo_id: Mapped[UUID | None]
    expira_em: Mapped[datetime]
    confirmado_em: Mapped[datetime | None]
    prazo_em: Mapped[datetime | None]
    atendido_em: Mapped[datetime | None]
    resultado: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
