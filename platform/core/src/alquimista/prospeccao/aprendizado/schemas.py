"""Bodies of the endpoints of corrections and models."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.prospeccao.aprendizado.domain import DESCADASTROS, SENTIMENTOS
from alquimista.prospeccao.conversas.schemas import InteracaoSchema
from alquimista_sdk.events import INTENTS


class CorrecaoSchema(ma.Schema):
    """What a person reads in a message; what is left out stays as it was read."""

    intent = ma.fields.String(validate=validate.OneOf(INTENTS))
    sentimento = ma.fields.String(validate=validate.OneOf(SENTIMENTOS))
    intensidade = ma.fields.Integer(strict=True, validate=validate.Range(min=0, max=100))
    descadastro = ma.fields.String(validate=validate.OneOf(DESCADASTROS))


class InteracaoCorrigidaSchema(InteracaoSchema):
    """The message as it reads now, and whether we may write to the lead."""

    lead_status = ma.fields.String()
    bloqueado = ma.fields.Boolean(
        metadata={
            "description": "Se o lead segue sem receber mensagens, qualquer que seja a leitura"
        }
    )


class ReabilitacaoSchema(ma.Schema):
    """Why a lead may be written to again."""

    motivo = ma.fields.String(
        required=True,
        validate=[
            validate.Length(min=10, max=200),
            validate.Regexp(r"[\s\S]*\S", error="O texto não pode ser só de espaços."),
        ],
        metadata={"description": "O que mostra que a pessoa não pediu para sair"},
    )


class ModeloSchema(ma.Schema):
    """A training of the account's model."""

    numero = ma.fields.Integer()
    aceito = ma.fields.Boolean()
    ativo = ma.fields.Boolean()
    quantidade = ma.fields.Integer(metadata={"description": "Correções com que se treinou"})
    motivo = ma.fields.String()
    metricas = ma.fields.Dict()
    base = ma.fields.String(metadata={"description": "O modelo embutido a que se soma"})
    created_at = ma.fields.AwareDateTime()


class ModelosSchema(PaginaSchema):
    """A page of the account's trainings; 0 in use is the embedded model."""

    em_uso = ma.fields.Integer()
    consentido = ma.fields.Boolean()
    itens = ma.fields.List(ma.fields.Nested(ModeloSchema))


ModeloFiltroSchema = pagina(
    ("numero", "created_at"),
    "-numero",
    aceito=ma.fields.Boolean(metadata={"description": "Só os aceitos, ou só os recusados"}),
)
