"""Invitations: a letter with a link that joins one address to one tenant with one role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.http.listing import Listing
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity import links
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.domain import Principal
from alquimista.plataforma.identity.errors import DadosNecessarios, EmailEmUso, LinkInvalido
from alquimista.plataforma.identity.letters import Correio, Letters
from alquimista.plataforma.identity.members import check_role
from alquimista.plataforma.identity.models import Convite
from alquimista.plataforma.identity.port import Identidade
from alquimista.plataforma.identity.signup import ATIVO, add_member, add_person
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista_sdk.errors import NotFound

VALIDADE = timedelta(days=7)
_CONVITES = table_of(Convite)
SITUACOES: Mapping[str, ColumnElement[bool]] = {
    "pendente": and_(
        _CONVITES.c.aceito_em.is_(None),
        _CONVITES.c.revogado_em.is_(None),
        _CONVITES.c.expira_em > func.clock_timestamp(),
    ),
    "aceito": _CONVITES.c.aceito_em.is_not(None),
    "revogado": and_(_CONVITES.c.aceito_em.is_(None), _CONVITES.c.revogado_em.is_not(None)),
    "vencido": and_(
        _CONVITES.c.aceito_em.is_(None),
        _CONVITES.c.revogado_em.is_(None),
        _CONVITES.c.expira_em <= func.clock_timestamp(),
    ),
}
"""What may have become of an invitation; links expire on machine time."""
LISTA = Listing(
    table=_CONVITES,
    ordens={name: _CONVITES.c[name] for name in ("created_at", "expira_em", "email")},
    padrao="-created_at",
    filtros={
        "situacao": SITUACOES.__getitem__,
        "papel": _CONVITES.c.papel,
        "email": lambda email: _CONVITES.c.email_norm == email.strip().lower(),
    },
)
"""The tenant's invitations."""
_KNOWN = text("SELECT user_id, status FROM alquimista_platform.find_login(:address)")
_BAD_LINK = "Este convite é inválido, venceu, foi revogado ou já foi aceito."


@dataclass(frozen=True, slots=True)
class ConviteAberto:
    """What somebody who holds the link may know before accepting."""

    empresa: str
    email: str
    papel: str
    tem_conta: bool


class Invitations:
    """Makes, repeats, revokes and accepts invitations. ``clock`` is machine time."""

    def __init__(
        self,
        database: Database,
        home: Identidade,
        correio: Correio,
        letters: Letters,
        attempts: Attempts,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._home = home
        self._correio = correio
        self._letters = letters
        self._attempts = attempts
        self._clock = clock

    def count(self, email: str) -> None:
        """Count a letter to an address, whichever tenant sends it; before the transaction opens.

        Raises:
            MuitasTentativas: too many to that address within an hour.
        """
        self._attempts.take(self._attempts.letter("convite", email.strip().lower(), ""))

    def invite(self, uow: UnitOfWork, email: str, papel: str, por: Principal) -> Row[Any]:
        """Invite an address; a former invitation of it that waits is replaced.

        Raises:
            PapelAcima: the role holds more than who invites.
            EmailEmUso: the person belongs to the tenant already.
        """
        check_role(papel, por)
        address = email.strip().lower()
        member = uow.connection.execute(
            select(User.id)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.tenant_id == uow.tenant_id, func.lower(User.email) == address)
        ).one_or_none()
        if member is not None:
            raise EmailEmUso("Esta pessoa já pertence à conta.")
        self._revoke(uow, Convite.email_norm == address)
        token, convite_id, agora = links.new_token(uow.tenant_id), uuid4(), self._clock()
        uow.connection.execute(
            insert(Convite).values(
                id=convite_id,
                tenant_id=uow.tenant_id,
                email=email.strip(),
                email_norm=address,
                papel=papel,
                hash=links.digest(token),
                convidado_por=por.user_id,
                expira_em=agora + VALIDADE,
                created_at=agora,
            )
        )
        self._write(uow, email.strip(), papel, token)
        _note(uow, por.ator, "convite_enviado", convite_id, {"papel": papel})
        return self.get(uow, convite_id)

    def get(self, uow: UnitOfWork, convite_id: UUID) -> Row[Any]:
        """One invitation of the tenant. Raises ``NotFound``."""
        row = uow.connection.execute(
            select(_CONVITES).where(Convite.tenant_id == uow.tenant_id, Convite.id == convite_id)
        ).one_or_none()
        if row is None:
            raise NotFound("Convite não encontrado.")
        return row

    def resend(self, uow: UnitOfWork, convite_id: UUID, por: Principal) -> Row[Any]:
        """Send a new link, valid anew; the former one opens nothing any more.

        Raises:
            NotFound: there is none that waits.
            PapelAcima: the role holds more than who asks.
        """
        row = self.get(uow, convite_id)
        check_role(row.papel, por)
        token = links.new_token(uow.tenant_id)
        changed = uow.connection.execute(
            update(Convite)
            .where(*_waiting(uow), Convite.id == convite_id)
            .values(
                hash=links.digest(token),
                expira_em=self._clock() + VALIDADE,
                versao=Convite.versao + 1,
            )
        ).rowcount
        if not changed:
            raise NotFound("Não há convite à espera de aceite.")
        self._write(uow, row.email, row.papel, token)
        _note(uow, por.ator, "convite_reenviado", convite_id, {"papel": row.papel})
        return self.get(uow, convite_id)

    def revoke(self, uow: UnitOfWork, convite_id: UUID, por: Principal) -> None:
        """Take an invitation back; revoking again changes nothing.

        Raises:
            NotFound: the tenant has no such invitation, or it was accepted.
        """
        if self.get(uow, convite_id).aceito_em is not None:
            raise NotFound("O convite já foi aceito.")
        if self._revoke(uow, Convite.id == convite_id):
            _note(uow, por.ator, "convite_revogado", convite_id, {})

    def look(self, token: str) -> ConviteAberto:
        """What an invitation is for. Raises ``LinkInvalido``."""
        with self._tenant(token) as uow:
            row, empresa = self._open(uow, token)
            known = _known(uow, row.email_norm)
            return ConviteAberto(empresa, row.email, row.papel, known is not None)

    def accept(self, token: str, nome: str | None, senha: str | None) -> UUID:
        """Join the tenant; answers its id. The link proves whose address it is.

        A person without an account is made with ``nome`` and ``senha``; one who has an account
        keeps theirs, and what is sent beside the token is not looked at.

        Raises:
            LinkInvalido: the token is unknown, used, revoked or expired.
            DadosNecessarios: a new person sent no name or password.
            SenhaFraca: the password breaks the policy.
        """
        made: tuple[UUID, str] | None = None
        with self._tenant(token) as uow:
            row, _ = self._open(uow, token)
            known = _known(uow, row.email_norm)
        if known is None:
            if not nome or not senha:
                raise DadosNecessarios("Informe seu nome e uma senha para criar o seu acesso.")
            made = self._home.new_person(row.email, nome, senha)
        try:
            with self._tenant(token) as uow:
                row, _ = self._open(uow, token)
                self._join(uow, row, known, made, nome or "")
                return uow.tenant_id
        except IntegrityError as error:
            raise LinkInvalido(_BAD_LINK) from error

    @contextmanager
    def _tenant(self, token: str) -> Iterator[UnitOfWork]:
        """A unit of work of the tenant that a token names. Raises ``LinkInvalido``."""
        tenant_id = links.owner_of(token)
        if tenant_id is None:
            raise LinkInvalido(_BAD_LINK)
        try:
            with self._database.unit_of_work(tenant_id) as uow:
                yield uow
        except NotFound as error:
            raise LinkInvalido(_BAD_LINK) from error

    def _join(
        self,
        uow: UnitOfWork,
        row: Row[Any],
        known: UUID | None,
        made: tuple[UUID, str] | None,
        nome: str,
    ) -> None:
        if made is not None:
            user_id, senha_hash = made
            self._database.as_person(uow.connection, user_id)
            add_person(uow, user_id, row.email, nome.strip(), senha_hash)
        else:
            assert known is not None
            user_id = known
        add_member(uow, user_id, row.papel)
        uow.connection.execute(
            update(Convite)
            .where(Convite.tenant_id == uow.tenant_id, Convite.id == row.id)
            .values(aceito_em=self._clock(), versao=Convite.versao + 1)
        )
        ator = Ator("pessoa", str(user_id))
        _note(uow, ator, "convite_aceito", row.id, {"papel": row.papel})

    def _open(self, uow: UnitOfWork, token: str) -> tuple[Row[Any], str]:
        """The invitation that waits under a token, locked, and its active tenant's name."""
        row = uow.connection.execute(
            select(_CONVITES)
            .where(
                *_waiting(uow),
                Convite.hash == links.digest(token),
                Convite.expira_em > self._clock(),
            )
            .with_for_update()
        ).one_or_none()
        tenant = uow.connection.execute(
            select(Tenant.nome, Tenant.status).where(Tenant.id == uow.tenant_id)
        ).one_or_none()
        if row is None or tenant is None or tenant.status != ATIVO:
            raise LinkInvalido(_BAD_LINK)
        return row, tenant.nome

    def _revoke(self, uow: UnitOfWork, which: Any) -> int:
        return uow.connection.execute(
            update(Convite)
            .where(*_waiting(uow), which)
            .values(revogado_em=self._clock(), versao=Convite.versao + 1)
        ).rowcount

    def _write(self, uow: UnitOfWork, email: str, papel: str, token: str) -> None:
        empresa = uow.connection.execute(
            select(Tenant.nome).where(Tenant.id == uow.tenant_id)
        ).scalar_one()
        self._correio(
            uow, self._letters.invitation(email, empresa, papel, token, VALIDADE), uuid4()
        )


def _waiting(uow: UnitOfWork) -> tuple[Any, ...]:
    return (
        Convite.tenant_id == uow.tenant_id,
        Convite.aceito_em.is_(None),
        Convite.revogado_em.is_(None),
    )


def _known(uow: UnitOfWork, address: str) -> UUID | None:
    row = uow.connection.execute(_KNOWN, {"address": address}).one_or_none()
    return row.user_id if row is not None else None


def _note(
    uow: UnitOfWork, ator: Ator, action_type: str, convite_id: UUID, detalhes: dict[str, str]
) -> None:
    record(uow, ator, action_type, alvo_tipo="convite", alvo_id=convite_id, detalhes=detalhes)
