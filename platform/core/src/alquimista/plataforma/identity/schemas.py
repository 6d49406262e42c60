"""Shapes of the identity endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate


class LoginSchema(ma.Schema):
    """E-mail and password."""

    email = ma.fields.String(required=True, validate=validate.Length(min=3, max=255))
    senha = ma.fields.String(
        required=True, load_only=True, validate=validate.Length(min=1, max=256)
    )


class TokenSchema(ma.Schema):
    """A bearer token (RFC 6750)."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(
        required=True, attribute="expira_em_s", metadata={"description": "Seconds"}
    )


class UsuarioSchema(ma.Schema):
    """A person."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    email = ma.fields.String()


class ChaveSchema(ma.Schema):
    """A machine's key, by its prefix."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    prefixo = ma.fields.String()


class TenantResumoSchema(ma.Schema):
    """The tenant of the call."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    fuso_horario = ma.fields.String()
    sandbox = ma.fields.Boolean()


class ContaSchema(ma.Schema):
    """Who calls."""

    usuario = ma.fields.Nested(UsuarioSchema, allow_none=True)
    chave = ma.fields.Nested(ChaveSchema, allow_none=True)
    tenant = ma.fields.Nested(TenantResumoSchema)
    papel = ma.fields.String()
    permissoes = ma.fields.List(ma.fields.String())
    escopos = ma.fields.List(ma.fields.String())


class JwkSchema(ma.Schema):
    """An RSA public key (RFC 7517)."""

    kty = ma.fields.String()
    use = ma.fields.String()
    alg = ma.fields.String()
    kid = ma.fields.String()
    n = ma.fields.String()
    e = ma.fields.String()


class JwksSchema(ma.Schema):
    """The public keys that tokens are checked with."""

    keys = ma.fields.List(ma.fields.Nested(JwkSchema))
