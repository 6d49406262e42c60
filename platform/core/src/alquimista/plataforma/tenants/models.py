"""Tables of tenants and of who belongs to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Boolean, ForeignKeyConstraint, Integer, Interval, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class Tenant(Base):
    """A customer of the platform. ``clock_offset`` moves business time (sandbox tenants only)."""

    __tablename__ = "tenants"
    __table_args__ = ({"schema": SCHEMA},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    nome: Mapped[str] = mapped_column(String(255))
    fuso_horario: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(20))
    sandbox: Mapped[bool] = mapped_column(Boolean, default=False)
    clock_offset: Mapped[timedelta] = mapped_column(Interval, server_default="0")
    configuracoes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    versao: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    created_at: Mapped[datetime]


class User(Base):
    """A person. Global: memberships say where they belong.

    Access tokens issued before ``acesso_desde`` (machine time) are refused.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email_norm"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(255))
    email_norm: Mapped[str] = mapped_column(String(255))
    nome: Mapped[str] = mapped_column(String(255))
    senha_hash: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(20))
    acesso_desde: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Membership(TenantRow, Base):
    """A person's role in a tenant: admin, manager, operator or viewer."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", name="uq_memberships_user"),
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name="fk_memberships_user"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenants.id"], name="fk_memberships_tenant"),
        *tenant_table(SCHEMA),
    )

    user_id: Mapped[UUID]
    papel: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
