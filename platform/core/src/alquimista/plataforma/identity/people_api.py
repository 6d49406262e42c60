"""Endpoints of the people of a tenant: members, grants, invitations; and of its machines' keys."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alquimista.db.session import UnitOfWork
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.plataforma.identity import invitations, members
from alquimista.plataforma.identity.people_schemas import (
    ChaveCriadaSchema,
    ChaveDetalheSchema,
    ChavePaginaSchema,
    ChavesFiltroSchema,
    ConcessaoSchema,
    ConvidarSchema,
    ConvitePaginaSchema,
    ConviteSchema,
    ConvitesFiltroSchema,
    CriarChaveSchema,
    MembroPaginaSchema,
    MembroSchema,
    PapelSchema,
    PessoasFiltroSchema,
)
from alquimista.plataforma.identity.service import CHAVES

blp = Blueprint("pessoas", __name__, url_prefix="/api", description="Pessoas e chaves")


@blp.get("/usuarios")
@requires("usuarios:read")
@blp.arguments(PessoasFiltroSchema, location="query")
@blp.response(200, MembroPaginaSchema)
def list_members(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as pessoas da conta, com papel e permissões concedidas além dele."""
    with _uow() as uow:
        return members.LISTA.page(uow, filtro).body()


@blp.get("/usuarios/<uuid:user_id>")
@requires("usuarios:read")
@blp.response(200, MembroSchema)
def get_member(user_id: UUID) -> Any:
    """Uma pessoa da conta."""
    with _uow() as uow:
        return _tagged(members.get_member(uow, user_id))


@blp.patch("/usuarios/<uuid:user_id>")
@requires("usuarios:write")
@blp.arguments(PapelSchema)
@blp.response(200, MembroSchema)
def change_role(corpo: dict[str, str], user_id: UUID) -> Any:
    """Muda o papel de uma pessoa; vale já na próxima chamada dela."""
    with _uow() as uow:
        members.change_role(uow, user_id, corpo["papel"], principal(), match)
        return _tagged(members.get_member(uow, user_id))


@blp.delete("/usuarios/<uuid:user_id>")
@requires("usuarios:write")
@takes_if_match
@blp.response(204)
def remove_member(user_id: UUID) -> None:
    """Tira uma pessoa da conta; o acesso dela a outras contas continua."""
    with _uow() as uow:
        members.remove(uow, user_id, principal(), match)


@blp.post("/usuarios/<uuid:user_id>/permissoes")
@requires("usuarios:write")
@blp.arguments(ConcessaoSchema)
@blp.response(200, MembroSchema)
def grant(corpo: dict[str, str], user_id: UUID) -> Any:
    """Concede a uma pessoa uma permissão além do papel; só quem a tem pode concedê-la."""
    with _uow() as uow:
        services().identity.grant(uow, user_id, corpo["escopo"], principal())
        members.touch(uow, user_id)
        return _tagged(members.get_member(uow, user_id))


@blp.delete("/usuarios/<uuid:user_id>/permissoes/<string:escopo>")
@requires("usuarios:write")
@blp.response(204)
def take_back(user_id: UUID, escopo: str) -> None:
    """Retira uma permissão concedida além do papel."""
    with _uow() as uow:
        members.take_back(uow, user_id, escopo, principal())


@blp.get("/convites")
@requires("usuarios:read")
@blp.arguments(ConvitesFiltroSchema, location="query")
@blp.response(200, ConvitePaginaSchema)
def list_invitations(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista os convites da conta, do mais novo para o mais antigo."""
    with _uow() as uow:
        return invitations.LISTA.page(uow, filtro).body(_invitation)


@blp.post("/convites")
@requires("usuarios:write")
@blp.arguments(ConvidarSchema)
@blp.response(201, ConviteSchema)
def invite(corpo: dict[str, str]) -> dict[str, Any]:
    """Convida uma pessoa por e-mail, com um papel que não passe do seu."""
    services().invitations.count(corpo["email"])
    with _uow() as uow:
        return _invitation(
            services().invitations.invite(uow, corpo["email"], corpo["papel"], principal())
        )


@blp.post("/convites/<uuid:convite_id>/reenvio")
@requires("usuarios:write")
@blp.response(200, ConviteSchema)
def resend_invitation(convite_id: UUID) -> dict[str, Any]:
    """Envia um convite de novo, com outro endereço e nova validade."""
    with _uow() as uow:
        email = services().invitations.get(uow, convite_id).email
    services().invitations.count(email)
    with _uow() as uow:
        return _invitation(services().invitations.resend(uow, convite_id, principal()))


@blp.delete("/convites/<uuid:convite_id>")
@requires("usuarios:write")
@blp.response(204)
def revoke_invitation(convite_id: UUID) -> None:
    """Revoga um convite que ainda não foi aceito."""
    with _uow() as uow:
        services().invitations.revoke(uow, convite_id, principal())


@blp.get("/chaves")
@requires("chaves:read")
@blp.arguments(ChavesFiltroSchema, location="query")
@blp.response(200, ChavePaginaSchema)
def list_keys(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as chaves de acesso de máquinas, inclusive as revogadas; nunca a chave em si."""
    with _uow() as uow:
        return CHAVES.page(uow, filtro).body()


@blp.post("/chaves")
@requires("chaves:write")
@blp.arguments(CriarChaveSchema)
@blp.response(201, ChaveCriadaSchema)
def create_key(corpo: dict[str, Any]) -> dict[str, Any]:
    """Cria uma chave de acesso; ela aparece só nesta resposta e não passa do que você pode."""
    found = services().identity
    with _uow() as uow:
        made = found.issue_key(
            uow, corpo["nome"], corpo["escopos"], principal(), corpo["expira_em"]
        )
        return {**found.get_key(uow, made.id)._mapping, "chave": made.chave}


@blp.get("/chaves/<uuid:chave_id>")
@requires("chaves:read")
@blp.response(200, ChaveDetalheSchema)
def get_key(chave_id: UUID) -> Any:
    """Uma chave de acesso, pelo prefixo, com seu último uso."""
    with _uow() as uow:
        return services().identity.get_key(uow, chave_id)._mapping


@blp.delete("/chaves/<uuid:chave_id>")
@requires("chaves:write")
@blp.response(204)
def revoke_key(chave_id: UUID) -> None:
    """Revoga uma chave de acesso na hora; repetir não é erro."""
    with _uow() as uow:
        services().identity.revoke_key(uow, chave_id, principal().ator)


def _uow() -> AbstractContextManager[UnitOfWork]:
    return services().database.unit_of_work(principal().tenant_id)


def _invitation(row: Row[Any]) -> dict[str, Any]:
    if row.aceito_em is not None:
        situacao = "aceito"
    elif row.revogado_em is not None:
        situacao = "revogado"
    else:
        situacao = "pendente" if row.expira_em > datetime.now(UTC) else "vencido"
    return {**row._mapping, "situacao": situacao}


def _tagged(row: Row[Any]) -> Any:
    tag(row.versao)
    return row._mapping
