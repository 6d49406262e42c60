"""Tables of meetings and of the slots that they hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import Column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Agendamento(TenantRow, Base):
    """A meeting. Status: proposto, confirmado, realizado, cancelado, remarcado."""

    __tablename__ = "agendamentos"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
        Index("ix_agendamentos_lead", "tenant_id", "lead_id", "status"),
        Index("ix_agendamentos_data", "tenant_id", "data_hora", "id"),
    )

    lead_id: Mapped[UUID]
    data_hora: Mapped[datetime]
    duracao: Mapped[int] = mapped_column(Integer, default=60)
    status: Mapped[str] = mapped_column(String(50))
    calendar_event_id: Mapped[str | None] = mapped_column(String(255))
    briefing: Mapped[str | None] = mapped_column(Text)
    expira_em: Mapped[datetime | None]
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgendamentoHorario(TenantRow, Base):
    """A slot: ``segurado`` until ``expira_em``, ``confirmado``, or ``liberado``.

    The exclusion constraint is what keeps two leads from holding one span.
    """

    __tablename__ = "agendamento_horarios"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("agendamento_id", f"{SCHEMA}.agendamentos"),
        ExcludeConstraint(
            (Column("tenant_id"), "="),
            (func.tstzrange(Column("inicio"), Column("fim")), "&&"),
            where=text("estado IN ('segurado', 'confirmado')"),
            using="gist",
            name="ex_agendamento_horarios_um_por_vez",
        ),
        Index("ix_agendamento_horarios_agendamento", "tenant_id", "agendamento_id"),
    )

    agendamento_id: Mapped[UUID]
    numero: Mapped[int] = mapped_column(Integer)
    inicio: Mapped[datetime]
    fim: Mapped[datetime]
    estado: Mapped[str] = mapped_column(String(20))
    expira_em: Mapped[datetime | None]
