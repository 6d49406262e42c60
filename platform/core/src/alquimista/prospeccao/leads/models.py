"""Tables of leads, lots, suppression, and the keys that personal data is encrypted under."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Lote(TenantRow, Base):
    """A homogeneous group of leads that one campaign is made for."""

    __tablename__ = "lotes"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("importacao_id", f"{SCHEMA}.importacoes"),
        Index("ix_lotes_importacao", "tenant_id", "importacao_id"),
    )

    importacao_id: Mapped[UUID]
    nome: Mapped[str] = mapped_column(String(255))
    segmento: Mapped[str] = mapped_column(String(100))
    prioridade: Mapped[str] = mapped_column(String(1))
    quantidade: Mapped[int] = mapped_column(Integer)
    setor: Mapped[str | None] = mapped_column(String(100))
    porte: Mapped[str | None] = mapped_column(String(50))
    regiao: Mapped[str | None] = mapped_column(String(50))
    created_at: Mapped[datetime]


class Lead(TenantRow, Base):
    """A company and the person to talk to there."""

    __tablename__ = "leads"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "chave_dedupe", name="uq_leads_chave_dedupe"),
        Index(
            "uq_leads_token_descadastro",
            "tenant_id",
            "token_descadastro",
            unique=True,
            postgresql_where=text("token_descadastro IS NOT NULL"),
        ),
        tenant_fk("lote_id", f"{SCHEMA}.lotes"),
        tenant_fk("importacao_id", f"{SCHEMA}.importacoes"),
        Index("ix_leads_created", "tenant_id", "created_at"),
        Index("ix_leads_status", "tenant_id", "status"),
        Index(
            "ix_leads_lote", "tenant_id", "lote_id", postgresql_where=text("lote_id IS NOT NULL")
        ),
        Index("ix_leads_importacao", "tenant_id", "importacao_id", "enriquecimento"),
        Index("ix_leads_email", "tenant_id", "email_norm"),
        Index("ix_leads_telefone", "tenant_id", "telefone_norm"),
        Index("ix_leads_cnpj", "tenant_id", "cnpj"),
    )

    empresa: Mapped[str] = mapped_column(String(255))
    cnpj: Mapped[str | None] = mapped_column(String(18))
    contato: Mapped[str | None] = mapped_column(String(255))
    telefone: Mapped[str | None] = mapped_column(String(20))
    telefone_norm: Mapped[str | None] = mapped_column(String(20))
    whatsapp_id: Mapped[str | None] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(255))
    email_norm: Mapped[str | None] = mapped_column(String(255))
    chave_dedupe: Mapped[str] = mapped_column(String(300))
    setor: Mapped[str | None] = mapped_column(String(100))
    porte: Mapped[str | None] = mapped_column(String(50))
    porte_receita: Mapped[str | None] = mapped_column(String(50))
    atividade_principal: Mapped[str | None] = mapped_column(Text)
    cidade: Mapped[str | None] = mapped_column(String(120))
    uf: Mapped[str | None] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(50))
    prioridade: Mapped[int | None] = mapped_column(Integer)
    segmento: Mapped[str | None] = mapped_column(String(100))
    enriquecimento: Mapped[str] = mapped_column(String(20), default="pendente")
    lote_id: Mapped[UUID | None]
    importacao_id: Mapped[UUID | None]
    planilha: Mapped[str | None] = mapped_column(String(120))
    linha: Mapped[int | None] = mapped_column(Integer)
    base_legal: Mapped[str | None] = mapped_column(String(60))
    pausado: Mapped[bool] = mapped_column(Boolean, default=False)
    pausa_motivo: Mapped[str | None] = mapped_column(String(255))
    pausa_causa: Mapped[str | None] = mapped_column(String(30), sort_order=110)
    assumido_por: Mapped[UUID | None]
    token_conversa: Mapped[int] = mapped_column(Integer, default=0)
    # Of leads from before ``saida.py``: letters that they have name it.
    token_descadastro: Mapped[str | None] = mapped_column(String(64))
    valor_convertido_centavos: Mapped[int | None]
    convertido_em: Mapped[datetime | None]
    respondeu_em: Mapped[datetime | None]
    contatado_em: Mapped[datetime | None]
    interessado_em: Mapped[datetime | None]
    agendado_em: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, default=dict)


class Blocklist(TenantRow, Base):
    """Suppression: who must not be written to. The keyed hashes outlive an erasure."""

    __tablename__ = "blocklist"
    __table_args__ = tenant_table(
        SCHEMA,
        Index("ix_blocklist_email", "tenant_id", "email_hmac"),
        Index("ix_blocklist_telefone", "tenant_id", "telefone_hmac"),
        Index("ix_blocklist_lead", "tenant_id", "lead_id"),
    )

    lead_id: Mapped[UUID | None]
    telefone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(255))
    telefone_hmac: Mapped[str | None] = mapped_column(String(64))
    email_hmac: Mapped[str | None] = mapped_column(String(64))
    motivo: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]


class LeadKey(TenantRow, Base):
    """The key that a lead's personal data in events is encrypted under; erasure destroys it."""

    __tablename__ = "chaves_lead"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "lead_id", name="uq_chaves_lead_lead"),
    )

    lead_id: Mapped[UUID]
    chave: Mapped[bytes | None] = mapped_column(LargeBinary)
    destruida_em: Mapped[datetime | None]


class Esquecimento(TenantRow, Base):
    """The certificate of an erasure: each store with its count, no personal data."""

    __tablename__ = "esquecimentos"
    __table_args__ = tenant_table(SCHEMA, Index("ix_esquecimentos_lead", "tenant_id", "lead_id"))

    lead_id: Mapped[UUID]
    certificado: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
