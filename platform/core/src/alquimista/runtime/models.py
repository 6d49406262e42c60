"""Tables of the runtime: agent state and the journal of tool calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class EstadoAgente(TenantRow, Base):
    """A value that an agent keeps, keyed by lead where it concerns one."""

    __tablename__ = "estado_agentes"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint(
            "tenant_id",
            "agente",
            "chave",
            "lead_id",
            name="uq_estado_agentes_chave",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_estado_agentes_lead", "tenant_id", "lead_id"),
    )

    agente: Mapped[str] = mapped_column(String(80))
    chave: Mapped[str] = mapped_column(String(120))
    lead_id: Mapped[UUID | None]
    valor: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class ChamadaFerramenta(TenantRow, Base):
    """One tool call of one event: a retry of the event reuses a finished answer.

    ``resposta`` is encrypted where the event is about a lead, and is None while it runs.
    """

    __tablename__ = "chamadas_ferramentas"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint(
            "tenant_id",
            "event_id",
            "agente",
            "ferramenta",
            "argumentos_hash",
            name="uq_chamadas_ferramentas_chamada",
        ),
        Index("ix_chamadas_ferramentas_lead", "tenant_id", "lead_id"),
    )

    event_id: Mapped[UUID]
    agente: Mapped[str] = mapped_column(String(80))
    ferramenta: Mapped[str] = mapped_column(String(120))
    argumentos_hash: Mapped[str] = mapped_column(String(64))
    lead_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(String(20))
    resposta: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime]
