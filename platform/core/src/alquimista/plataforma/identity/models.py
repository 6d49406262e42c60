"""Tables of access: keys, permissions, signing keys, sessions, sign-ups and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
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
    recusada_em: Mapped[datetime | None]


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


class Sessao(Base):
    """A device where a person is signed in: one family of refresh tokens; on machine time.

    ``tenant_escolhido`` is the tenant that its tokens act in where the call names none;
    ``segundo_fator`` says whether a one-time code was given when it began.
    """

    __tablename__ = "sessoes"
    __table_args__ = (
        Index("ix_sessoes_user", "user_id", "created_at"),
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name="fk_sessoes_user"),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    tenant_escolhido: Mapped[UUID | None]
    segundo_fator: Mapped[bool]
    rede: Mapped[str] = mapped_column(String(45))
    dispositivo: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    ultimo_uso_em: Mapped[datetime]
    expira_em: Mapped[datetime]
    revogada_em: Mapped[datetime | None]
    motivo: Mapped[str | None] = mapped_column(String(40))


class Renovacao(Base):
    """A refresh token, by its hash. Used once: seen again after that, its session is revoked."""

    __tablename__ = "renovacoes"
    __table_args__ = (
        Index("ix_renovacoes_sessao", "sessao_id"),
        ForeignKeyConstraint(
            ["sessao_id"],
            [f"{SCHEMA}.sessoes.id"],
            name="fk_renovacoes_sessao",
            ondelete="CASCADE",
        ),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sessao_id: Mapped[UUID]
    usada_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LinkAcesso(Base):
    """A single-use token of a person, by its hash: ``recuperacao`` or ``desafio`` (second step)."""

    __tablename__ = "links_acesso"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name="fk_links_acesso_user"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tipo: Mapped[str] = mapped_column(String(20))
    expira_em: Mapped[datetime]
    usado_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SegundoFator(Base):
    """A person's one-time code generator: the secret is encrypted under the server's key.

    ``ultimo_passo`` is the time step of the last code taken: no code is taken twice.
    """

    __tablename__ = "segundo_fatores"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name="fk_segundo_fatores_user"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    segredo: Mapped[bytes] = mapped_column(LargeBinary)
    confirmado_em: Mapped[datetime | None]
    ultimo_passo: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class CodigoReserva(Base):
    """A recovery code of the second factor, by its keyed hash; each opens once."""

    __tablename__ = "codigos_reserva"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name="fk_codigos_reserva_user"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    usado_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Cadastro(TenantRow, Base):
    """A sign-up that waits for its e-mail to be confirmed; until then its tenant waits too."""

    __tablename__ = "cadastros"
    __table_args__ = tenant_table(
        SCHEMA, UniqueConstraint("tenant_id", "hash", name="uq_cadastros_hash")
    )

    email: Mapped[str] = mapped_column(String(255))
    nome: Mapped[str] = mapped_column(String(255))
    senha_hash: Mapped[str] = mapped_column(String(255))
    hash: Mapped[str] = mapped_column(String(64))
    expira_em: Mapped[datetime]
    confirmado_em: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Convite(TenantRow, Base):
    """An invitation to a tenant with a role, by the hash of its link's token."""

    __tablename__ = "convites"
    __table_args__ = tenant_table(
        SCHEMA,
        UniqueConstraint("tenant_id", "hash", name="uq_convites_hash"),
        Index("ix_convites_email", "tenant_id", "email_norm"),
        Index("ix_convites_created", "tenant_id", "created_at", "id"),
    )

    email: Mapped[str] = mapped_column(String(255))
    email_norm: Mapped[str] = mapped_column(String(255))
    papel: Mapped[str] = mapped_column(String(20))
    hash: Mapped[str] = mapped_column(String(64))
    convidado_por: Mapped[UUID | None]
    expira_em: Mapped[datetime]
    aceito_em: Mapped[datetime | None]
    revogado_em: Mapped[datetime | None]
    created_at: Mapped[datetime]
