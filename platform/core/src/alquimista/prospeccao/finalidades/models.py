"""Tables of purposes, and of the legal bases that leads have of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class FinalidadeDaConta(TenantRow, Base):
    """A purpose that an account has changed; one without a row is as the defaults have it."""

    __tablename__ = "finalidades"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "finalidade", name="uq_finalidades_finalidade")
    )

    finalidade: Mapped[str] = mapped_column(String(40))
    base_legal: Mapped[str] = mapped_column(String(40))
    descricao: Mapped[str] = mapped_column(Text)
    dados: Mapped[list[Any]] = mapped_column(JSONB)
    ativa: Mapped[bool] = mapped_column(Boolean)
    lia: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime]


class BaseLegal(TenantRow, Base):
    """A legal basis of one lead for one purpose: since when, how, by which text, until when.

    ``numero`` counts the lead's records of a purpose; the highest one is in force. What a person
    said is cleared by an erasure; that and when they said it stays as proof (LGPD, art. 8, § 2).
    """

    __tablename__ = "bases_legais"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint(
            "tenant_id", "lead_id", "finalidade", "numero", name="uq_bases_legais_numero"
        ),
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
    )

    lead_id: Mapped[UUID]
    finalidade: Mapped[str] = mapped_column(String(40))
    numero: Mapped[int] = mapped_column(Integer)
    base_legal: Mapped[str] = mapped_column(String(40))
    meio: Mapped[str] = mapped_column(String(20))
    texto: Mapped[str | None] = mapped_column(Text)
    evidencia: Mapped[str | None] = mapped_column(Text)
    obtido_em: Mapped[datetime]
    retirado_em: Mapped[datetime | None]
    retirado_meio: Mapped[str | None] = mapped_column(String(20))
    retirado_motivo: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
