"""Bodies of the conversation endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista_sdk.models import CANAIS


class InteracaoSchema(ma.Schema):
    """One message of a conversation, with how it was read."""

    id = ma.fields.UUID()
    lead_id = ma.fields.UUID()
    tipo = ma.fields.String(validate=validate.OneOf(("enviado", "recebido")))
    canal = ma.fields.String()
    mensagem = ma.fields.String()
    sentimento = ma.fields.String(allow_none=True)
    intensidade = ma.fields.Integer(allow_none=True)
    intent = ma.fields.String(allow_none=True)
    descadastro = ma.fields.String(allow_none=True)
    motivos = ma.fields.List(ma.fields.String(), allow_none=True)
    modelo = ma.fields.String(allow_none=True, metadata={"description": "Qual modelo leu"})
    corrigida = ma.fields.Boolean(metadata={"description": "Se uma pessoa corrigiu a leitura"})
    trace_id = ma.fields.UUID()
    created_at = ma.fields.AwareDateTime()


class InteracaoPaginaSchema(PaginaSchema):
    """A page of a conversation, oldest first."""

    itens = ma.fields.List(ma.fields.Nested(InteracaoSchema))


InteracaoFiltroSchema = pagina(
    ("created_at",),
    "created_at",
    tipo=ma.fields.String(validate=validate.OneOf(("recebido", "enviado"))),
    canal=ma.fields.String(validate=validate.OneOf(CANAIS)),
)
"""Filters and order of a conversation."""


class RecebidoSchema(ma.Schema):
    """How many messages and reports a webhook call brought."""

    mensagens = ma.fields.Integer()
    status = ma.fields.Integer()
    ignoradas = ma.fields.Integer()
