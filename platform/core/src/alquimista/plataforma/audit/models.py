"""Tables of the audit log: append-only by the login's rights, chained by the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class AuditLog(TenantRow, Base):
    """Who did what, to what, with which result, from where.

    ``detalhes`` holds no personal data of leads. ``antes`` and ``depois`` may: of a lead they are
    encrypted under its key.
    """

    __tablename__ = "audit_logs"
    __table_args__ = tenant_table(
        SCHEMA,
        Index("ix_audit_logs_created", "tenant_id", "created_at", "id"),
        Index("ix_audit_logs_alvo", "tenant_id", "alvo_id"),
    )

    ator_tipo: Mapped[str] = mapped_column(String(20))
    ator_id: Mapped[str | None] = mapped_column(String(80))
    action_type: Mapped[str] = mapped_column(String(80))
    agent_id: Mapped[str | None] = mapped_column(String(63))
    alvo_tipo: Mapped[str | None] = mapped_column(String(40))
    alvo_id: Mapped[UUID | None]
    resultado: Mapped[str] = mapped_column(String(20))
    detalhes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trace_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    antes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), sort_order=110)
    depois: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), sort_order=111)
    rede: Mapped[str | None] = mapped_column(String(64), sort_order=112)


class AuditLink(TenantRow, Base):
    """The place of an entry in its tenant's chain; ``id`` is the entry's. Written by a trigger."""

    __tablename__ = "audit_links"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "numero", name="uq_audit_links_numero")
    )

    numero: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(TenantRow, Base):
    """The newest link of a tenant's chain; ``id`` is the tenant's. Written by a trigger."""

    __tablename__ = "audit_heads"
    __table_args__ = tenant_table(SCHEMA)

    numero: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
