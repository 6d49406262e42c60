"""Shapes of the endpoints of people, invitations and keys."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.plataforma.identity import invitations, members
from alquimista.plataforma.identity.domain import PAPEIS
from alquimista.plataforma.identity.schemas import email_address
from alquimista.plataforma.identity.service import CHAVES

_ESCOPO = validate.Length(min=1, max=80)


def _filtro_papel() -> ma.fields.Field[Any]:
    return ma.fields.String(
        validate=validate.OneOf(PAPEIS), metadata={"description": "Só deste papel"}
    )


def _filtro_email() -> ma.fields.Field[Any]:
    return ma.fields.String(
        validate=validate.Length(min=3, max=255), metadata={"description": "Só deste endereço"}
    )


PessoasFiltroSchema = pagina(
    tuple(members.LISTA.ordens),
    members.LISTA.padrao,
    papel=_filtro_papel(),
    email=_filtro_email(),
)
ConvitesFiltroSchema = pagina(
    tuple(invitations.LISTA.ordens),
    invitations.LISTA.padrao,
    situacao=ma.fields.String(
        validate=validate.OneOf(tuple(invitations.SITUACOES)),
        metadata={"description": "Só nesta situação"},
    ),
    papel=_filtro_papel(),
    email=_filtro_email(),
)
ChavesFiltroSchema = pagina(
    tuple(CHAVES.ordens),
    CHAVES.padrao,
    ativa=ma.fields.Boolean(
        metadata={"description": "Só as que valem, ou só as vencidas e revogadas"}
    ),
)


class MembroSchema(ma.Schema):
    """A person of the tenant."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    email = ma.fields.String()
    papel = ma.fields.String()
    permissoes = ma.fields.List(
        ma.fields.String(), metadata={"description": "Concedidas além do papel"}
    )
    created_at = ma.fields.AwareDateTime(metadata={"description": "Quando entrou na conta"})


class MembroPaginaSchema(PaginaSchema):
    """A page of people."""

    itens = ma.fields.List(ma.fields.Nested(MembroSchema))


class PapelSchema(ma.Schema):
    """A role."""

    papel = ma.fields.String(required=True, validate=validate.OneOf(PAPEIS))


class ConcessaoSchema(ma.Schema):
    """A permission beyond the role."""

    escopo = ma.fields.String(
        required=True, validate=_ESCOPO, metadata={"example": "conversas:atender"}
    )


class ConvidarSchema(ma.Schema):
    """Whom to invite, with which role."""

    email = ma.fields.String(required=True, validate=email_address)
    papel = ma.fields.String(required=True, validate=validate.OneOf(PAPEIS))


class ConviteSchema(ma.Schema):
    """An invitation."""

    id = ma.fields.UUID()
    email = ma.fields.String()
    papel = ma.fields.String()
    situacao = ma.fields.String(metadata={"description": "pendente, aceito, revogado ou vencido"})
    expira_em = ma.fields.AwareDateTime()
    created_at = ma.fields.AwareDateTime()


class ConvitePaginaSchema(PaginaSchema):
    """A page of invitations."""

    itens = ma.fields.List(ma.fields.Nested(ConviteSchema))


class CriarChaveSchema(ma.Schema):
    """A key to make."""

    nome = ma.fields.String(required=True, validate=validate.Length(min=1, max=120))
    escopos = ma.fields.List(
        ma.fields.String(validate=_ESCOPO),
        required=True,
        validate=validate.Length(max=100),
        metadata={"example": ["leads:read", "events:publish:crm.acme"]},
    )
    expira_em = ma.fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Sem ela, não vence"}
    )


class ChaveDetalheSchema(ma.Schema):
    """A key, by its prefix."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    prefixo = ma.fields.String()
    escopos = ma.fields.List(ma.fields.String())
    expira_em = ma.fields.AwareDateTime(allow_none=True)
    ultimo_uso_em = ma.fields.AwareDateTime(allow_none=True)
    revogada_em = ma.fields.AwareDateTime(allow_none=True)
    created_at = ma.fields.AwareDateTime()


class ChaveCriadaSchema(ChaveDetalheSchema):
    """A new key."""

    chave = ma.fields.String(metadata={"description": "Aparece só desta vez; guarde-a"})


class ChavePaginaSchema(PaginaSchema):
    """A page of keys."""

    itens = ma.fields.List(ma.fields.Nested(ChaveDetalheSchema))
