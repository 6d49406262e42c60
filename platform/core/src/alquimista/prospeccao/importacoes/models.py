"""Tables of imports: one upload or API post, its parts and its rejects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Importacao(TenantRow, Base):
    """One upload (``planilha``) or post (``api``).

    Status: previa, recebida, processando, concluida, falhou, desfeita.
    """

    __tablename__ = "importacoes"
    __table_args__ = tenant_table(
        SCHEMA, Index("ix_importacoes_created", "tenant_id", "created_at", "id")
    )

    origem: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    nome_arquivo: Mapped[str | None] = mapped_column(String(255))
    arquivo_chave: Mapped[str | None] = mapped_column(String(255))
    tamanho_bytes: Mapped[int | None] = mapped_column(BigInteger)
    planilha: Mapped[str | None] = mapped_column(String(120))
    linha_cabecalho: Mapped[int | None] = mapped_column(Integer)
    mapeamento: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    previa: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    avisos: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    total_linhas: Mapped[int] = mapped_column(Integer, default=0)
    erro: Mapped[str | None] = mapped_column(Text)
    criado_por: Mapped[UUID | None]
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]
    concluida_em: Mapped[datetime | None]


class ImportacaoParte(TenantRow, Base):
    """One staged batch; its uniqueness is what makes staging idempotent."""

    __tablename__ = "importacao_partes"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "importacao_id", "parte", name="uq_importacao_partes_parte"),
        tenant_fk("importacao_id", f"{SCHEMA}.importacoes"),
    )

    importacao_id: Mapped[UUID]
    parte: Mapped[int] = mapped_column(Integer)
    aceitos: Mapped[int] = mapped_column(Integer)
    rejeitados: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class ImportacaoRejeito(TenantRow, Base):
    """A row that was not taken: class, sheet, row, cell and a message for a person."""

    __tablename__ = "importacao_rejeitos"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("importacao_id", f"{SCHEMA}.importacoes"),
        Index("ix_importacao_rejeitos_importacao", "tenant_id", "importacao_id", "linha"),
    )

    importacao_id: Mapped[UUID]
    planilha: Mapped[str] = mapped_column(String(120))
    linha: Mapped[int] = mapped_column(Integer)
    coluna: Mapped[str | None] = mapped_column(String(10))
    classe: Mapped[str] = mapped_column(String(20))
    mensagem: Mapped[str] = mapped_column(Text)
