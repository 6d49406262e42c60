"""Table of the outside MCP servers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class ServidorMcp(TenantRow, Base):
    """A server and the tools it listed when last asked; ``segredo`` is wrapped.

    ``permitidas`` names the tools that exist under scopes; null: all of them.
    """

    __tablename__ = "servidores_mcp"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "nome", name="uq_servidores_mcp_nome")
    )

    nome: Mapped[str] = mapped_column(String(30))
    url: Mapped[str] = mapped_column(String(2000))
    segredo: Mapped[bytes | None] = mapped_column(LargeBinary)
    ferramentas: Mapped[list[Any]] = mapped_column(JSONB)
    permitidas: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    ativo: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
