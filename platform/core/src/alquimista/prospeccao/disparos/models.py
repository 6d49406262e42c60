"""Tables of outbound messages and of the tenant's pacing row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Disparo(TenantRow, Base):
    """One outbound message of any kind; the idempotency key makes it one."""

    __tablename__ = "disparos"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
        tenant_fk("campanha_id", f"{SCHEMA}.campanhas"),
        UniqueConstraint("tenant_id", "chave_idempotencia", name="uq_disparos_chave"),
        Index("ix_disparos_lead", "tenant_id", "lead_id", "created_at"),
        Index("ix_disparos_campanha", "tenant_id", "campanha_id", "status"),
        Index("ix_disparos_autorizado", "tenant_id", "autorizado_em"),
        Index("ix_disparos_status", "tenant_id", "status", "enviar_em"),
        Index("ix_disparos_provider", "tenant_id", "provider_id"),
    )

    lead_id: Mapped[UUID | None]
    tipo: Mapped[str] = mapped_column(String(20))
    campanha_id: Mapped[UUID | None]
    etapa: Mapped[str | None] = mapped_column(String(20))
    tentativa: Mapped[int] = mapped_column(Integer, default=0)
    variante: Mapped[str | None] = mapped_column(String(10))
    canal: Mapped[str] = mapped_column(String(50))
    destinatarios: Mapped[list[Any] | None] = mapped_column(JSONB)
    assunto: Mapped[str] = mapped_column(String(255), default="")
    mensagem: Mapped[str] = mapped_column(Text)
    anexos: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    chave_idempotencia: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(20))
    motivo: Mapped[str | None] = mapped_column(String(60))
    verificacoes: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    adiamentos: Mapped[int] = mapped_column(Integer, default=0)
    enviar_em: Mapped[datetime]
    autorizado_em: Mapped[datetime | None]
    autorizado_por: Mapped[UUID | None]
    enviado_em: Mapped[datetime | None]
    entregue_em: Mapped[datetime | None]
    lido_em: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(255))
    erro: Mapped[str | None] = mapped_column(Text)
    token_conversa: Mapped[int | None] = mapped_column(Integer)
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]


class DisparoRitmo(TenantRow, Base):
    """The row that serialises authorisations of a tenant, and hands out postponed moments."""

    __tablename__ = "disparo_ritmos"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", name="uq_disparo_ritmos_tenant")
    )

    ultimo_autorizado_em: Mapped[datetime | None]
    proximo_livre_em: Mapped[datetime | None]
