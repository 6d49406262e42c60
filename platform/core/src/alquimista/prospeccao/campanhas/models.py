"""Tables of campaigns and message templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Campanha(TenantRow, Base):
    """A campaign for one lot. Status: rascunho, aprovada, ativa, pausada, concluida."""

    __tablename__ = "campanhas"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("lote_id", f"{SCHEMA}.lotes"),
        Index("ix_campanhas_created", "tenant_id", "created_at", "id"),
        Index("ix_campanhas_lote", "tenant_id", "lote_id"),
    )

    nome: Mapped[str] = mapped_column(String(255))
    segmento: Mapped[str | None] = mapped_column(String(100))
    canal: Mapped[str] = mapped_column(String(50))
    mensagens: Mapped[dict[str, Any]] = mapped_column(JSONB)
    ritmo: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previas: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    status: Mapped[str] = mapped_column(String(50))
    metricas: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    lote_id: Mapped[UUID | None]
    conteudo_hash: Mapped[str] = mapped_column(String(64))
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Template(TenantRow, Base):
    """A message template of the tenant."""

    __tablename__ = "templates"
    __table_args__ = tenant_table(SCHEMA, Index("ix_templates_canal", "tenant_id", "canal"))

    nome: Mapped[str] = mapped_column(String(120))
    canal: Mapped[str] = mapped_column(String(50))
    etapa: Mapped[str] = mapped_column(String(20))
    variante: Mapped[str] = mapped_column(String(10))
    assunto: Mapped[str] = mapped_column(String(255), default="")
    texto: Mapped[str] = mapped_column(Text)
    aprovado: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]
