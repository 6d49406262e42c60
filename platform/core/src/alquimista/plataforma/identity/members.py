"""Who belongs to a tenant: roles, granular grants, leaving. There is always an admin left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing
from alquimista.plataforma.audit.service import record
from alquimista.plataforma.identity.domain import CONTA, PERMISSOES, PROPRIO, Principal
from alquimista.plataforma.identity.errors import PapelAcima, UltimoAdmin
from alquimista.plataforma.identity.models import Permission
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista_sdk.errors import NotFound

ADMIN = "admin"
_NOBODY = "Pessoa não encontrada."
_GRANTS = (
    select(func.coalesce(func.array_agg(Permission.escopo.distinct()), []))
    .where(Permission.tenant_id == Membership.tenant_id, Permission.user_id == Membership.user_id)
    .correlate(Membership)
    .scalar_subquery()
)
_SHOWN: tuple[Any, ...] = (
    User.id,
    User.nome,
    User.email,
    Membership.papel,
    Membership.created_at,
    Membership.versao,
    Membership.id.label("membership_id"),
    _GRANTS.label("permissoes"),
)

_MEMBERS = select(*_SHOWN).join(Membership, Membership.user_id == User.id)
LISTA = Listing(
    table=table_of(Membership),
    ordens={
        "created_at": table_of(Membership).c.created_at,
        "nome": table_of(User).c.nome,
        "papel": table_of(Membership).c.papel,
    },
    padrao="created_at",
    filtros={
        "papel": table_of(Membership).c.papel,
        "email": lambda email: func.lower(User.email) == email.strip().lower(),
    },
    consulta=_MEMBERS,
    chave="membership_id",
)
"""The people of the tenant with role and grants."""


Confere = Callable[[int], None]
"""Takes the version of the locked membership; raises where the caller read another."""


def _any_version(versao: int) -> None:
    """Whoever named no version takes the newest."""


def check_role(papel: str, por: Principal) -> None:
    """Nobody gives or takes a role that holds more than they do.

    Raises:
        PapelAcima: it does.
    """
    if not PERMISSOES.get(papel, frozenset()) - {CONTA, PROPRIO} <= por.permissoes:
        raise PapelAcima("Este papel permite mais do que o seu; peça à administração da conta.")


def get_member(uow: UnitOfWork, user_id: UUID) -> Row[Any]:
    """One person of the tenant. Raises ``NotFound``."""
    row: Row[Any] | None = uow.connection.execute(
        _MEMBERS.where(Membership.tenant_id == uow.tenant_id, Membership.user_id == user_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_NOBODY)
    return row


def change_role(
    uow: UnitOfWork, user_id: UUID, papel: str, por: Principal, confere: Confere = _any_version
) -> None:
    """Give a person another role; it counts at their next call.

    Raises:
        NotFound: the person does not belong to the tenant.
        PapelAcima: the old or the new role holds more than the giver.
        UltimoAdmin: nobody would be left to administer the tenant.
    """
    before = _lock(uow, user_id, confere)
    check_role(before, por)
    check_role(papel, por)
    if before == papel:
        return
    if before == ADMIN:
        _another_admin(uow, user_id)
    uow.connection.execute(
        update(Membership)
        .where(Membership.tenant_id == uow.tenant_id, Membership.user_id == user_id)
        .values(papel=papel, versao=Membership.versao + 1)
    )
    _note(uow, por, "papel_alterado", user_id, {"antes": before, "depois": papel})


def remove(uow: UnitOfWork, user_id: UUID, por: Principal, confere: Confere = _any_version) -> None:
    """Take a person out of the tenant, with what was granted to them; their account stays.

    Raises: as ``change_role``.
    """
    before = _lock(uow, user_id, confere)
    check_role(before, por)
    if before == ADMIN:
        _another_admin(uow, user_id)
    for table in (Permission, Membership):
        uow.connection.execute(
            delete(table).where(table.tenant_id == uow.tenant_id, table.user_id == user_id)
        )
    _note(uow, por, "pessoa_removida", user_id, {"papel": before})


def take_back(uow: UnitOfWork, user_id: UUID, escopo: str, por: Principal) -> None:
    """Take back what was granted beyond the role.

    Raises:
        NotFound: it was not granted.
    """
    gone = uow.connection.execute(
        delete(Permission).where(
            Permission.tenant_id == uow.tenant_id,
            Permission.user_id == user_id,
            Permission.escopo == escopo,
        )
    ).rowcount
    if not gone:
        raise NotFound("Permissão não encontrada.")
    touch(uow, user_id)
    _note(uow, por, "permissao_retirada", user_id, {"escopo": escopo})


def touch(uow: UnitOfWork, user_id: UUID) -> None:
    """What a person may do has changed: what was read of them is old."""
    uow.connection.execute(
        update(Membership)
        .where(Membership.tenant_id == uow.tenant_id, Membership.user_id == user_id)
        .values(versao=Membership.versao + 1)
    )


def _lock(uow: UnitOfWork, user_id: UUID, confere: Confere) -> str:
    """The person's role. The tenant's row is locked: two removals at once leave an admin too."""
    uow.connection.execute(
        select(Tenant.id).where(Tenant.id == uow.tenant_id).with_for_update()
    ).one()
    row = uow.connection.execute(
        select(Membership.papel, Membership.versao).where(
            Membership.tenant_id == uow.tenant_id, Membership.user_id == user_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_NOBODY)
    confere(row.versao)
    return str(row.papel)


def _another_admin(uow: UnitOfWork, user_id: UUID) -> None:
    others = uow.connection.execute(
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == uow.tenant_id,
            Membership.papel == ADMIN,
            Membership.user_id != user_id,
            User.status == "ativo",
        )
    ).scalar_one()
    if not others:
        raise UltimoAdmin("A conta precisa de pelo menos uma pessoa na administração.")


def _note(
    uow: UnitOfWork, por: Principal, action_type: str, user_id: UUID, detalhes: dict[str, str]
) -> None:
    record(uow, por.ator, action_type, alvo_tipo="usuario", alvo_id=user_id, detalhes=detalhes)
