"""Making a tenant with its first admin, as the owner login: the app login may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, create_engine, insert, select, text

from alquimista.plataforma.identity.passwords import hash_password
from alquimista.plataforma.tenants.domain import (
    FUSO_PADRAO,
    ConfiguracaoInvalida,
    Configuracoes,
    check_fuso,
)
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista_sdk.errors import PermanentError

_LOCK = 0x616C717465


@dataclass(frozen=True, slots=True)
class NovoTenant:
    """A tenant to make, with the person who administers it."""

    nome: str
    email: str
    senha: str = field(repr=False)
    nome_admin: str = "Administração"
    fuso_horario: str = FUSO_PADRAO
    sandbox: bool = False
    configuracoes: Configuracoes | None = None

    def __post_init__(self) -> None:
        if not self.nome.strip() or len(self.nome) > 255:
            raise ConfiguracaoInvalida("nome", "informe o nome da empresa")
        check_fuso(self.fuso_horario)


class EmailEmUso(PermanentError):
    """The e-mail administers another tenant already."""

    code = "email_em_uso"
    http_status = 409


def provision_tenant(owner_dsn: str, novo: NovoTenant) -> UUID:
    """Make the tenant, its admin and the membership; answers the tenant's id.

    Called again with the same name and e-mail it changes nothing and answers the same id.

    Raises:
        EmailEmUso: the e-mail belongs to a person of another tenant.
        SenhaFraca: the password breaks the policy.
        ConfiguracaoInvalida: a setting is wrong.
    """
    engine = create_engine(owner_dsn)
    try:
        with engine.begin() as connection:
            return provision(connection, novo)
    finally:
        engine.dispose()


def provision(connection: Connection, novo: NovoTenant) -> UUID:
    """As ``provision_tenant``, in a transaction of the owner login."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    email_norm = novo.email.strip().lower()
    known = _known(connection, email_norm, novo.nome)
    if known is not None:
        return known
    tenant_id, user_id = uuid4(), uuid4()
    created = datetime.now(UTC)
    connection.execute(
        insert(Tenant).values(
            id=tenant_id,
            nome=novo.nome.strip(),
            fuso_horario=novo.fuso_horario,
            status="ativo",
            sandbox=novo.sandbox,
            configuracoes=_settings(novo, email_norm).to_json(),
            created_at=created,
        )
    )
    connection.execute(
        insert(User).values(
            id=user_id,
            email=novo.email.strip(),
            email_norm=email_norm,
            nome=novo.nome_admin,
            senha_hash=hash_password(novo.senha),
            status="ativo",
            created_at=created,
        )
    )
    connection.execute(
        insert(Membership).values(
            id=uuid4(), tenant_id=tenant_id, user_id=user_id, papel="admin", created_at=created
        )
    )
    return tenant_id


def _settings(novo: NovoTenant, email_norm: str) -> Configuracoes:
    if novo.configuracoes is not None:
        return novo.configuracoes
    return Configuracoes(emails_gestores=(email_norm,), nome_vendedor=novo.nome_admin)


def _known(connection: Connection, email_norm: str, nome: str) -> UUID | None:
    user_id = connection.execute(
        select(User.id).where(User.email_norm == email_norm)
    ).scalar_one_or_none()
    if user_id is None:
        return None
    tenant_id: UUID | None = connection.execute(
        select(Tenant.id)
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Membership.user_id == user_id, Tenant.nome == nome.strip())
        .order_by(Tenant.created_at)
        .limit(1)
    ).scalar_one_or_none()
    if tenant_id is None:
        raise EmailEmUso("Este e-mail já é usado em outra conta.")
    return tenant_id
