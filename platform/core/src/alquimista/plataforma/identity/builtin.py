"""The built-in home of identity: passwords, sessions and second factors in our own database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from alquimista.db.session import Database
from alquimista.plataforma.identity import keys, links, passwords, refused, trail
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.errors import AcessoRecusado
from alquimista.plataforma.identity.keys import KeyRing
from alquimista.plataforma.identity.letters import Correio, Letters
from alquimista.plataforma.identity.port import (
    Credencial,
    Desafio,
    NovoCadastro,
    Origem,
    SegredoNovo,
    TokenAnswer,
)
from alquimista.plataforma.identity.recovery import Recovery
from alquimista.plataforma.identity.second_factor import SecondFactor
from alquimista.plataforma.identity.sessions import ATIVO, Sessions
from alquimista.plataforma.identity.signup import SignUps
from alquimista.settings import Settings

DESAFIO = "desafio"
DESAFIO_VALE = timedelta(minutes=5)
PISO_S = 0.3
"""What ``forgot`` takes at least: longer than its work, so that its time tells nothing."""
_SAME_ANSWER = "E-mail ou senha não conferem."
_BAD_CODE = "O código não confere, venceu ou já foi usado. Entre de novo se preciso."


def machine_time() -> datetime:
    """The machine's clock: sessions, links and codes never follow a tenant's."""
    return datetime.now(UTC)


class BuiltInIdentity:
    """The built-in home; see ``Identidade`` for what each use case promises."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        correio: Correio,
        clock: Callable[[], datetime] = machine_time,
    ) -> None:
        self._database = database
        self._ring = KeyRing(lambda: keys.stored_keys(database), settings.key(keys.PURPOSE))
        self._attempts = Attempts(database, settings.key("tentativas-login"))
        self._sessions = Sessions(database, self._ring, settings.url_publica, clock)
        letters = Letters(settings.url_publica)
        self._signups = SignUps(database, correio, letters, clock, sandbox=settings.sandbox)
        self._factor = SecondFactor(settings.key("segundo-fator"), clock)
        self._recovery = Recovery(database, self._sessions, self._attempts, correio, letters, clock)

    def sign_up(self, cadastro: NovoCadastro, origem: Origem) -> UUID:
        """Begin a tenant; answers the sign-up's id."""
        address = cadastro.email.strip().lower()
        self._attempts.take(self._attempts.letter("cadastro", address, origem.rede))
        return self._signups.begin(cadastro)

    def resend(self, cadastro_id: UUID, origem: Origem) -> None:
        """Send the confirmation of a sign-up again."""
        self._attempts.take(self._attempts.letter("reenvio", str(cadastro_id), origem.rede))
        self._signups.resend(cadastro_id)

    def confirm(self, token: str, codigo: str | None = None) -> UUID:
        """Confirm the e-mail of a sign-up."""
        return self._signups.confirm(token)

    def login(self, email: str, senha: str, origem: Origem) -> TokenAnswer | Desafio:
        """Exchange a password for tokens or a challenge.

        Unknown, suspended and mistaken get the same answer after the same work.
        """
        address = email.strip().lower()
        gates = self._attempts.login(address, origem.rede)
        row = self._attempts.take_and_find(gates, address)
        matches = passwords.verify_password(row.senha_hash, senha)
        if not matches or row.status != ATIVO or row.tenant_id is None:
            refused.login(self._database, row, address, gates)
            raise AcessoRecusado(_SAME_ANSWER)
        with self._database.person(row.user_id) as connection:
            self._attempts.passed(connection, gates)
            if self._factor.enabled(connection, row.user_id):
                token = links.new_token(row.user_id)
                self._recovery.keep_link(connection, row.user_id, token, DESAFIO, DESAFIO_VALE)
                return Desafio(token, int(DESAFIO_VALE.total_seconds()))
            answer = self._sessions.start(connection, row.user_id, origem, segundo_fator=False)
            trail.entered(self._database.join(connection, row.tenant_id), row.user_id)
        return answer

    def second_step(self, desafio: str, codigo: str, origem: Origem) -> TokenAnswer:
        """Answer a challenge with a one-time or a recovery code.

        Only a good challenge counts as an attempt: a made-up one locks nobody out.
        """
        user_id = links.owner_of(desafio)
        if user_id is None:
            raise AcessoRecusado(_BAD_CODE)
        with self._database.person(user_id) as connection:
            if not self._recovery.has_link(connection, user_id, desafio, DESAFIO):
                raise AcessoRecusado(_BAD_CODE)
        gates = self._attempts.person("codigo", user_id)
        self._attempts.take(gates)
        try:
            with self._database.person(user_id) as connection:
                if not self._factor.check(connection, user_id, codigo):
                    raise AcessoRecusado(_BAD_CODE)
                if not self._recovery.use_link(connection, user_id, desafio, DESAFIO):
                    raise AcessoRecusado(_BAD_CODE)
                self._attempts.passed(connection, gates)
                answer = self._sessions.start(connection, user_id, origem, segundo_fator=True)
                detalhes = {"segundo_fator": True}
                trail.note(self._database, connection, user_id, "login", detalhes=detalhes)
        except AcessoRecusado:
            refused.proof(self._database, user_id, "codigo_recusado", gates)
            raise
        return answer

    def refresh(self, token: str, origem: Origem) -> TokenAnswer:
        """Exchange a refresh token, once."""
        return self._sessions.refresh(token, origem)

    def identify(self, token: str) -> Credencial:
        """Who an access token names."""
        return self._sessions.identify(token)

    def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token."""
        self._sessions.logout(refresh_token)

    def sessions(self, user_id: UUID) -> Sequence[Mapping[str, Any]]:
        """The person's live sessions."""
        return self._sessions.list(user_id)

    def end_session(self, user_id: UUID, sessao_id: UUID) -> None:
        """End one session."""
        self._sessions.end(user_id, sessao_id)

    def end_all(self, credencial: Credencial, *, manter_atual: bool) -> int:
        """End every session of a person."""
        user_id = credencial.user_id
        spared = credencial.sessao_id if manter_atual else None
        with self._database.person(user_id) as connection:
            ended = self._sessions.end_all(connection, user_id, spared, "saiu de todas")
            detalhes = {"sessoes": ended}
            trail.note(self._database, connection, user_id, "saida_geral", detalhes=detalhes)
        return ended

    def switch(self, credencial: Credencial, tenant_id: UUID, origem: Origem) -> TokenAnswer:
        """Tokens of another tenant of the person."""
        return self._sessions.switch(credencial, tenant_id, origem)

    def forgot(self, email: str, origem: Origem) -> None:
        """Send a recovery link where there is an account, in a time that does not tell."""
        address = email.strip().lower()
        self._attempts.take(self._attempts.letter("recuperacao", address, origem.rede))
        started = time.monotonic()
        self._recovery.forgot(address)
        time.sleep(max(0.0, PISO_S - (time.monotonic() - started)))

    def recover(self, token: str, senha: str, email: str | None = None) -> None:
        """Set a new password by a recovery token."""
        self._recovery.recover(token, senha)

    def change_password(self, credencial: Credencial, atual: str, nova: str) -> None:
        """Change the password of who is signed in."""
        self._recovery.change(credencial, atual, nova)

    def new_person(self, email: str, nome: str, senha: str) -> tuple[UUID, str]:
        """An identity for an invited person: a new id and the password's hash."""
        return uuid4(), passwords.hash_password(senha)

    def check_password(self, user_id: UUID, senha: str) -> str:
        """Check the password of who is signed in."""
        return self._recovery.check_password(user_id, senha)

    def second_factor(self, credencial: Credencial) -> Mapping[str, Any]:
        """Whether the second factor is on."""
        with self._database.person(credencial.user_id) as connection:
            return self._factor.describe(connection, credencial.user_id)

    def enrol(self, credencial: Credencial, senha: str) -> SegredoNovo:
        """Begin a second factor."""
        email = self._recovery.check_password(credencial.user_id, senha)
        with self._database.person(credencial.user_id) as connection:
            return self._factor.enrol(connection, credencial.user_id, email)

    def confirm_factor(self, credencial: Credencial, codigo: str) -> Sequence[str]:
        """Confirm a second factor; the session that does it has shown one."""
        gates = self._attempts.person("codigo", credencial.user_id)
        self._attempts.take(gates)
        with self._database.person(credencial.user_id) as connection:
            codes = self._factor.confirm(connection, credencial.user_id, codigo)
            self._attempts.passed(connection, gates)
            self._sessions.mark_factor(connection, credencial)
            trail.note(self._database, connection, credencial.user_id, "segundo_fator_ativado")
        return codes

    def disable_factor(self, credencial: Credencial, senha: str) -> None:
        """Take the second factor away."""
        user_id = credencial.user_id
        self._recovery.check_password(user_id, senha)
        with self._database.person(user_id) as connection:
            if self._factor.disable(connection, user_id):
                trail.note(self._database, connection, user_id, "segundo_fator_desativado")

    def jwks(self) -> Mapping[str, Any]:
        """The public keys."""
        return self._ring.jwks()

    def check_signing(self) -> str:
        """The id of the active signing key."""
        return self._ring.signing()[0]
