"""Shapes of the marketplace endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina


class EscopoSchema(ma.Schema):
    """A permission that the agent asks for, and why."""

    name = ma.fields.String()
    reason = ma.fields.String()


class AgenteSchema(ma.Schema):
    """An agent in the list."""

    id = ma.fields.String(attribute="slug")
    titulo = ma.fields.String()
    descricao = ma.fields.String()
    categoria = ma.fields.String()
    editor = ma.fields.String()
    versao = ma.fields.String(allow_none=True)
    status = ma.fields.String(metadata={"description": "admitido or recusado"})
    erro = ma.fields.String(allow_none=True, metadata={"description": "Why it was refused"})
    suspenso = ma.fields.Boolean()
    ativo = ma.fields.Boolean()
    versao_ativa = ma.fields.String(allow_none=True)


class AgentePaginaSchema(PaginaSchema):
    """A page of agents."""

    itens = ma.fields.List(ma.fields.Nested(AgenteSchema))


AgenteFiltroSchema = pagina(
    ("id", "titulo"),
    "id",
    ativo=ma.fields.Boolean(metadata={"description": "Só os ativos na conta, ou só os outros"}),
    categoria=ma.fields.String(metadata={"description": "A categoria, como `prospeccao`"}),
    status=ma.fields.String(
        validate=validate.OneOf(("admitido", "recusado")),
        metadata={"description": "Se a plataforma o admitiu"},
    ),
)


class AgenteDetalheSchema(AgenteSchema):
    """An agent with all that a person needs to decide."""

    escopos = ma.fields.List(ma.fields.Nested(EscopoSchema))
    eventos = ma.fields.List(ma.fields.String(), metadata={"description": "What it publishes"})
    agendas = ma.fields.List(ma.fields.Dict())
    operacoes = ma.fields.List(ma.fields.String())
    config_schema = ma.fields.Dict(metadata={"description": "JSON Schema of config"})
    config = ma.fields.Dict()
    cards = ma.fields.List(ma.fields.Dict())


class AtivarSchema(ma.Schema):
    """The configuration to activate with; without it the former one, or the defaults."""

    config = ma.fields.Dict(keys=ma.fields.String(), allow_none=True, load_default=None)
