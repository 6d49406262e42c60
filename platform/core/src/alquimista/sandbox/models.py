"""Tables of the sandbox twins: what was sent, and the calendar."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class SandboxMensagem(TenantRow, Base):
    """A message that a twin received, exactly as it came over the wire."""

    __tablename__ = "sandbox_mensagens"
    __table_args__ = tenant_table(SCHEMA, Index("ix_sandbox_mensagens_ordem", "tenant_id", "ordem"))

    ordem: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    canal: Mapped[str] = mapped_column(String(50))
    remetente: Mapped[str] = mapped_column(String(255))
    destinatario: Mapped[str] = mapped_column(String(255))
    assunto: Mapped[str] = mapped_column(String(255), default="")
    mensagem: Mapped[str] = mapped_column(Text)
    cabecalhos: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    anexos: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    provider_id: Mapped[str | None] = mapped_column(String(255))
    disparo_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    created_at: Mapped[datetime]


class SandboxEvento(TenantRow, Base):
    """An event of the sandbox calendar."""

    __tablename__ = "sandbox_eventos"
    __table_args__ = tenant_table(
        SCHEMA, Index("ix_sandbox_eventos_inicio", "tenant_id", "calendario_id", "inicio")
    )

    calendario_id: Mapped[str] = mapped_column(String(120))
    event_id: Mapped[str] = mapped_column(String(255))
    resumo: Mapped[str] = mapped_column(String(255))
    inicio: Mapped[datetime]
    fim: Mapped[datetime]
    created_at: Mapped[datetime]
