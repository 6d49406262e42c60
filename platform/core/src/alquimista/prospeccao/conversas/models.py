"""Table of conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Interacao(TenantRow, Base):
    """One message, ``enviado`` or ``recebido``. ``provider_id`` makes a repeated webhook one."""

    __tablename__ = "interacoes"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
        UniqueConstraint("tenant_id", "canal", "provider_id", name="uq_interacoes_provider"),
        Index("ix_interacoes_lead", "tenant_id", "lead_id", "created_at"),
        Index("ix_interacoes_created", "tenant_id", "created_at"),
    )

    lead_id: Mapped[UUID]
    tipo: Mapped[str] = mapped_column(String(50))
    canal: Mapped[str] = mapped_column(String(50))
    mensagem: Mapped[str] = mapped_column(Text)
    sentimento: Mapped[str | None] = mapped_column(String(50))
    intensidade: Mapped[int | None] = mapped_column(Integer)
    intent: Mapped[str | None] = mapped_column(String(20))
    descadastro: Mapped[str | None] = mapped_column(String(10))
    motivos: Mapped[list[Any] | None] = mapped_column(JSONB)
    modelo: Mapped[str | None] = mapped_column(String(120), sort_order=110)
    corrigida: Mapped[bool] = mapped_column(default=False, server_default=false(), sort_order=111)
    disparo_id: Mapped[UUID | None]
    provider_id: Mapped[str | None] = mapped_column(String(255))
    atendida: Mapped[bool] = mapped_column(default=False)
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]
