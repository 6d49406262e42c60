"""Bodies of the sandbox's letter box."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina


class SandboxAnexoSchema(ma.Schema):
    """A file that travelled with a message; ``texto`` only for invitations (text/calendar)."""

    nome = ma.fields.String()
    tipo = ma.fields.String()
    tamanho = ma.fields.Integer()
    metodo = ma.fields.String()
    texto = ma.fields.String()


class SandboxMensagemSchema(ma.Schema):
    """A message that a twin received, as it came over the wire."""

    id = ma.fields.UUID()
    ordem = ma.fields.Integer()
    canal = ma.fields.String(validate=validate.OneOf(("email", "whatsapp")))
    remetente = ma.fields.String()
    destinatario = ma.fields.String()
    assunto = ma.fields.String()
    mensagem = ma.fields.String()
    cabecalhos = ma.fields.Dict(keys=ma.fields.String())
    anexos = ma.fields.List(ma.fields.Nested(SandboxAnexoSchema))
    provider_id = ma.fields.String(allow_none=True)
    disparo_id = ma.fields.UUID(allow_none=True)
    lead_id = ma.fields.UUID(allow_none=True)
    created_at = ma.fields.AwareDateTime()


class SandboxPaginaSchema(PaginaSchema):
    """A page of messages."""

    itens = ma.fields.List(ma.fields.Nested(SandboxMensagemSchema))


SandboxFiltroSchema = pagina(
    ("ordem",),
    "ordem",
    depois_de=ma.fields.Integer(validate=validate.Range(min=0, max=2**63 - 1)),
    lead_id=ma.fields.UUID(),
    canal=ma.fields.String(validate=validate.OneOf(("email", "whatsapp"))),
)
"""Which messages, and from where on: ``depois_de`` is the ``ordem`` of the last one seen."""


class CartaFiltroSchema(ma.Schema):
    """Whose letter."""

    email = ma.fields.String(required=True, validate=validate.Length(min=3, max=255))


class CartaSchema(ma.Schema):
    """A letter about access."""

    assunto = ma.fields.String()
    mensagem = ma.fields.String()
    enviada_em = ma.fields.AwareDateTime()
