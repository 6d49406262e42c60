"""Shapes of the identity endpoints."""

from __future__ import annotations

from functools import partial
from typing import Any

import marshmallow as ma
from email_validator import EmailNotValidError, validate_email
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.plataforma.identity.domain import PAPEIS

_NOT_BLANK = validate.Regexp(r"[\s\S]*\S", error="O texto não pode ser só de espaços.")


def email_address(value: str) -> None:
    """An address by the RFCs, without asking the network.

    Raises:
        ValidationError: it is none.
    """
    try:
        validate_email(value, check_deliverability=False, allow_domain_literal=False)
    except EmailNotValidError as error:
        raise ma.ValidationError("O e-mail não é válido.") from error
    if len(value) > 255:
        raise ma.ValidationError("O tamanho máximo é 255.")


SENHA = partial(
    ma.fields.String, required=True, load_only=True, validate=validate.Length(min=1, max=256)
)
NOVA_SENHA = partial(
    SENHA,
    metadata={"description": "8 ou mais caracteres, com maiúscula, minúscula e número"},
)
CODIGO = partial(
    ma.fields.String, required=True, load_only=True, validate=validate.Length(min=1, max=40)
)


def TOKEN(longest: int = 200) -> Any:
    """A secret token of a letter or of a former answer."""
    return ma.fields.String(
        required=True, load_only=True, validate=validate.Length(min=1, max=longest)
    )


class LoginSchema(ma.Schema):
    """E-mail and password."""

    email = ma.fields.String(required=True, validate=validate.Length(min=3, max=255))
    senha = ma.fields.String(
        required=True, load_only=True, validate=validate.Length(min=1, max=256)
    )


class CadastroSchema(ma.Schema):
    """A tenant that somebody asks for."""

    empresa = ma.fields.String(
        required=True,
        validate=[validate.Length(min=1, max=255), _NOT_BLANK],
        metadata={"description": "Nome da empresa", "example": "Metalúrgica Aurora"},
    )
    nome = ma.fields.String(
        required=True,
        validate=[validate.Length(min=1, max=255), _NOT_BLANK],
        metadata={"description": "Nome de quem administra", "example": "Ana Lima"},
    )
    email = ma.fields.String(required=True, validate=email_address)
    senha = NOVA_SENHA()
    fuso_horario = ma.fields.String(
        load_default="America/Sao_Paulo", validate=validate.Length(min=1, max=60)
    )


class CadastroSituacaoSchema(ma.Schema):
    """A sign-up, the same for known and unknown addresses."""

    cadastro_id = ma.fields.UUID(metadata={"description": "Para pedir o reenvio da confirmação"})


class ReenvioSchema(ma.Schema):
    """Which sign-up's confirmation to send again."""

    cadastro_id = ma.fields.UUID(required=True)


class ConfirmacaoSchema(ma.Schema):
    """The proof of an e-mail: the letter's token, and a code where a pool sends one."""

    token = TOKEN()
    codigo = ma.fields.String(
        validate=validate.Length(min=1, max=40),
        metadata={"description": "Só com o Cognito: o código que ele enviou"},
    )


class TenantIdSchema(ma.Schema):
    """A tenant, by its id."""

    tenant_id = ma.fields.UUID()


class CodigoLoginSchema(ma.Schema):
    """The second step of a login."""

    desafio = TOKEN(4096)
    codigo = CODIGO()


class RefreshSchema(ma.Schema):
    """A refresh token."""

    refresh_token = TOKEN(4096)


class EsqueciSchema(ma.Schema):
    """Whose password was forgotten."""

    email = ma.fields.String(required=True, validate=email_address)


class RecuperarSchema(ma.Schema):
    """A new password by a letter's token."""

    token = TOKEN()
    senha = NOVA_SENHA()
    email = ma.fields.String(
        validate=email_address, metadata={"description": "Só com o Cognito: de quem é o código"}
    )


class TokenCartaSchema(ma.Schema):
    """The token of a letter."""

    token = TOKEN()


class PaginaTokenSchema(ma.Schema):
    """What a letter's link carries."""

    class Meta:
        unknown = ma.EXCLUDE

    token = ma.fields.String(load_default="", validate=validate.Length(max=200))


class PaginaAcessoSchema(PaginaTokenSchema):
    """What the form of a letter's page carries."""

    nome = ma.fields.String(load_default="", validate=validate.Length(max=255))
    senha = ma.fields.String(load_default="", load_only=True, validate=validate.Length(max=256))


class AceiteSchema(ma.Schema):
    """The acceptance of an invitation."""

    token = TOKEN()
    nome = ma.fields.String(validate=[validate.Length(min=1, max=255), _NOT_BLANK])
    senha = NOVA_SENHA(required=False)


class ConviteAbertoSchema(ma.Schema):
    """What an invitation is for."""

    empresa = ma.fields.String()
    email = ma.fields.String()
    papel = ma.fields.String()
    tem_conta = ma.fields.Boolean()


class TrocaSenhaSchema(ma.Schema):
    """The present password and the new one."""

    senha_atual = SENHA()
    senha_nova = NOVA_SENHA()


class ConfirmaSenhaSchema(ma.Schema):
    """The password, to confirm an action."""

    senha = SENHA()


class CodigoSchema(ma.Schema):
    """A one-time code."""

    codigo = CODIGO()


class EncerrarSchema(ma.Schema):
    """Which sessions to end."""

    manter_atual = ma.fields.Boolean(
        required=True, metadata={"description": "Se a sessão que chama continua"}
    )


class EncerradasSchema(ma.Schema):
    """How many sessions ended."""

    encerradas = ma.fields.Integer()


class SessaoSchema(ma.Schema):
    """A device where the person is signed in."""

    id = ma.fields.UUID()
    atual = ma.fields.Boolean(metadata={"description": "Se é a sessão que chama"})
    rede = ma.fields.String(metadata={"description": "Endereço de rede"})
    dispositivo = ma.fields.String(metadata={"description": "Como o dispositivo se chama"})
    segundo_fator = ma.fields.Boolean()
    created_at = ma.fields.AwareDateTime()
    ultimo_uso_em = ma.fields.AwareDateTime()
    expira_em = ma.fields.AwareDateTime()


class SessaoPaginaSchema(PaginaSchema):
    """A page of sessions."""

    itens = ma.fields.List(ma.fields.Nested(SessaoSchema))


SessaoFiltroSchema = pagina(
    ("ultimo_uso_em", "created_at", "expira_em"),
    "-ultimo_uso_em",
    atual=ma.fields.Boolean(metadata={"description": "Só a sessão que chama, ou só as outras"}),
    segundo_fator=ma.fields.Boolean(
        metadata={"description": "Só as que passaram pela segunda etapa, ou só as outras"}
    ),
)


class SegundoFatorSchema(ma.Schema):
    """The second factor of a person."""

    ativo = ma.fields.Boolean()
    desde = ma.fields.AwareDateTime(allow_none=True)
    codigos_restantes = ma.fields.Integer()


class SegredoSchema(ma.Schema):
    """A one-time code generator, for an authenticator app."""

    segredo = ma.fields.String(metadata={"description": "Base32, para digitar"})
    endereco = ma.fields.String(metadata={"description": "otpauth://, para um código QR"})


class CodigosReservaSchema(ma.Schema):
    """The recovery codes, shown once."""

    codigos_reserva = ma.fields.List(ma.fields.String())


class MinhaContaSchema(ma.Schema):
    """A tenant that the person belongs to."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    status = ma.fields.String()
    papel = ma.fields.String()
    atual = ma.fields.Boolean()


class MinhaContaPaginaSchema(PaginaSchema):
    """A page of the person's tenants."""

    itens = ma.fields.List(ma.fields.Nested(MinhaContaSchema))


MinhaContaFiltroSchema = pagina(
    ("nome",),
    "nome",
    papel=ma.fields.String(validate=validate.OneOf(PAPEIS), metadata={"description": "O papel"}),
    status=ma.fields.String(
        validate=validate.OneOf(("ativo", "suspenso")),
        metadata={"description": "A situação da conta"},
    ),
)


class TokenSchema(ma.Schema):
    """A bearer token (RFC 6750)."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(
        required=True, attribute="expira_em_s", metadata={"description": "Seconds"}
    )
    refresh_token = ma.fields.String(
        metadata={"description": "Troque-o uma única vez por tokens novos"}
    )


class LoginRespostaSchema(ma.Schema):
    """What a login answers: tokens, or a challenge where a second factor is on."""

    access_token = ma.fields.String()
    token_type = ma.fields.String()
    expires_in = ma.fields.Integer(attribute="expira_em_s", metadata={"description": "Seconds"})
    refresh_token = ma.fields.String(
        metadata={"description": "Troque-o uma única vez por tokens novos"}
    )
    desafio = ma.fields.String(
        metadata={"description": "Em vez de tokens: envie-o com um código a /api/auth/login/codigo"}
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
    falta_segundo_fator = ma.fields.Boolean(
        metadata={"description": "A conta exige a verificação em duas etapas e falta mostrá-la"}
    )
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
