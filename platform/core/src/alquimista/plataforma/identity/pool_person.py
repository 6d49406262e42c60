"""What people change of their own access in a Cognito pool: password and second factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import ClientError
from sqlalchemy import select

from alquimista.db.session import Database
from alquimista.plataforma.identity import passwords, refused, trail
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    CodigoErrado,
    LinkInvalido,
    SegundoFatorAtivo,
    SenhaErrada,
    SenhaFraca,
)
from alquimista.plataforma.identity.pool import code_of, told
from alquimista.plataforma.identity.port import Credencial, SegredoNovo
from alquimista.plataforma.identity.second_factor import otpauth
from alquimista.plataforma.identity.session_rows import SessionRows
from alquimista.plataforma.tenants.models import User
from alquimista.settings import Cognito
from alquimista_sdk.errors import CriticalError

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

ENDED = "Sua sessão terminou. Entre de novo."
BAD_CODE = "Este código é inválido, venceu ou já foi usado. Peça um novo."


class PoolPerson:
    """Calls the pool in the name of one person, or for them as its administrator."""

    def __init__(
        self,
        database: Database,
        settings: Cognito,
        client: CognitoIdentityProviderClient,
        attempts: Attempts,
        rows: SessionRows,
    ) -> None:
        self._database = database
        self._settings = settings
        self._client = client
        self._attempts = attempts
        self._rows = rows

    def change_password(self, credencial: Credencial, atual: str, nova: str) -> None:
        """Change the password of who is signed in; every other session ends."""
        check_policy(nova)
        gates = self._attempts.person("senha", credencial.user_id)
        self._attempts.take(gates)
        with told(SenhaErrada()):
            self._client.change_password(
                AccessToken=credencial.token, PreviousPassword=atual, ProposedPassword=nova
            )
        user_id = credencial.user_id
        with self._database.person(user_id) as connection:
            self._attempts.passed(connection, gates)
            self._rows.end_all(connection, user_id, credencial.sessao_id, "senha trocada")
            trail.note(self._database, connection, user_id, "senha_trocada")

    def new_person(self, email: str, nome: str, senha: str) -> tuple[UUID, str]:
        """An identity in the pool for an invited person, whose link proved the address.

        Where the pool knows the address already (an acceptance that was cut off), the password
        is set anew.
        """
        check_policy(senha)
        address, pool = norm(email), self._settings.pool_id
        try:
            with told(CriticalError("Cognito: the pool does not let us create users")):
                self._client.admin_create_user(
                    UserPoolId=pool,
                    Username=address,
                    MessageAction="SUPPRESS",
                    UserAttributes=[
                        {"Name": "name", "Value": nome},
                        {"Name": "email", "Value": address},
                        {"Name": "email_verified", "Value": "true"},
                    ],
                )
        except CriticalError as error:
            if not exists(error):
                raise
        with told(CriticalError("Cognito: the pool does not let us set passwords")):
            self._client.admin_set_user_password(
                UserPoolId=pool, Username=address, Password=senha, Permanent=True
            )
        return self._sub(address), ""

    def check_password(self, user_id: UUID, senha: str) -> str:
        """Check the password of who is signed in."""
        gates = self._attempts.person("senha", user_id)
        self._attempts.take(gates)
        email = self._email(user_id)
        try:
            self._by_password(norm(email), senha, SenhaErrada())
        except SenhaErrada:
            refused.proof(self._database, user_id, "senha_recusada", gates)
            raise
        with self._database.person(user_id) as connection:
            self._attempts.passed(connection, gates)
        return email

    def second_factor(self, credencial: Credencial) -> Mapping[str, Any]:
        """Whether the pool asks the person for a one-time code; it has no recovery codes."""
        with told(AcessoRecusado(ENDED)):
            found = self._client.get_user(AccessToken=credencial.token)
        active = bool(found.get("UserMFASettingList"))
        return {"ativo": active, "desde": None, "codigos_restantes": 0}

    def enrol(self, credencial: Credencial, senha: str) -> SegredoNovo:
        """Begin a second factor."""
        email = self.check_password(credencial.user_id, senha)
        if self.second_factor(credencial)["ativo"]:
            raise SegundoFatorAtivo("A verificação em duas etapas já está ativa.")
        with told(AcessoRecusado(ENDED)):
            found = self._client.associate_software_token(AccessToken=credencial.token)
        return SegredoNovo(found["SecretCode"], otpauth(found["SecretCode"], email))

    def confirm_factor(self, credencial: Credencial, codigo: str) -> Sequence[str]:
        """Confirm a second factor; an admin of the pool helps who loses it."""
        gates = self._attempts.person("codigo", credencial.user_id)
        self._attempts.take(gates)
        with told(AcessoRecusado(ENDED)):
            found = self._client.verify_software_token(
                AccessToken=credencial.token, UserCode="".join(codigo.split())
            )
            if found["Status"] != "SUCCESS":
                raise CodigoErrado
            self._prefer(credencial, on=True)
        with self._database.person(credencial.user_id) as connection:
            self._attempts.passed(connection, gates)
            self._rows.mark_factor(connection, credencial)
            trail.note(self._database, connection, credencial.user_id, "segundo_fator_ativado")
        return ()

    def disable_factor(self, credencial: Credencial, senha: str) -> None:
        """Take the second factor away."""
        self.check_password(credencial.user_id, senha)
        with told(AcessoRecusado(ENDED)):
            self._prefer(credencial, on=False)
        with self._database.person(credencial.user_id) as connection:
            trail.note(self._database, connection, credencial.user_id, "segundo_fator_desativado")

    def _by_password(
        self, address: str, senha: str, wrong: AcessoRecusado | SenhaErrada
    ) -> Mapping[str, Any]:
        with told(wrong):
            answer: Mapping[str, Any] = self._client.initiate_auth(
                ClientId=self._settings.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": address, "PASSWORD": senha},
            )
        return answer

    def _prefer(self, credencial: Credencial, *, on: bool) -> None:
        self._client.set_user_mfa_preference(
            AccessToken=credencial.token,
            SoftwareTokenMfaSettings={"Enabled": on, "PreferredMfa": on},
        )

    def _sign_out(self, address: str) -> None:
        with told(AcessoRecusado(ENDED)):
            self._client.admin_user_global_sign_out(
                UserPoolId=self._settings.pool_id, Username=norm(address)
            )

    def _sub(self, address: str) -> UUID:
        with told(LinkInvalido(BAD_CODE)):
            found = self._client.admin_get_user(UserPoolId=self._settings.pool_id, Username=address)
        attributes = {item["Name"]: item.get("Value", "") for item in found["UserAttributes"]}
        return UUID(attributes["sub"])

    def _email(self, user_id: UUID) -> str:
        with self._database.person(user_id) as connection:
            email: str = connection.execute(
                select(User.email).where(User.id == user_id)
            ).scalar_one()
        return email


def norm(email: str) -> str:
    """An address as the pool is asked for it."""
    return email.strip().lower()


def check_policy(senha: str) -> None:
    """Raises ``SenhaFraca`` where a password breaks our policy, whatever the pool's."""
    faults = passwords.policy_faults(senha)
    if faults:
        raise SenhaFraca(passwords.policy_text(faults))


def exists(error: CriticalError) -> bool:
    """Whether the pool refused because it knows the address."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) == "UsernameExistsException"
