"""The port of identity: what a home must do, built in or an outside pool.

Whoever a token names, tenant, role and grants come from our own rows (decision 27); a home only
says who somebody is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Origem:
    """Where a call comes from: the network address and what the device calls itself."""

    rede: str = ""
    dispositivo: str = ""


@dataclass(frozen=True, slots=True)
class Credencial:
    """What a valid access token says, and the token. ``emitido_em`` is machine time."""

    user_id: UUID
    sessao_id: UUID | None
    emitido_em: datetime
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NovoCadastro:
    """A person who asks for a tenant of their own."""

    empresa: str
    nome: str
    email: str
    senha: str = field(repr=False)
    fuso_horario: str = "America/Sao_Paulo"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Fresh tokens; ``expira_em_s`` is the access token's life in seconds."""

    access_token: str = field(repr=False)
    expira_em_s: int
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Desafio:
    """The password was right and a one-time code is missing: ``desafio`` opens the second step."""

    desafio: str = field(repr=False)
    expira_em_s: int


@dataclass(frozen=True, slots=True)
class SegredoNovo:
    """A one-time code generator to be typed or scanned: base32 secret and ``otpauth`` address."""

    segredo: str = field(repr=False)
    endereco: str = field(repr=False)


class Identidade(Protocol):
    """A home of identity. Answers never tell whether an account exists."""

    def sign_up(self, cadastro: NovoCadastro, origem: Origem) -> UUID:
        """Begin a tenant; answers the sign-up's id.

        Raises:
            SenhaFraca: the password breaks the policy.
            MuitasTentativas: too many from there.
        """

    def resend(self, cadastro_id: UUID, origem: Origem) -> None:
        """Send the confirmation of a sign-up again; silent where there is none."""

    def confirm(self, token: str, codigo: str | None) -> UUID:
        """Confirm the e-mail of a sign-up; answers the tenant, which is active now.

        Raises:
            LinkInvalido: the token is unknown, used or expired.
        """

    def login(self, email: str, senha: str, origem: Origem) -> TokenAnswer | Desafio:
        """Exchange a password for tokens, or for a challenge where a second factor is on.

        Raises:
            AcessoRecusado: they do not belong together.
            MuitasTentativas: too many attempts from there or for that address.
        """

    def second_step(self, desafio: str, codigo: str, origem: Origem) -> TokenAnswer:
        """Answer a challenge with a one-time or a recovery code.

        Raises:
            AcessoRecusado: the challenge or the code is wrong, used or expired.
        """

    def refresh(self, token: str, origem: Origem) -> TokenAnswer:
        """Exchange a refresh token, once, for fresh tokens.

        Raises:
            AcessoRecusado: unknown, expired, revoked or used before.
            RenovacaoEmAndamento: another call has just exchanged it.
        """

    def identify(self, token: str) -> Credencial:
        """Who an access token names. Raises ``AcessoRecusado``."""

    def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token; silent where there is none."""

    def sessions(self, user_id: UUID) -> Sequence[Mapping[str, Any]]:
        """The person's live sessions, the last used first."""

    def end_session(self, user_id: UUID, sessao_id: UUID) -> None:
        """End one session. Raises ``NotFound``."""

    def end_all(self, credencial: Credencial, *, manter_atual: bool) -> int:
        """End every session of a person, the one that asks too or not; answers how many."""

    def switch(self, credencial: Credencial, tenant_id: UUID, origem: Origem) -> TokenAnswer:
        """Tokens that act in another tenant of the person; no more do those of the session that
        asked act in the former one.

        Raises:
            NotFound: the person does not belong to that tenant.
        """

    def forgot(self, email: str, origem: Origem) -> None:
        """Send a recovery link where there is an account; silent where there is none."""

    def recover(self, token: str, senha: str, email: str | None) -> None:
        """Set a new password by a recovery token; every session ends.

        Raises:
            LinkInvalido: the token is unknown, used or expired.
            SenhaFraca: the password breaks the policy.
        """

    def change_password(self, credencial: Credencial, atual: str, nova: str) -> None:
        """Change the password; every other session ends.

        Raises:
            SenhaErrada: the present password is wrong.
            SenhaFraca: the new one breaks the policy.
        """

    def new_person(self, email: str, nome: str, senha: str) -> tuple[UUID, str]:
        """An identity for an invited person: their id, and the hash that our row keeps.

        Raises:
            SenhaFraca: the password breaks the policy.
            EmailEmUso: the home knows the address already.
        """

    def check_password(self, user_id: UUID, senha: str) -> str:
        """Check the password of who is signed in; answers their address.

        Raises:
            SenhaErrada: it is wrong.
            MuitasTentativas: too many wrong ones.
        """

    def second_factor(self, credencial: Credencial) -> Mapping[str, Any]:
        """Whether the second factor is on, and how many recovery codes are left."""

    def enrol(self, credencial: Credencial, senha: str) -> SegredoNovo:
        """Begin a second factor; it counts once it is confirmed.

        Raises:
            SenhaErrada: the password is wrong.
            SegundoFatorAtivo: there is one already.
        """

    def confirm_factor(self, credencial: Credencial, codigo: str) -> Sequence[str]:
        """Confirm a second factor by a code; answers the recovery codes, shown this once.

        A home without recovery codes answers none.

        Raises:
            CodigoErrado: the code is wrong, used or expired.
        """

    def disable_factor(self, credencial: Credencial, senha: str) -> None:
        """Take the second factor away. Raises ``SenhaErrada``."""

    def jwks(self) -> Mapping[str, Any]:
        """The public keys that access tokens are checked with (RFC 7517)."""

    def check_signing(self) -> str:
        """The id of the key that signs now. Raises ``CriticalError`` where none can."""
