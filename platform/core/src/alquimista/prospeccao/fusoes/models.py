"""Tables of merges: two leads that may be one, and the keys by which look-alikes are found."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_fk, tenant_table

SCHEMA = "nigredo_leads"


class Fusao(TenantRow, Base):
    """Two leads of which ``lead_id`` would stay. The id derives from the pair: one row for each.

    Status: sugerida, feita, desfeita, recusada. ``procedencia`` of a merge holds what each field
    was before and where it came from; an erasure of either lead empties it.
    """

    __tablename__ = "fusoes"
    __table_args__ = tenant_table(
        SCHEMA,
        tenant_fk("lead_id", f"{SCHEMA}.leads"),
        tenant_fk("outro_id", f"{SCHEMA}.leads"),
        Index("ix_fusoes_lead", "tenant_id", "lead_id", "status"),
        Index("ix_fusoes_outro", "tenant_id", "outro_id", "status"),
        Index("ix_fusoes_status", "tenant_id", "status", "created_at", "id"),
    )

    lead_id: Mapped[UUID]
    outro_id: Mapped[UUID]
    motivo: Mapped[str] = mapped_column(String(20))
    escore: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(20))
    procedencia: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    decidido_por: Mapped[UUID | None]
    decidido_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FusaoBloco(TenantRow, Base):
    """The blocks in which a lead's name is compared; ``id`` is the lead's own.

    Stored, since under row-level security no index on an expression serves a look-up. The highest
    id of an import tells how far its comparison has come.
    """

    __tablename__ = "fusao_blocos"
    __table_args__ = tenant_table(
        SCHEMA,
        ForeignKeyConstraint(
            ["tenant_id", "id"], [f"{SCHEMA}.leads.tenant_id", f"{SCHEMA}.leads.id"]
        ),
        Index("ix_fusao_blocos_importacao", "tenant_id", "importacao_id", "id"),
        Index("ix_fusao_blocos_dominio", "tenant_id", "dominio"),
        Index("ix_fusao_blocos_inicio", "tenant_id", "inicio"),
    )

    importacao_id: Mapped[UUID]
    dominio: Mapped[str | None] = mapped_column(String(255))
    inicio: Mapped[str | None] = mapped_column(String(20))
