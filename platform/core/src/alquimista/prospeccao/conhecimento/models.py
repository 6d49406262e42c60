"""Table of the knowledge base."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "nigredo_leads"


class Conhecimento(TenantRow, Base):
    """A passage that the tenant stands by: the only source of prices and claims."""

    __tablename__ = "conhecimento"
    __table_args__ = tenant_table(SCHEMA, Index("ix_conhecimento_titulo", "tenant_id", "titulo"))

    titulo: Mapped[str] = mapped_column(String(255))
    texto: Mapped[str] = mapped_column(Text)
    palavras: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
