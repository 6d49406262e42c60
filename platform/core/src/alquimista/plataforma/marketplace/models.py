"""Tables of the agents' catalogue and of what each tenant has active."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class Agent(Base):
    """An installed agent as admission left it: ``admitido`` or ``recusado`` with its error."""

    __tablename__ = "agents"
    __table_args__ = ({"schema": SCHEMA},)

    slug: Mapped[str] = mapped_column(String(63), primary_key=True)
    versao_instalada: Mapped[str | None] = mapped_column(String(40))
    titulo: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(20))
    suspenso: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    erro: Mapped[str | None] = mapped_column(Text)
    manifesto: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class AgentActivation(TenantRow, Base):
    """The allow-list: only rows with ``ativo`` let an agent run for the tenant."""

    __tablename__ = "agent_activations"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "agent_slug", name="uq_agent_activations_agent")
    )

    agent_slug: Mapped[str] = mapped_column(String(63))
    versao_agente: Mapped[str] = mapped_column(String(40))
    ativo: Mapped[bool]
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
