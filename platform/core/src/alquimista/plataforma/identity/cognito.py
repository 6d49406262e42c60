"""The Cognito home of identity: the pool keeps passwords and second factors, we keep sessions.

Access and refresh tokens are the pool's. A login through our API leaves a session row under the
login's ``origin_jti``, which every access token of it carries: a session that ended here is refused
at once, while its tokens still verify. The pool must have e-mail as user name, an app client
without a secret that allows USER_PASSWORD_AUTH and REFRESH_TOKEN_AUTH, PreventUserExistenceErrors
and token revocation on; refresh tokens are rotated if the client is set so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from botocore.exceptions import ClientError
from sqlalchemy import text

from alquimista.db.session import Database
from alquimista.plataforma.identity import refused, tokens, trail
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    CodigoErrado,
    LinkInvalido,
)
from alquimista.plataforma.identity.models import Sessao
from alquimista.plataforma.identity.pool import PoolKeys, SegundoPasso, code_of, told
from alquimista.plataforma.identity.pool_person import (
    BAD_CODE,
    ENDED,
    PoolPerson,
    check_policy,
    exists,
    norm,
)
from alquimista.plataforma.identity.port import (
    Credencial,
    Desafio,
    NovoCadastro,
    Origem,
    TokenAnswer,
)
from alquimista.plataforma.identity.session_rows import SessionRows
from alquimista.plataforma.identity.signup import SignUps
from alquimista.settings import Cognito
from alquimista_sdk.errors import CriticalError

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

PASSOS: Mapping[str, Literal["SOFTWARE_TOKEN_MFA", "SMS_MFA"]] = {
    "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA",
    "SMS_MFA": "SMS_MFA",
}
"""The challenges that we can answer."""
logger = logging.getLogger(__name__)
DESAFIO_VALE_S = 180
"""Cognito's default life of a challenge's session, in seconds."""
_ATIVO = text("SELECT status FROM alquimista_platform.users WHERE id = :person")
_SAME_ANSWER = "E-mail ou senha não conferem."


class CognitoIdentity(PoolPerson):
    """The Cognito home; see ``Identidade`` for what each use case promises."""

    def __init__(
        self,
        database: Database,
        settings: Cognito,
        client: CognitoIdentityProviderClient,
        keys: PoolKeys,
        signups: SignUps,
        attempts: Attempts,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(database, settings, client, attempts, SessionRows(database, clock))
        self._keys = keys
        self._signups = signups

    def sign_up(self, cadastro: NovoCadastro, origem: Origem) -> UUID:
        """Begin a tenant; the pool keeps the password and sends the code.

        A known address makes a waiting tenant too, which no code confirms.
        """
        address = norm(cadastro.email)
        self._attempts.take(self._attempts.letter("cadastro", address, origem.rede))
        check_policy(cadastro.senha)
        try:
            with told(CriticalError("Cognito: sign-up is not allowed by the pool")):
                self._client.sign_up(
                    ClientId=self._settings.client_id,
                    Username=address,
                    Password=cadastro.senha,
                    UserAttributes=[{"Name": "name", "Value": cadastro.nome}],
                )
        except CriticalError as error:
            if not exists(error):
                raise
        return self._signups.begin(cadastro, outside=True)

    def resend(self, cadastro_id: UUID, origem: Origem) -> None:
        """Let the pool send the code of a sign-up again; silent where there is none."""
        self._attempts.take(self._attempts.letter("reenvio", str(cadastro_id), origem.rede))
        pending = self._signups.pending(cadastro_id)
        if pending is None:
            return
        try:
            with told(LinkInvalido(BAD_CODE)):
                self._client.resend_confirmation_code(
                    ClientId=self._settings.client_id, Username=norm(pending.email)
                )
        except LinkInvalido:
            logger.info("no confirmation to send again")

    def confirm(self, token: str, codigo: str | None = None) -> UUID:
        """Confirm a sign-up: ``token`` is its id, ``codigo`` what the pool sent."""
        pending = self._signups.pending(_id(token))
        if pending is None or not codigo:
            raise LinkInvalido(BAD_CODE)
        address = norm(pending.email)
        with told(LinkInvalido(BAD_CODE)):
            self._client.confirm_sign_up(
                ClientId=self._settings.client_id, Username=address, ConfirmationCode=codigo
            )
        return self._signups.confirm_outside(_id(token), self._sub(address))

    def login(self, email: str, senha: str, origem: Origem) -> TokenAnswer | Desafio:
        """Exchange a password for the pool's tokens or its challenge."""
        address = norm(email)
        gates = self._attempts.login(address, origem.rede)
        row = self._attempts.take_and_find(gates, address)
        try:
            answer = self._by_password(address, senha, AcessoRecusado(_SAME_ANSWER))
        except AcessoRecusado:
            refused.login(self._database, row, address, gates)
            raise
        with self._database.anonymous() as connection:
            self._attempts.passed(connection, gates)
        name = answer.get("ChallengeName")
        if name is None:
            return self._begin(answer["AuthenticationResult"], origem, segundo_fator=False)
        if name not in PASSOS:
            raise AcessoRecusado(_SAME_ANSWER)
        return Desafio(SegundoPasso(name, answer["Session"], address).pack(), DESAFIO_VALE_S)

    def second_step(self, desafio: str, codigo: str, origem: Origem) -> TokenAnswer:
        """Answer the pool's challenge with a one-time code."""
        passo = SegundoPasso.unpack(desafio)
        if passo.nome not in PASSOS:
            raise AcessoRecusado(_SAME_ANSWER)
        gates = self._attempts.person("codigo", passo.sessao)
        self._attempts.take(gates)
        refused = AcessoRecusado("O código não confere, venceu ou já foi usado.")
        try:
            with told(refused):
                answer: Mapping[str, Any] = self._client.respond_to_auth_challenge(
                    ClientId=self._settings.client_id,
                    ChallengeName=PASSOS[passo.nome],
                    Session=passo.sessao,
                    ChallengeResponses={
                        "USERNAME": passo.email,
                        f"{passo.nome}_CODE": "".join(codigo.split()),
                    },
                )
        except CodigoErrado as error:
            raise refused from error
        if "AuthenticationResult" not in answer:
            raise refused
        with self._database.anonymous() as connection:
            self._attempts.passed(connection, gates)
        return self._begin(answer["AuthenticationResult"], origem, segundo_fator=True)

    def refresh(self, token: str, origem: Origem) -> TokenAnswer:
        """Exchange a refresh token of a session that lives."""
        result = self._renew(token)
        named = self.identify(result["AccessToken"])
        if named.sessao_id is not None:
            with self._database.person(named.user_id) as connection:
                alive = self._rows.touch(connection, named.user_id, named.sessao_id, origem)
            if not alive:
                raise AcessoRecusado(ENDED)
        return _answer(result, token)

    def identify(self, token: str) -> Credencial:
        """Who an access token of the pool names."""
        return tokens.read_pool(
            token,
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            find_key=self._keys.find,
        )

    def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token here, whose tokens are refused from now on."""
        try:
            named = self.identify(self._renew(refresh_token)["AccessToken"])
        except AcessoRecusado:
            return
        with self._database.person(named.user_id) as connection:
            mine = Sessao.id == named.sessao_id
            if self._rows.stop(connection, named.user_id, "saiu", mine):
                trail.note(self._database, connection, named.user_id, "saida")

    def sessions(self, user_id: UUID) -> Sequence[Mapping[str, Any]]:
        """The person's live sessions."""
        return self._rows.list(user_id)

    def end_session(self, user_id: UUID, sessao_id: UUID) -> None:
        """End one session."""
        self._rows.end(user_id, sessao_id)

    def end_all(self, credencial: Credencial, *, manter_atual: bool) -> int:
        """End every session of a person; the pool signs them out everywhere too."""
        user_id = credencial.user_id
        if not manter_atual:
            self._sign_out(self._email(user_id))
        spared = credencial.sessao_id if manter_atual else None
        with self._database.person(user_id) as connection:
            ended = self._rows.end_all(connection, user_id, spared, "saiu de todas")
            detalhes = {"sessoes": ended}
            trail.note(self._database, connection, user_id, "saida_geral", detalhes=detalhes)
        return ended

    def switch(self, credencial: Credencial, tenant_id: UUID, origem: Origem) -> TokenAnswer:
        """The same tokens act in another tenant from now on: their session moves there."""
        user_id = credencial.user_id
        with self._database.person(user_id) as connection:
            self._rows.factor_shown(connection, credencial, tenant_id)
            self._rows.choose(connection, credencial, tenant_id)
            trail.note(self._database, connection, user_id, "troca_de_conta", tenant_id=tenant_id)
        return TokenAnswer(credencial.token, tokens.seconds_left(credencial.token))

    def forgot(self, email: str, origem: Origem) -> None:
        """Let the pool send a recovery code; silent where there is no account."""
        address = norm(email)
        self._attempts.take(self._attempts.letter("recuperacao", address, origem.rede))
        try:
            self._client.forgot_password(ClientId=self._settings.client_id, Username=address)
        except ClientError as error:
            if code_of(error) not in (
                "InvalidParameterException",
                "LimitExceededException",
                "NotAuthorizedException",
                "UserNotFoundException",
            ):
                raise CriticalError(f"Cognito: ForgotPassword: {code_of(error)}") from error

    def recover(self, token: str, senha: str, email: str | None = None) -> None:
        """Set a new password by the pool's code, which is the ``token``; every session ends."""
        check_policy(senha)
        if email is None:
            raise LinkInvalido("Informe também o e-mail da conta.")
        address = norm(email)
        self._attempts.take(self._attempts.person("recuperacao", address))
        with told(LinkInvalido(BAD_CODE)):
            self._client.confirm_forgot_password(
                ClientId=self._settings.client_id,
                Username=address,
                ConfirmationCode=token,
                Password=senha,
            )
        self._sign_out(address)
        user_id = self._sub(address)
        with self._database.person(user_id) as connection:
            self._rows.end_all(connection, user_id, None, "senha recuperada")
            trail.note(self._database, connection, user_id, "senha_recuperada")

    def jwks(self) -> Mapping[str, Any]:
        """The pool's public keys."""
        return self._keys.jwks()

    def check_signing(self) -> str:
        """The id of a key of the pool. Raises ``TransientError`` where it cannot be reached."""
        return str(self._keys.jwks()["keys"][0]["kid"])

    def _begin(
        self, result: Mapping[str, Any], origem: Origem, *, segundo_fator: bool
    ) -> TokenAnswer:
        """Leave a session row for a fresh login of an active person of ours."""
        named = self.identify(result["AccessToken"])
        with self._database.person(named.user_id) as connection:
            status = connection.execute(_ATIVO, {"person": named.user_id}).scalar_one_or_none()
            if status != "ativo":
                raise AcessoRecusado(_SAME_ANSWER)
            if named.sessao_id is not None:
                self._rows.begin(
                    connection,
                    named.user_id,
                    named.sessao_id,
                    origem,
                    segundo_fator=segundo_fator,
                )
            detalhes = {"segundo_fator": segundo_fator}
            trail.note(self._database, connection, named.user_id, "login", detalhes=detalhes)
        return _answer(result, result.get("RefreshToken"))

    def _renew(self, token: str) -> Mapping[str, Any]:
        with told(AcessoRecusado(ENDED)):
            answer: Mapping[str, Any] = self._client.initiate_auth(
                ClientId=self._settings.client_id,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": token},
            )
        result: Mapping[str, Any] = answer["AuthenticationResult"]
        return result


def _answer(result: Mapping[str, Any], refresh_token: str | None) -> TokenAnswer:
    return TokenAnswer(
        result["AccessToken"], int(result["ExpiresIn"]), result.get("RefreshToken", refresh_token)
    )


def _id(token: str) -> UUID:
    try:
        return UUID(token)
    except ValueError as error:
        raise LinkInvalido(BAD_CODE) from error
