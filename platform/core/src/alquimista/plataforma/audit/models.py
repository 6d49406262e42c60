"""Table of the audit log: append-only by the login's rights."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class AuditLog(TenantRow, Base):
    """Who did what, to what, with which result. No personal data of leads."""

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
