"""Tables of API calls: idempotency keys and counted use."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class IdempotencyKey(TenantRow, Base):
    """A POST that was sent with a key, and its answer once there is one.

    ``feita`` is committed with what the request did; until ``em_curso_ate`` (machine time) it is
    known to be under way. ``resposta`` is encrypted under the server's key; ``refs`` are the ids in
    it, so that an erasure finds answers that hold the lead.
    """

    __tablename__ = "chaves_idempotencia"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "ator_id", "chave", name="uq_chaves_idempotencia_chave"),
        Index("ix_chaves_idempotencia_expira", "tenant_id", "expira_em"),
    )

    ator_id: Mapped[str] = mapped_column(String(80))
    chave: Mapped[str] = mapped_column(String(255))
    corpo_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)
    resposta: Mapped[bytes | None] = mapped_column(LargeBinary)
    cabecalhos: Mapped[dict[str, Any]] = mapped_column(JSONB)
    refs: Mapped[list[str]] = mapped_column(JSONB)
    expira_em: Mapped[datetime]
    feita: Mapped[bool]
    em_curso_ate: Mapped[datetime]


class ApiUse(TenantRow, Base):
    """Requests counted in a window, of one caller or (``id`` is the tenant's) of all."""

    __tablename__ = "limites_api"
    __table_args__ = tenant_table(SCHEMA)

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)
    janela: Mapped[int] = mapped_column(BigInteger)
    usados: Mapped[int] = mapped_column(Integer)
