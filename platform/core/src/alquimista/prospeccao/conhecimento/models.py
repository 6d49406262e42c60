"""Tables of the knowledge base."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "nigredo_leads"


class Conhecimento(TenantRow, Base):
    """A passage that the tenant stands by: the only source of prices and claims.

    Only what is ``ativo`` is read by agents.
    """

    __tablename__ = "conhecimento"
    __table_args__ = tenant_table(SCHEMA, Index("ix_conhecimento_titulo", "tenant_id", "titulo"))

    titulo: Mapped[str] = mapped_column(String(255))
    texto: Mapped[str] = mapped_column(Text)
    palavras: Mapped[str] = mapped_column(Text, default="")
    etiquetas: Mapped[list[Any]] = mapped_column(
        JSONB, default=list, server_default=text("'[]'::jsonb")
    )
    ativo: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]


class ConhecimentoVersao(TenantRow, Base):
    """What a passage was before a change; ``numero`` is the version that it had then.

    It points to no passage: one that was removed comes back from here.
    """

    __tablename__ = "conhecimento_versoes"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint(
            "tenant_id", "conhecimento_id", "numero", name="uq_conhecimento_versoes_numero"
        ),
        Index("ix_conhecimento_versoes_created", "tenant_id", "created_at", "id"),
    )

    conhecimento_id: Mapped[UUID]
    numero: Mapped[int] = mapped_column(Integer)
    titulo: Mapped[str] = mapped_column(String(255))
    texto: Mapped[str] = mapped_column(Text)
    palavras: Mapped[str] = mapped_column(Text)
    etiquetas: Mapped[list[Any]] = mapped_column(JSONB)
    ativo: Mapped[bool] = mapped_column(Boolean)
    removido: Mapped[bool] = mapped_column(Boolean)
    mudado_por: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
