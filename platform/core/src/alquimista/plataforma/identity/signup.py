"""Sign-up: a tenant that waits, and becomes active with its first admin by a confirmed e-mail.

A known and an unknown address are handled by the same statements: each makes a waiting tenant and
sends one letter. Only the letter differs, and only its owner reads it. The person is made by the
confirmation: whoever signed up with another's address left nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity import links, passwords
from alquimista.plataforma.identity.errors import EmailEmUso, LinkInvalido
from alquimista.plataforma.identity.letters import Correio, Letters
from alquimista.plataforma.identity.models import Cadastro
from alquimista.plataforma.identity.port import NovoCadastro
from alquimista.plataforma.tenants.domain import Configuracoes, check_fuso
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista_sdk.errors import NotFound

VALIDADE = timedelta(hours=48)
PENDENTE = "pendente"
ATIVO = "ativo"
_CADASTRO = Cadastro.__table__
_SCOPE = text("SELECT set_config('app.tenant_id', :tenant, true)")
_KNOWN = text("SELECT user_id FROM alquimista_platform.find_login(:address)")
_BAD_LINK = "Este endereço é inválido, venceu ou já foi usado. Peça um novo."


class SignUps:
    """Begins, repeats and confirms sign-ups. ``clock`` is machine time."""

    def __init__(
        self,
        database: Database,
        correio: Correio,
        letters: Letters,
        clock: Callable[[], datetime],
        *,
        sandbox: bool,
    ) -> None:
        self._database = database
        self._correio = correio
        self._letters = letters
        self._clock = clock
        self._sandbox = sandbox

    def begin(self, novo: NovoCadastro, *, outside: bool = False) -> UUID:
        """Make a waiting tenant and send the letter; answers the tenant's id, the sign-up's.

        An ``outside`` provider keeps the password and sends its own letter.

        Raises:
            SenhaFraca: the password breaks the policy.
            ConfiguracaoInvalida: there is no such time zone.
        """
        check_fuso(novo.fuso_horario)
        senha_hash = "" if outside else passwords.hash_password(novo.senha)
        tenant_id = uuid4()
        token = links.new_token(tenant_id)
        with self._database.anonymous() as connection:
            uow = self._waiting_tenant(connection, tenant_id, novo)
            known = _known(connection, novo.email) is not None
            uow.connection.execute(
                insert(Cadastro).values(
                    id=uuid4(),
                    tenant_id=tenant_id,
                    email=novo.email.strip(),
                    nome=novo.nome.strip(),
                    senha_hash=senha_hash,
                    hash=links.digest(token),
                    expira_em=self._clock() + VALIDADE,
                    created_at=uow.agora,
                )
            )
            if not outside:
                self._write(uow, novo.email.strip(), novo.nome, token, known)
        return tenant_id

    def resend(self, cadastro_id: UUID) -> None:
        """Replace the link of a sign-up that still waits; silent where there is none."""
        try:
            with self._database.unit_of_work(cadastro_id) as uow:
                row = self._pending(uow, None)
                if row is None:
                    return
                token = links.new_token(cadastro_id)
                uow.connection.execute(
                    update(Cadastro)
                    .where(Cadastro.tenant_id == uow.tenant_id, Cadastro.id == row.id)
                    .values(
                        hash=links.digest(token),
                        expira_em=self._clock() + VALIDADE,
                        versao=Cadastro.versao + 1,
                    )
                )
                known = _known(uow.connection, row.email) is not None
                self._write(uow, row.email, row.nome, token, known)
        except NotFound:
            return

    def pending(self, cadastro_id: UUID) -> Row[Any] | None:
        """Address and outside identity of a sign-up that waits; None where there is none."""
        try:
            with self._database.unit_of_work(cadastro_id) as uow:
                return self._pending(uow, None)
        except NotFound:
            return None

    def confirm(self, token: str) -> UUID:
        """Make the person, their membership and the tenant active; answers the tenant.

        Raises:
            LinkInvalido: the token is unknown, used or expired.
            EmailEmUso: the address has an account already.
        """
        tenant_id = links.owner_of(token)
        if tenant_id is None:
            raise LinkInvalido(_BAD_LINK)
        return self._confirm(tenant_id, links.digest(token))

    def confirm_outside(self, cadastro_id: UUID, identidade: UUID) -> UUID:
        """As ``confirm``, where an outside provider has checked the address of an identity."""
        return self._confirm(cadastro_id, None, identidade)

    def _confirm(self, tenant_id: UUID, digest: str | None, identidade: UUID | None = None) -> UUID:
        try:
            with self._database.unit_of_work(tenant_id) as uow:
                row = self._pending(uow, digest)
                if row is None:
                    raise LinkInvalido(_BAD_LINK)
                if _known(uow.connection, row.email) is not None:
                    raise EmailEmUso("Este e-mail já tem uma conta. Entre com a sua senha.")
                self._make(uow, row, identidade or uuid4())
        except NotFound as error:
            raise LinkInvalido(_BAD_LINK) from error
        except IntegrityError as error:
            raise EmailEmUso("Este e-mail já tem uma conta. Entre com a sua senha.") from error
        return tenant_id

    def _make(self, uow: UnitOfWork, row: Row[Any], user_id: UUID) -> None:
        self._database.as_person(uow.connection, user_id)
        add_person(uow, user_id, row.email, row.nome, row.senha_hash)
        add_member(uow, user_id, "admin")
        settings = Configuracoes(
            emails_gestores=(row.email.lower(),), nome_vendedor=row.nome
        ).to_json()
        uow.connection.execute(
            update(Tenant)
            .where(Tenant.id == uow.tenant_id, Tenant.status == PENDENTE)
            .values(status=ATIVO, configuracoes=settings, versao=Tenant.versao + 1)
        )
        uow.connection.execute(
            update(Cadastro)
            .where(Cadastro.tenant_id == uow.tenant_id, Cadastro.id == row.id)
            .values(confirmado_em=self._clock(), senha_hash="", versao=Cadastro.versao + 1)
        )
        record(
            uow,
            Ator("pessoa", str(user_id)),
            "cadastro_confirmado",
            alvo_tipo="tenant",
            alvo_id=uow.tenant_id,
        )

    def _waiting_tenant(
        self, connection: Connection, tenant_id: UUID, novo: NovoCadastro
    ) -> UnitOfWork:
        connection.execute(_SCOPE, {"tenant": str(tenant_id)})
        connection.execute(
            insert(Tenant).values(
                id=tenant_id,
                nome=novo.empresa.strip(),
                fuso_horario=novo.fuso_horario,
                status=PENDENTE,
                sandbox=self._sandbox,
                configuracoes=Configuracoes().to_json(),
                created_at=self._clock(),
            )
        )
        return self._database.join(connection, tenant_id)

    def _pending(self, uow: UnitOfWork, digest: str | None) -> Row[Any] | None:
        query = select(_CADASTRO).where(
            Cadastro.tenant_id == uow.tenant_id,
            Cadastro.confirmado_em.is_(None),
        )
        if digest is not None:
            query = query.where(Cadastro.hash == digest, Cadastro.expira_em > self._clock())
        return uow.connection.execute(query.with_for_update()).one_or_none()

    def _write(self, uow: UnitOfWork, email: str, nome: str, token: str, known: bool) -> None:
        carta = (
            self._letters.already_there(email, nome)
            if known
            else self._letters.confirmation(email, nome, token, VALIDADE)
        )
        self._correio(uow, carta, uuid4())


def add_person(uow: UnitOfWork, user_id: UUID, email: str, nome: str, senha_hash: str) -> None:
    """Insert an active person; the transaction must be theirs (``Database.as_person``)."""
    uow.connection.execute(
        insert(User).values(
            id=user_id,
            email=email,
            email_norm=email.lower(),
            nome=nome,
            senha_hash=senha_hash,
            status=ATIVO,
            created_at=uow.agora,
        )
    )


def add_member(uow: UnitOfWork, user_id: UUID, papel: str) -> None:
    """Insert a membership."""
    uow.connection.execute(
        insert(Membership).values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            user_id=user_id,
            papel=papel,
            created_at=uow.agora,
        )
    )


def _known(connection: Connection, email: str) -> UUID | None:
    row = connection.execute(_KNOWN, {"address": email.strip().lower()}).one_or_none()
    return row.user_id if row is not None else None
