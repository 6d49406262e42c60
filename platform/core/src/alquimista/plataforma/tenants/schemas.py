"""Shapes of the tenant's settings; their values are checked by ``Configuracoes``."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.plataforma.tenants.modelos import ETAPAS, MAX_MODELOS, PARAMETROS
from alquimista.plataforma.tenants.redacao import REDATORES

_TEXT = validate.Length(max=500)
_MANY = validate.Length(max=200)


class _PartSchema(ma.Schema):
    """What is sent may be a part; null takes the default."""

    @ma.post_load
    def as_sent(self, data: dict[str, object], **_: object) -> dict[str, object]:
        """A plain dictionary."""
        return dict(data)


class PerfilIdealSchema(_PartSchema):
    """The customer that the tenant looks for."""

    setores = ma.fields.List(ma.fields.String(validate=_TEXT), validate=_MANY)
    portes = ma.fields.List(ma.fields.String(validate=_TEXT), validate=_MANY)
    ufs = ma.fields.List(ma.fields.String(validate=_TEXT), validate=_MANY)
    idade_minima = ma.fields.Integer(
        strict=True, allow_none=True, metadata={"description": "Anos desde a abertura"}
    )
    idade_maxima = ma.fields.Integer(
        strict=True, allow_none=True, metadata={"description": "Anos desde a abertura"}
    )


class JanelaSchema(_PartSchema):
    """When meetings may be held, in the tenant's time zone."""

    dia_semana = ma.fields.Integer(
        strict=True, required=True, metadata={"description": "0 é segunda-feira"}
    )
    inicio = ma.fields.String(required=True, validate=_TEXT, metadata={"example": "09:00"})
    fim = ma.fields.String(required=True, validate=_TEXT, metadata={"example": "12:00"})


class LimitesSchema(_PartSchema):
    """The pace of sending."""

    por_hora = ma.fields.Integer(strict=True, metadata={"description": "1 a 100"})
    por_dia = ma.fields.Integer(strict=True, metadata={"description": "1 a 500"})
    pausa_s = ma.fields.Integer(strict=True, metadata={"description": "Segundos, a partir de 2"})


class CanaisSchema(_PartSchema):
    """Addresses by which what comes in finds the tenant."""

    email = ma.fields.String(allow_none=True, validate=_TEXT)
    whatsapp = ma.fields.String(
        allow_none=True, validate=_TEXT, metadata={"description": "Id do número na Meta"}
    )


class ModeloWhatsAppSchema(_PartSchema):
    """A template that Meta approved, for messages outside of the 24-hour window."""

    nome = ma.fields.String(
        required=True,
        validate=validate.Length(min=1, max=512),
        metadata={"description": "O nome do modelo na Meta", "example": "primeiro_contato"},
    )
    idioma = ma.fields.String(
        validate=validate.Length(max=6), metadata={"description": "O idioma aprovado: pt_BR"}
    )
    parametros = ma.fields.List(
        ma.fields.String(validate=validate.OneOf(PARAMETROS)),
        validate=validate.Length(max=10),
        metadata={"description": "O que preenche {{1}}, {{2}}…, nesta ordem"},
    )
    etapa = ma.fields.String(
        allow_none=True,
        validate=validate.OneOf(ETAPAS),
        metadata={"description": "Só para esta etapa; sem ela, para todas"},
    )
    campanha_id = ma.fields.UUID(
        allow_none=True, metadata={"description": "Só para esta campanha; sem ela, para todas"}
    )

    @ma.post_load
    def with_text_id(self, data: dict[str, object], **_: object) -> dict[str, object]:
        """The settings are JSON: the campaign's id is a text in them."""
        found = data.get("campanha_id")
        return {**data, "campanha_id": str(found)} if found is not None else data


class AprendizadoSchema(_PartSchema):
    """Consent to learning from corrections; it has to name its purpose."""

    ativo = ma.fields.Boolean(truthy={True}, falsy={False})
    finalidade = ma.fields.String(
        allow_none=True, validate=_TEXT, metadata={"example": "melhoria do modelo"}
    )


class ConfiguracoesSchema(_PartSchema):
    """The settings of a tenant; null takes the default."""

    nome = ma.fields.String(
        validate=[
            validate.Length(min=1, max=255),
            validate.Regexp(r"[\s\S]*\S", error="O texto não pode ser só de espaços."),
        ],
        metadata={"description": "Nome da empresa"},
    )
    fuso_horario = ma.fields.String(
        validate=validate.Length(min=1, max=60), metadata={"example": "America/Sao_Paulo"}
    )
    email_remetente = ma.fields.String(allow_none=True, validate=_TEXT)
    nome_vendedor = ma.fields.String(allow_none=True, validate=_TEXT)
    emails_gestores = ma.fields.List(
        ma.fields.String(validate=_TEXT), allow_none=True, validate=_MANY
    )
    tom_marca = ma.fields.String(allow_none=True, validate=_TEXT)
    ddd_padrao = ma.fields.String(allow_none=True, validate=_TEXT, metadata={"example": "11"})
    perfil_ideal = ma.fields.Nested(PerfilIdealSchema, allow_none=True)
    disponibilidade = ma.fields.List(
        ma.fields.Nested(JanelaSchema), allow_none=True, validate=_MANY
    )
    calendario_id = ma.fields.String(allow_none=True, validate=_TEXT)
    palavras_descadastro = ma.fields.List(
        ma.fields.String(validate=_TEXT), allow_none=True, validate=_MANY
    )
    palavras_proibidas = ma.fields.List(
        ma.fields.String(validate=_TEXT), allow_none=True, validate=_MANY
    )
    divulgacao_automatica = ma.fields.Boolean(
        allow_none=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Se o assistente diz de início que é automático"},
    )
    limites = ma.fields.Nested(LimitesSchema, allow_none=True)
    canais = ma.fields.Nested(CanaisSchema, allow_none=True)
    modelos_whatsapp = ma.fields.List(
        ma.fields.Nested(ModeloWhatsAppSchema),
        allow_none=True,
        validate=validate.Length(max=MAX_MODELOS),
        metadata={"description": "Modelos de WhatsApp que a Meta aprovou"},
    )
    retencao_dias = ma.fields.Integer(
        strict=True, allow_none=True, metadata={"description": "30 a 3650"}
    )
    exigir_segundo_fator = ma.fields.Boolean(
        allow_none=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Se todos precisam da verificação em duas etapas"},
    )
    aprendizado = ma.fields.Nested(AprendizadoSchema, allow_none=True)
    redator = ma.fields.String(
        allow_none=True,
        validate=validate.OneOf(REDATORES),
        metadata={
            "description": "Quem redige as respostas; ao modelo de linguagem elas vão sem dados "
            "pessoais"
        },
    )


class ContaConfiguracoesSchema(ConfiguracoesSchema):
    """The settings as they are, the defaults filled in."""

    sandbox = ma.fields.Boolean()
    status = ma.fields.String()
    versao = ma.fields.Integer()


class EncerrarContaSchema(ma.Schema):
    """The proofs that a tenant is to be removed: password, name, and the export at hand."""

    senha = ma.fields.String(
        required=True, load_only=True, validate=validate.Length(min=1, max=256)
    )
    nome = ma.fields.String(
        required=True,
        validate=validate.Length(min=1, max=255),
        metadata={"description": "O nome da conta, por extenso"},
    )
    exportacao_sha256 = ma.fields.String(
        required=True,
        validate=validate.Length(equal=64),
        metadata={"description": "SHA-256 do arquivo que GET /api/conta/exportacao entregou"},
    )


class EncerramentoSchema(ma.Schema):
    """The proof of a removal."""

    tenant_id = ma.fields.UUID()
    removidos = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        metadata={"description": "Linhas apagadas, por tabela"},
    )
    restantes = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        metadata={"description": "Linhas contadas depois, por tabela: todas zero"},
    )
    pessoas = ma.fields.Integer(metadata={"description": "Acessos apagados"})
    arquivos = ma.fields.Integer()
