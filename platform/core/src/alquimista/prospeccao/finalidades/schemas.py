"""Bodies of the endpoints of purposes and legal bases."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import Momento, pagina
from alquimista.prospeccao.finalidades.domain import BASES, LEGITIMO_INTERESSE, MEIOS, PADROES

_FINALIDADE = validate.OneOf(tuple(PADROES))
_BASE = validate.OneOf(tuple(BASES))
_MEIO = validate.OneOf(MEIOS)
_LONGO = validate.Length(min=1, max=2_000)
_CURTO = validate.Length(min=1, max=200)


class BalanceamentoSchema(ma.Schema):
    """The note that weighs a legitimate interest (LGPD, art. 10)."""

    interesse = ma.fields.String(
        required=True,
        validate=_LONGO,
        metadata={"description": "O interesse, concreto e lícito, e a quem serve"},
    )
    necessidade = ma.fields.String(
        required=True,
        validate=_LONGO,
        metadata={"description": "Por que estes dados, e não menos, são necessários"},
    )
    impacto = ma.fields.String(
        required=True,
        validate=_LONGO,
        metadata={"description": "O que a pessoa pode esperar, e o risco para ela"},
    )
    salvaguardas = ma.fields.String(
        required=True,
        validate=_LONGO,
        metadata={"description": "O que protege a pessoa e como ela pode se opor"},
    )


class FinalidadeSchema(ma.Schema):
    """A purpose of the account; version 0 is the default that nobody has changed."""

    finalidade = ma.fields.String(validate=_FINALIDADE)
    titulo = ma.fields.String()
    descricao = ma.fields.String()
    base_legal = ma.fields.String(validate=_BASE)
    dados = ma.fields.List(ma.fields.String(), metadata={"description": "Categorias de dados"})
    ativa = ma.fields.Boolean()
    lia = ma.fields.Nested(BalanceamentoSchema, allow_none=True)
    updated_at = ma.fields.AwareDateTime(allow_none=True)
    versao = ma.fields.Integer()


class FinalidadeListaSchema(PaginaSchema):
    """A page of the account's purposes."""

    itens = ma.fields.List(ma.fields.Nested(FinalidadeSchema))


FinalidadeFiltroSchema = pagina(
    ("registro", "titulo"),
    "registro",
    ativa=ma.fields.Boolean(metadata={"description": "Só as ativas, ou só as desativadas"}),
    base_legal=ma.fields.String(validate=_BASE, metadata={"description": "A hipótese do art. 7º"}),
)


class FinalidadeEdicaoSchema(ma.Schema):
    """What may be changed of a purpose."""

    base_legal = ma.fields.String(
        validate=_BASE,
        metadata={"description": "A hipótese do art. 7º", "example": "consentimento"},
    )
    descricao = ma.fields.String(validate=_LONGO)
    dados = ma.fields.List(ma.fields.String(validate=_CURTO), validate=validate.Length(1, 50))
    ativa = ma.fields.Boolean(
        metadata={"description": "Falso impede esta finalidade para todos os leads"}
    )
    lia = ma.fields.Nested(
        BalanceamentoSchema,
        metadata={"description": f"Obrigatória com {LEGITIMO_INTERESSE}; some com as outras"},
    )


class RegistroDeBaseSchema(ma.Schema):
    """A legal basis of one lead, in force until it is withdrawn or another follows."""

    numero = ma.fields.Integer()
    base_legal = ma.fields.String()
    meio = ma.fields.String()
    texto = ma.fields.String(allow_none=True)
    evidencia = ma.fields.String(allow_none=True)
    obtido_em = ma.fields.AwareDateTime()
    retirado_em = ma.fields.AwareDateTime(allow_none=True)
    retirado_meio = ma.fields.String(allow_none=True)
    retirado_motivo = ma.fields.String(allow_none=True)


class BaseDoLeadSchema(ma.Schema):
    """Whether a purpose may use a lead's data, and the lead's own records, newest first."""

    finalidade = ma.fields.String(validate=_FINALIDADE)
    titulo = ma.fields.String()
    permitido = ma.fields.Boolean()
    base_legal = ma.fields.String(allow_none=True)
    origem = ma.fields.String(validate=validate.OneOf(("lead", "importacao", "conta")))
    motivo = ma.fields.String()
    registros = ma.fields.List(ma.fields.Nested(RegistroDeBaseSchema))


class BasesDoLeadSchema(ma.Schema):
    """Every purpose, for one lead."""

    itens = ma.fields.List(ma.fields.Nested(BaseDoLeadSchema))


class BasesDoLeadPaginaSchema(BasesDoLeadSchema, PaginaSchema):
    """A page of the purposes, for one lead."""


BaseFiltroSchema = pagina(
    ("registro", "titulo"),
    "registro",
    permitido=ma.fields.Boolean(
        metadata={"description": "Só os usos permitidos, ou só os que não são"}
    ),
)


class NovaBaseSchema(ma.Schema):
    """A legal basis to record for a lead; a consent needs its text."""

    finalidade = ma.fields.String(required=True, validate=_FINALIDADE)
    base_legal = ma.fields.String(required=True, validate=_BASE)
    meio = ma.fields.String(
        required=True, validate=_MEIO, metadata={"description": "Como a pessoa o disse"}
    )
    obtido_em = Momento(required=True, metadata={"description": "Quando a pessoa o disse"})
    texto = ma.fields.String(
        validate=validate.Length(min=1, max=5_000),
        metadata={"description": "O texto que a pessoa aceitou"},
    )
    evidencia = ma.fields.String(
        validate=_LONGO, metadata={"description": "Onde está a prova: um endereço, um protocolo"}
    )


class RetiradaSchema(ma.Schema):
    """A consent that is taken back, or an objection."""

    finalidade = ma.fields.String(required=True, validate=_FINALIDADE)
    meio = ma.fields.String(required=True, validate=_MEIO)
    motivo = ma.fields.String(validate=_LONGO)


class OperacaoDeTratamentoSchema(ma.Schema):
    """One operation of the record of processing."""

    finalidade = ma.fields.String()
    titulo = ma.fields.String()
    ativa = ma.fields.Boolean()
    descricao = ma.fields.String()
    base_legal = ma.fields.String()
    fundamento = ma.fields.String()
    titulares = ma.fields.String()
    dados = ma.fields.List(ma.fields.String())
    compartilhamento = ma.fields.List(ma.fields.String())
    retencao_dias = ma.fields.Integer()
    conferencia = ma.fields.String(
        metadata={"description": "Quando o sistema confere se pode usar os dados de um lead"}
    )
    leads_com_base_propria = ma.fields.Integer()
    leads_que_retiraram = ma.fields.Integer()
    lia = ma.fields.Nested(BalanceamentoSchema, allow_none=True)


class TratamentosSchema(ma.Schema):
    """The record of processing operations (LGPD, art. 37)."""

    controlador = ma.fields.String()
    contato = ma.fields.String()
    gerado_em = ma.fields.AwareDateTime()
    seguranca = ma.fields.List(ma.fields.String())
    operacoes = ma.fields.List(ma.fields.Nested(OperacaoDeTratamentoSchema))
