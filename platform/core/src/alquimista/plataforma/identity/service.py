"""Use cases of identity: come in with a password, a token or a key; make and revoke keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func as sql
from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity import domain, keys, passwords, tokens
from alquimista.plataforma.identity.domain import Principal
from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    ContaSuspensa,
    EscopoInvalido,
    MuitasTentativas,
)
from alquimista.plataforma.identity.keys import KeyRing
from alquimista.plataforma.identity.models import ApiKey, Permission
from alquimista.plataforma.identity.tokens import TokenAnswer
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista.settings import Settings
from alquimista_sdk.errors import NotFound

__all__ = ["ChaveCriada", "IdentityService", "Principal"]
ATIVO = "ativo"
KEY_PREFIX = "alq_"
_SCHEMA = "alquimista_platform"
_LIVRES_PAR = 5
_LIVRES_ENDERECO = 20
_LIVRES_REDE = 60
_SAME_ANSWER = "E-mail ou senha não conferem."
_BAD_KEY = "A chave de acesso é inválida, venceu ou foi revogada."
_BAD_TOKEN = "Seu acesso é inválido ou venceu. Entre de novo."


@dataclass(frozen=True, slots=True)
class ChaveCriada:
    """A new key. ``chave`` is shown this once: only its hash is kept."""

    id: UUID
    chave: str


class IdentityService:
    """The built-in identity provider."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._issuer = settings.url_publica
        self._attempts_key = settings.key("tentativas-login")
        self._ring = KeyRing(lambda: keys.stored_keys(database), settings.key(keys.PURPOSE))

    def login(self, email: str, senha: str, rede: str = "") -> TokenAnswer:
        """Exchange a password for an access token. ``rede`` is the caller's network address.

        Unknown, suspended and mistaken get the same answer after the same work.

        Raises:
            AcessoRecusado: they do not belong together.
            MuitasTentativas: too many attempts from there or for that address.
        """
        address = email.strip().lower()
        gates = self._gates(address, rede)
        with self._database.anonymous() as connection:
            for key, free in sorted(gates.items()):
                wait = connection.execute(
                    text(f"SELECT {_SCHEMA}.login_attempt(:key, :free)"),
                    {"key": key, "free": free},
                ).scalar_one()
                if wait > 0:
                    raise MuitasTentativas(ceil(wait))
            row = connection.execute(
                text(
                    "SELECT user_id, senha_hash, status, tenant_id "
                    f"FROM {_SCHEMA}.find_login(:address)"
                ),
                {"address": address},
            ).one_or_none()
        matches = passwords.verify_password(row.senha_hash if row is not None else None, senha)
        if row is None or not matches or row.status != ATIVO or row.tenant_id is None:
            raise AcessoRecusado(_SAME_ANSWER)
        with self._database.anonymous() as connection:
            for key, free in sorted(gates.items()):
                connection.execute(
                    text(f"SELECT {_SCHEMA}.login_passed(:key, :forget)"),
                    {"key": key, "forget": free != _LIVRES_REDE},
                )
            uow = self._database.join(connection, row.tenant_id)
            record(uow, Ator("pessoa", str(row.user_id)), "login")
        kid, private = self._ring.signing()
        return tokens.issue(
            row.user_id,
            issuer=self._issuer,
            kid=kid,
            private_pem=private,
            agora=datetime.now(UTC),
        )

    def authenticate(self, token: str, tenant: str | None = None) -> Principal:
        """Who a token names, in the tenant asked for or in the person's first.

        Tenant, role and grants come from our rows at each call: a change counts at once.

        Raises:
            AcessoRecusado: the token is not valid, or the person does not belong to that tenant.
            ContaSuspensa: the tenant is suspended.
        """
        user_id = tokens.read(token, issuer=self._issuer, public_pem=self._ring.public_pem)
        wanted = _tenant_of(tenant)
        with self._database.anonymous() as connection:
            row = connection.execute(
                text(
                    "SELECT user_status, tenant_id, tenant_status, papel, escopos "
                    f"FROM {_SCHEMA}.find_principal(:person, CAST(:wanted AS uuid))"
                ),
                {"person": user_id, "wanted": wanted},
            ).one_or_none()
        if row is None or row.user_status != ATIVO:
            raise AcessoRecusado(_BAD_TOKEN)
        if row.tenant_status != ATIVO:
            raise ContaSuspensa("Esta conta está suspensa. Fale com o suporte.")
        return domain.of_person(row.tenant_id, user_id, row.papel, row.escopos)

    def authenticate_key(self, key: str) -> Principal:
        """The machine that a key belongs to. Keys expire on machine time.

        Raises:
            AcessoRecusado: unknown, expired or revoked.
            ContaSuspensa: the tenant is suspended.
        """
        with self._database.anonymous() as connection:
            found = connection.execute(
                text(f"SELECT tenant_id, api_key_id FROM {_SCHEMA}.find_api_key(:digest)"),
                {"digest": _digest(key)},
            ).one_or_none()
        if found is None:
            raise AcessoRecusado(_BAD_KEY)
        with self._database.unit_of_work(found.tenant_id) as uow:
            row = uow.connection.execute(
                select(ApiKey.escopos, Tenant.status)
                .join(Tenant, Tenant.id == ApiKey.tenant_id)
                .where(
                    ApiKey.tenant_id == uow.tenant_id,
                    ApiKey.id == found.api_key_id,
                    ApiKey.revogada_em.is_(None),
                    or_(ApiKey.expira_em.is_(None), ApiKey.expira_em > sql.clock_timestamp()),
                )
            ).one_or_none()
            if row is None:
                raise AcessoRecusado(_BAD_KEY)
            if row.status != ATIVO:
                raise ContaSuspensa("Esta conta está suspensa. Fale com o suporte.")
            _mark_used(uow, found.api_key_id)
        return domain.of_key(found.tenant_id, found.api_key_id, row.escopos)

    def create_key(
        self,
        uow: UnitOfWork,
        nome: str,
        escopos: Iterable[str],
        ator: Ator,
        expira_em: datetime | None = None,
    ) -> ChaveCriada:
        """Make a key of a machine; ``expira_em`` is machine time, None is never.

        Raises:
            EscopoInvalido: a scope does not exist.
        """
        granted = domain.check_scopes(escopos)
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        key_id = uuid4()
        uow.connection.execute(
            insert(ApiKey).values(
                id=key_id,
                tenant_id=uow.tenant_id,
                nome=nome,
                prefixo=key[:12],
                hash=_digest(key),
                escopos=sorted(granted),
                expira_em=expira_em,
                created_at=uow.agora,
            )
        )
        record(
            uow,
            ator,
            "chave_criada",
            alvo_tipo="chave",
            alvo_id=key_id,
            detalhes={"escopos": sorted(granted)},
        )
        return ChaveCriada(key_id, key)

    def revoke_key(self, uow: UnitOfWork, api_key_id: UUID, ator: Ator) -> None:
        """Revoke a key at once; revoking again changes nothing.

        Raises:
            NotFound: the tenant has no such key.
        """
        changed = uow.connection.execute(
            update(ApiKey)
            .where(ApiKey.tenant_id == uow.tenant_id, ApiKey.id == api_key_id)
            .values(
                revogada_em=sql.coalesce(ApiKey.revogada_em, uow.agora), versao=ApiKey.versao + 1
            )
        ).rowcount
        if not changed:
            raise NotFound("Chave não encontrada.")
        record(uow, ator, "chave_revogada", alvo_tipo="chave", alvo_id=api_key_id)

    def grant(self, uow: UnitOfWork, user_id: UUID, escopo: str, por: Principal) -> None:
        """Give a person of the tenant one permission beyond their role's.

        Raises:
            EscopoInvalido: it does not exist, or the giver does not hold it.
            NotFound: the person does not belong to the tenant.
        """
        granted = domain.check_scopes([escopo])
        if not domain.of_key(uow.tenant_id, user_id, granted).permissoes <= por.permissoes:
            raise EscopoInvalido("Não é possível conceder uma permissão que você não tem.")
        member = uow.connection.execute(
            select(Membership.id).where(
                Membership.tenant_id == uow.tenant_id, Membership.user_id == user_id
            )
        ).one_or_none()
        if member is None:
            raise NotFound("Pessoa não encontrada.")
        uow.connection.execute(
            upsert(Permission)
            .values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                user_id=user_id,
                escopo=escopo,
                concedido_por=por.user_id,
                created_at=uow.agora,
            )
            .on_conflict_do_nothing(constraint="uq_permissions_escopo")
        )
        record(
            uow,
            por.ator,
            "permissao_concedida",
            alvo_tipo="usuario",
            alvo_id=user_id,
            detalhes={"escopo": escopo},
        )

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517)."""
        return self._ring.jwks()

    def check_signing(self) -> str:
        """The id of the active signing key. Raises ``CriticalError`` where none can sign."""
        return self._ring.signing()[0]

    def describe(self, uow: UnitOfWork, principal: Principal) -> dict[str, Any]:
        """What ``GET /api/me`` tells: the person or key, the tenant, role and rights."""
        tenant = uow.connection.execute(
            select(Tenant.id, Tenant.nome, Tenant.fuso_horario, Tenant.sandbox).where(
                Tenant.id == uow.tenant_id
            )
        ).one()
        answer: dict[str, Any] = {
            "tenant": tenant._mapping,
            "papel": principal.papel,
            "permissoes": sorted(principal.permissoes),
            "escopos": sorted(principal.escopos),
            "usuario": None,
            "chave": None,
        }
        if principal.user_id is not None:
            answer["usuario"] = (
                uow.connection.execute(
                    select(User.id, User.nome, User.email).where(User.id == principal.user_id)
                )
                .one()
                ._mapping
            )
        else:
            answer["chave"] = (
                uow.connection.execute(
                    select(ApiKey.id, ApiKey.nome, ApiKey.prefixo).where(
                        ApiKey.tenant_id == uow.tenant_id, ApiKey.id == principal.api_key_id
                    )
                )
                .one()
                ._mapping
            )
        return answer

    def _gates(self, address: str, rede: str) -> dict[str, int]:
        """Keyed hashes to count attempts under, each with how many are free within an hour."""
        gates = {
            self._attempt(f"par:{address}:{rede}"): _LIVRES_PAR,
            self._attempt(f"endereco:{address}"): _LIVRES_ENDERECO,
        }
        if rede:
            gates[self._attempt(f"rede:{rede}")] = _LIVRES_REDE
        return gates

    def _attempt(self, value: str) -> str:
        return hmac.new(self._attempts_key, value.encode(), hashlib.sha256).hexdigest()


def _mark_used(uow: UnitOfWork, api_key_id: UUID) -> None:
    """Once a minute at most: a key used at every call must not write at every call."""
    uow.connection.execute(
        update(ApiKey)
        .where(
            ApiKey.tenant_id == uow.tenant_id,
            ApiKey.id == api_key_id,
            or_(
                ApiKey.ultimo_uso_em.is_(None),
                ApiKey.ultimo_uso_em < sql.clock_timestamp() - text("interval '1 minute'"),
            ),
        )
        .values(ultimo_uso_em=sql.clock_timestamp())
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _tenant_of(tenant: str | None) -> str | None:
    if tenant is None or not tenant.strip():
        return None
    try:
        return str(UUID(tenant.strip()))
    except ValueError as error:
        raise AcessoRecusado("O cabeçalho X-Tenant não é um identificador válido.") from error
