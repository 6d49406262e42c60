"""Bodies of the campaign endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista_sdk.models import CAMPANHA_STATUS, CANAIS


class MensagemSchema(ma.Schema):
    """One variant; braces name facts of the lead."""

    assunto = ma.fields.String(load_default="", validate=validate.Length(max=200))
    texto = ma.fields.String(required=True, validate=validate.Length(min=1, max=4000))


class MensagensSchema(ma.Schema):
    """Variants by stage of the funnel."""

    topo = ma.fields.List(
        ma.fields.Nested(MensagemSchema), required=True, validate=validate.Length(min=1, max=5)
    )
    meio = ma.fields.List(
        ma.fields.Nested(MensagemSchema), required=True, validate=validate.Length(min=1, max=5)
    )
    fundo = ma.fields.List(
        ma.fields.Nested(MensagemSchema), required=True, validate=validate.Length(min=1, max=5)
    )


class RitmoSchema(ma.Schema):
    """When messages go out."""

    hora_inicio = ma.fields.String(validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$"))
    hora_fim = ma.fields.String(validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$"))
    dias_entre_etapas = ma.fields.Integer(validate=validate.Range(min=1, max=30))
    por_hora = ma.fields.Integer(validate=validate.Range(min=1, max=100))


class CampanhaSchema(ma.Schema):
    """A campaign; ``conteudo_hash`` is what an approval is bound to."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    segmento = ma.fields.String(allow_none=True)
    canal = ma.fields.String(validate=validate.OneOf((*CANAIS, "multi")))
    status = ma.fields.String(validate=validate.OneOf(CAMPANHA_STATUS))
    mensagens = ma.fields.Nested(MensagensSchema)
    ritmo = ma.fields.Nested(RitmoSchema)
    previas = ma.fields.List(ma.fields.String())
    conteudo_hash = ma.fields.String()
    lote_id = ma.fields.UUID(allow_none=True)
    metricas = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()
    versao = ma.fields.Integer()


CAMPANHA_ORDENS = ("created_at", "updated_at", "nome", "status")
CampanhaFiltroSchema = pagina(
    CAMPANHA_ORDENS,
    "-created_at",
    status=ma.fields.String(validate=validate.OneOf(CAMPANHA_STATUS)),
    lote_id=ma.fields.UUID(),
    canal=ma.fields.String(validate=validate.OneOf((*CANAIS, "multi"))),
)
"""Filters and order of the list."""


class CampanhaListaSchema(PaginaSchema):
    """A page of campaigns."""

    itens = ma.fields.List(ma.fields.Nested(CampanhaSchema))


class CampanhaEdicaoSchema(ma.Schema):
    """What may be edited; other content asks for approval again."""

    nome = ma.fields.String(validate=validate.Length(min=1, max=255))
    mensagens = ma.fields.Nested(MensagensSchema)
    ritmo = ma.fields.Nested(RitmoSchema)


class AprovacaoSchema(ma.Schema):
    """The hash of the content that the person saw; without it, the content as it is now."""

    conteudo_hash = ma.fields.String(validate=validate.Length(equal=64))
