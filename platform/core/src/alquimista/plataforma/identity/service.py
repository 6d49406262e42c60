"""Who calls: a token's person or a machine's key; making keys, granting permissions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, and_, insert, not_, or_, select, text, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.http.listing import Listing
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.identity import domain
from alquimista.plataforma.identity.domain import Principal
from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    ContaSuspensa,
    EscopoInvalido,
)
from alquimista.plataforma.identity.models import ApiKey, Permission
from alquimista.plataforma.identity.port import Identidade
from alquimista.plataforma.tenants.models import Membership, Tenant, User
from alquimista_sdk.errors import NotFound

__all__ = ["ChaveCriada", "IdentityService", "Principal"]
ATIVO = "ativo"
KEY_PREFIX = "alq_"
_SCHEMA = "alquimista_platform"
_ACCESS = text(
    f"SELECT * FROM {_SCHEMA}.find_access(:person, CAST(:session AS uuid), "
    "CAST(:wanted AS uuid), :issued)"
)
_USE_KEY = text(f"SELECT * FROM {_SCHEMA}.use_api_key(:digest)")
_KEY_SHOWN: tuple[Any, ...] = (
    ApiKey.id,
    ApiKey.nome,
    ApiKey.prefixo,
    ApiKey.escopos,
    ApiKey.expira_em,
    ApiKey.ultimo_uso_em,
    ApiKey.revogada_em,
    ApiKey.created_at,
)
_KEYS = table_of(ApiKey)
_GOOD = and_(
    _KEYS.c.revogada_em.is_(None),
    or_(_KEYS.c.expira_em.is_(None), _KEYS.c.expira_em > sql.clock_timestamp()),
)
CHAVES = Listing(
    table=_KEYS,
    ordens={name: _KEYS.c[name] for name in ("created_at", "nome", "ultimo_uso_em")},
    padrao="-created_at",
    filtros={"ativa": lambda ativa: _GOOD if ativa else not_(_GOOD)},
    consulta=select(*_KEY_SHOWN),
    vazios={"ultimo_uso_em": datetime(1970, 1, 1, tzinfo=UTC)},
)
"""The tenant's keys, revoked ones too; never the keys themselves."""
_BAD_KEY = "A chave de acesso é inválida, venceu ou foi revogada."
_BAD_TOKEN = "Seu acesso é inválido ou venceu. Entre de novo."


@dataclass(frozen=True, slots=True)
class ChaveCriada:
    """A new key. ``chave`` is shown this once: only its hash is kept."""

    id: UUID
    chave: str


class IdentityService:
    """What every call asks, whichever home keeps the identities."""

    def __init__(self, database: Database, home: Identidade) -> None:
        self._database = database
        self._home = home

    def authenticate(self, token: str, tenant: str | None = None) -> Principal:
        """Who a token names, in the tenant asked for, the session's, or the person's first.

        Tenant, role and grants come from our rows at each call: a change counts at once.

        Raises:
            AcessoRecusado: the token is not valid, its session has ended, or the person does not
                belong to that tenant.
            ContaSuspensa: the tenant is suspended.
        """
        named = self._home.identify(token)
        wanted = _tenant_of(tenant)
        with self._database.anonymous() as connection:
            row = connection.execute(
                _ACCESS,
                {
                    "person": named.user_id,
                    "session": named.sessao_id,
                    "wanted": wanted,
                    "issued": named.emitido_em,
                },
            ).one_or_none()
        if row is None or row.user_status != ATIVO:
            raise AcessoRecusado(_BAD_TOKEN)
        if row.tenant_status != ATIVO:
            raise ContaSuspensa("Esta conta está suspensa. Fale com o suporte.")
        return domain.of_person(
            row.tenant_id,
            named.user_id,
            row.papel,
            row.escopos,
            credencial=named,
            falta_fator=row.exige_segundo_fator and not row.segundo_fator,
        )

    def authenticate_key(self, key: str) -> Principal:
        """The machine that a key belongs to. Keys expire on machine time.

        Raises:
            AcessoRecusado: unknown, expired or revoked.
            ContaSuspensa: the tenant is suspended.
        """
        with self._database.anonymous() as connection:
            row = connection.execute(_USE_KEY, {"digest": _digest(key)}).one_or_none()
        if row is None:
            raise AcessoRecusado(_BAD_KEY)
        if row.recusa is not None:
            if row.anotar:
                self._note_bad_key(row)
            raise AcessoRecusado(_BAD_KEY)
        if row.tenant_status != ATIVO:
            raise ContaSuspensa("Esta conta está suspensa. Fale com o suporte.")
        return domain.of_key(row.tenant_id, row.api_key_id, row.escopos)

    def _note_bad_key(self, row: Row[Any]) -> None:
        """Whoever still sends a revoked or expired key forgot it somewhere, or found it there."""
        with self._database.unit_of_work(row.tenant_id) as uow:
            record(
                uow,
                Ator("chave", str(row.api_key_id)),
                "chave_recusada",
                alvo_tipo="chave",
                alvo_id=row.api_key_id,
                resultado="recusado",
                detalhes={"motivo": row.recusa},
            )

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

    def issue_key(
        self,
        uow: UnitOfWork,
        nome: str,
        escopos: Iterable[str],
        por: Principal,
        expira_em: datetime | None,
    ) -> ChaveCriada:
        """Make a key for somebody: it holds no more than they do.

        Raises:
            EscopoInvalido: a scope does not exist, or who asks does not hold it, or the key would
                have expired already.
        """
        granted = domain.check_scopes(escopos)
        beyond = sorted(escopo for escopo in granted if not domain.covers(por, escopo))
        if beyond:
            raise EscopoInvalido(f"Você não tem {beyond[0]!r} e não pode dá-lo a uma chave.")
        if expira_em is not None and expira_em <= datetime.now(UTC):
            raise EscopoInvalido("A validade da chave já passou.", code="validade_invalida")
        return self.create_key(uow, nome, granted, por.ator, expira_em)

    def get_key(self, uow: UnitOfWork, api_key_id: UUID) -> Row[Any]:
        """One key of the tenant. Raises ``NotFound``."""
        row: Row[Any] | None = uow.connection.execute(
            select(*_KEY_SHOWN).where(ApiKey.tenant_id == uow.tenant_id, ApiKey.id == api_key_id)
        ).one_or_none()
        if row is None:
            raise NotFound("Chave não encontrada.")
        return row

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
        domain.check_scopes([escopo])
        if not domain.covers(por, escopo):
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

    def tenants_of(self, user_id: UUID) -> list[Mapping[str, Any]]:
        """The tenants of a person who has proved who they are, with their role in each."""
        with self._database.anonymous() as connection:
            rows = connection.execute(
                text(f"SELECT id, nome, status, papel FROM {_SCHEMA}.tenants_of(:person)"),
                {"person": user_id},
            )
            return [dict(row._mapping) for row in rows]

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
            "falta_segundo_fator": principal.falta_fator,
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


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _tenant_of(tenant: str | None) -> str | None:
    if tenant is None or not tenant.strip():
        return None
    try:
        return str(UUID(tenant.strip()))
    except ValueError as error:
        raise AcessoRecusado("O cabeçalho X-Tenant não é um identificador válido.") from error
