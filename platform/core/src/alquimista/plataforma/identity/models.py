"""Tables of machine access, granular permissions and signing keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alquimista.db.base import Base, TenantRow, tenant_table

SCHEMA = "alquimista_platform"


class ApiKey(TenantRow, Base):
    """A key of a machine, found by its hash; the key itself is shown once."""

    __tablename__ = "api_keys"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "hash", name="uq_api_keys_hash")
    )

    nome: Mapped[str] = mapped_column(String(120))
    prefixo: Mapped[str] = mapped_column(String(16))
    hash: Mapped[str] = mapped_column(String(64))
    escopos: Mapped[list[Any]] = mapped_column(JSONB)
    expira_em: Mapped[datetime | None]
    ultimo_uso_em: Mapped[datetime | None]
    revogada_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Permission(TenantRow, Base):
    """A permission granted to one person beyond the role's."""

    __tablename__ = "permissions"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "user_id", "escopo", name="uq_permissions_escopo")
    )

    user_id: Mapped[UUID]
    escopo: Mapped[str] = mapped_column(String(80))
    concedido_por: Mapped[UUID | None]
    created_at: Mapped[datetime]


class SigningKey(Base):
    """An RS256 key pair; the private half is encrypted under the server's master key."""

    __tablename__ = "signing_keys"
    __table_args__ = ({"schema": SCHEMA},)

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    privada: Mapped[bytes] = mapped_column(LargeBinary)
    publica: Mapped[str] = mapped_column(Text)
    ativa: Mapped[bool]
    created_at: Mapped[datetime]


class TentativaLogin(Base):
    """Failed logins of one address or network, under a keyed hash; on machine time.

    Reached only through ``login_attempt`` and ``login_passed``: it is asked before a tenant is
    known.
    """

    __tablename__ = "tentativas_login"
    __table_args__ = ({"schema": SCHEMA},)

    chave: Mapped[str] = mapped_column(String(64), primary_key=True)
    falhas: Mapped[int] = mapped_column(Integer)
    bloqueado_ate: Mapped[datetime | None]
    updated_at: Mapped[datetime]
