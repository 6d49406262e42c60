"""Table of daily figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "nigredo_leads"


class MetricaDiaria(TenantRow, Base):
    """The funnel of one day and the file key of its PDF."""

    __tablename__ = "metricas_diarias"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "data", name="uq_metricas_diarias_data")
    )

    data: Mapped[date]
    metricas: Mapped[dict[str, Any]] = mapped_column(JSONB)
    pdf_chave: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
