"""Passwords that were forgotten or change: single-use links by e-mail, and what ends with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, insert, select, text, update

from alquimista.db.session import Database
from alquimista.plataforma.identity import links, passwords, refused, trail
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.errors import LinkInvalido, SenhaErrada
from alquimista.plataforma.identity.letters import Carta, Correio, Letters
from alquimista.plataforma.identity.models import LinkAcesso
from alquimista.plataforma.identity.port import Credencial
from alquimista.plataforma.identity.sessions import ATIVO, Sessions
from alquimista.plataforma.tenants.models import User

VALIDADE = timedelta(hours=1)
RECUPERACAO = "recuperacao"
_LOGIN = text("SELECT user_id, senha_hash, status FROM alquimista_platform.find_login(:address)")
_BAD_LINK = "Este endereço é inválido, venceu ou já foi usado. Peça um novo."


class Recovery:
    """Forgotten and changed passwords. ``clock`` is machine time."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        attempts: Attempts,
        correio: Correio,
        letters: Letters,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._attempts = attempts
        self._correio = correio
        self._letters = letters
        self._clock = clock

    def forgot(self, email: str) -> None:
        """Send a link where the address has an active account; silent otherwise.

        A person who belongs to no tenant has nowhere to come in, and gets no letter.
        """
        address = email.strip().lower()
        with self._database.anonymous() as connection:
            row = connection.execute(_LOGIN, {"address": address}).one_or_none()
            if row is None or row.status != ATIVO:
                return
            token = links.new_token(row.user_id)
            self._database.as_person(connection, row.user_id)
            self.keep_link(connection, row.user_id, token, RECUPERACAO, VALIDADE)
            self._send(connection, row.user_id, self._letters.recovery(address, token, VALIDADE))

    def recover(self, token: str, senha: str) -> None:
        """Set a new password by a link's token; every session and every other link ends.

        Raises:
            LinkInvalido: the token is unknown, used or expired.
            SenhaFraca: the password breaks the policy; the link may be used again.
        """
        user_id = links.owner_of(token)
        senha_hash = passwords.hash_password(senha)
        if user_id is None:
            raise LinkInvalido(_BAD_LINK)
        with self._database.person(user_id) as connection:
            if not self.use_link(connection, user_id, token, RECUPERACAO):
                raise LinkInvalido(_BAD_LINK)
            self._end_links(connection, user_id)
            email = self._set(connection, user_id, senha_hash)
            self._sessions.end_all(connection, user_id, None, "senha recuperada")
            self._attempts.passed(connection, self._attempts.address(email))
            trail.note(self._database, connection, user_id, "senha_recuperada")
            self._send(connection, user_id, self._letters.password_changed(email))

    def change(self, credencial: Credencial, atual: str, nova: str) -> None:
        """Change the password of who is signed in; every other session and link ends.

        Raises:
            SenhaErrada: the present password is wrong.
            SenhaFraca: the new one breaks the policy.
            MuitasTentativas: too many wrong ones.
        """
        user_id = credencial.user_id
        senha_hash = passwords.hash_password(nova)
        self.check_password(user_id, atual)
        with self._database.person(user_id) as connection:
            email = self._set(connection, user_id, senha_hash)
            self._end_links(connection, user_id)
            self._sessions.end_all(connection, user_id, credencial.sessao_id, "senha trocada")
            trail.note(self._database, connection, user_id, "senha_trocada")
            self._send(connection, user_id, self._letters.password_changed(email))

    def check_password(self, user_id: UUID, senha: str) -> str:
        """Check the password of who is signed in; answers their address.

        Raises:
            SenhaErrada: it is wrong.
            MuitasTentativas: too many wrong ones.
        """
        gates = self._attempts.person("senha", user_id)
        self._attempts.take(gates)
        with self._database.person(user_id) as connection:
            email: str = connection.execute(
                select(User.email).where(User.id == user_id)
            ).scalar_one()
            row = connection.execute(_LOGIN, {"address": email.lower()}).one()
        if not passwords.verify_password(row.senha_hash, senha):
            refused.proof(self._database, user_id, "senha_recusada", gates)
            raise SenhaErrada
        with self._database.person(user_id) as connection:
            self._attempts.passed(connection, gates)
        return email

    def keep_link(
        self, connection: Connection, user_id: UUID, token: str, tipo: str, validade: timedelta
    ) -> None:
        """Keep the hash of a token, in a transaction of the person."""
        agora = self._clock()
        connection.execute(
            insert(LinkAcesso).values(
                user_id=user_id,
                hash=links.digest(token),
                tipo=tipo,
                expira_em=agora + validade,
                created_at=agora,
            )
        )

    def use_link(self, connection: Connection, user_id: UUID, token: str, tipo: str) -> bool:
        """Use a token up: of two calls with one token, one changes the row."""
        used = connection.execute(
            update(LinkAcesso)
            .where(*self._valid(user_id, token, tipo))
            .values(usado_em=self._clock())
        )
        return used.rowcount == 1

    def has_link(self, connection: Connection, user_id: UUID, token: str, tipo: str) -> bool:
        """Whether a token is good, without using it up."""
        found = select(LinkAcesso.user_id).where(*self._valid(user_id, token, tipo))
        return connection.execute(found).one_or_none() is not None

    def _valid(self, user_id: UUID, token: str, tipo: str) -> tuple[ColumnElement[bool], ...]:
        return (
            LinkAcesso.user_id == user_id,
            LinkAcesso.hash == links.digest(token),
            LinkAcesso.tipo == tipo,
            LinkAcesso.usado_em.is_(None),
            LinkAcesso.expira_em > self._clock(),
        )

    def _end_links(self, connection: Connection, user_id: UUID) -> None:
        connection.execute(
            update(LinkAcesso)
            .where(LinkAcesso.user_id == user_id, LinkAcesso.usado_em.is_(None))
            .values(usado_em=self._clock())
        )

    def _set(self, connection: Connection, user_id: UUID, senha_hash: str) -> str:
        connection.execute(update(User).where(User.id == user_id).values(senha_hash=senha_hash))
        email: str = connection.execute(select(User.email).where(User.id == user_id)).scalar_one()
        return email

    def _send(self, connection: Connection, user_id: UUID, carta: Carta) -> None:
        uow = trail.joined(self._database, connection, user_id)
        if uow is not None:
            self._correio(uow, carta, uuid4())
