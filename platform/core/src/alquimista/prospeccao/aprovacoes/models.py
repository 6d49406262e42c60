"""Table of human approvals, each bound to the content that was seen."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "nigredo_leads"


class Aprovacao(TenantRow, Base):
    """A request for approval. Status: pendente, aprovada, recusada, substituida."""

    __tablename__ = "aprovacoes"
    __table_args__ = tenant_table(SCHEMA, Index("ix_aprovacoes_ref", "tenant_id", "ref_id"))

    tipo: Mapped[str] = mapped_column(String(30))
    ref_id: Mapped[UUID]
    conteudo_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    resumo: Mapped[str] = mapped_column(Text)
    decidido_por: Mapped[UUID | None]
    decidido_em: Mapped[datetime | None]
    created_at: Mapped[datetime]
