"""Tables of what people teach: corrected readings, and the models that were trained on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Correcao(TenantRow, Base):
    """A person's reading of one message, and the machine's before it (``antes``).

    ``texto`` is the masked message with ours before it, sealed under the lead's key; it goes when
    the correction is undone.
    """

    __tablename__ = "correcoes"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("interacao_id", f"{SCHEMA}.interacoes"),
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
        UniqueConstraint("tenant_id", "interacao_id", name="uq_correcoes_interacao"),
        Index("ix_correcoes_lead", "tenant_id", "lead_id"),
    )

    interacao_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    intent: Mapped[str] = mapped_column(String(20))
    sentimento: Mapped[str] = mapped_column(String(50))
    intensidade: Mapped[int | None] = mapped_column(Integer)
    descadastro: Mapped[str] = mapped_column(String(10))
    antes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    texto: Mapped[str | None] = mapped_column(Text)
    desfeita_em: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ModeloTreinado(TenantRow, Base):
    """A training of one operation's model, accepted or refused; at most one is in use.

    Its file is kept by the file store, under its hash.
    """

    __tablename__ = "modelos"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "operacao", "numero", name="uq_modelos_numero"),
        Index(
            "uq_modelos_ativo",
            "tenant_id",
            "operacao",
            unique=True,
            postgresql_where=text("ativo"),
        ),
    )

    operacao: Mapped[str] = mapped_column(String(80))
    numero: Mapped[int] = mapped_column(Integer)
    base: Mapped[str] = mapped_column(String(64))
    conteudo_hash: Mapped[str | None] = mapped_column(String(64))
    aceito: Mapped[bool]
    ativo: Mapped[bool]
    quantidade: Mapped[int] = mapped_column(Integer)
    motivo: Mapped[str] = mapped_column(String(255))
    metricas: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
