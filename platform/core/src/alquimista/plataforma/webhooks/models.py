"""Tables of outbound webhooks: who listens to what, and each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class Webhook(TenantRow, Base):
    """A receiver of a tenant's events; its secrets are wrapped under the server's key.

    ``segredo_anterior`` signs beside ``segredo`` until ``anterior_ate`` (machine time).
    """

    __tablename__ = "webhooks"
    __table_args__ = tenant_table(SCHEMA, Index("ix_webhooks_created", "tenant_id", "created_at"))

    url: Mapped[str] = mapped_column(String(2000))
    titulo: Mapped[str] = mapped_column(String(120))
    padrao: Mapped[dict[str, Any]] = mapped_column(JSONB)
    segredo: Mapped[bytes] = mapped_column(LargeBinary)
    ativo: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    segredo_anterior: Mapped[bytes | None] = mapped_column(LargeBinary)
    anterior_ate: Mapped[datetime | None]


class WebhookEntrega(TenantRow, Base):
    """One event for one receiver: pendente, entregue or falhou."""

    __tablename__ = "webhook_entregas"
    __table_args__ = tenant_table(
        SCHEMA,
        ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            [f"{SCHEMA}.webhooks.tenant_id", f"{SCHEMA}.webhooks.id"],
            name="fk_webhook_entregas_webhook",
            ondelete="CASCADE",
        ),
        Index("ix_webhook_entregas_created", "tenant_id", "webhook_id", "created_at", "id"),
    )

    webhook_id: Mapped[UUID]
    event_id: Mapped[UUID]
    evento: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(20))
    tentativas: Mapped[int] = mapped_column(Integer)
    resposta_status: Mapped[int | None] = mapped_column(Integer)
    erro: Mapped[str | None] = mapped_column(String(200))
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    proximo_em: Mapped[datetime | None]
    trace_id: Mapped[UUID]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
