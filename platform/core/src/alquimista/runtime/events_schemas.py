"""Shapes of the events and dead-letter endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina

_NAME = validate.Regexp(
    r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
    error="Use letras, números, hífen e sublinhado, com partes separadas por ponto.",
)


class NovoEventoSchema(ma.Schema):
    """An event to publish."""

    source = ma.fields.String(required=True, validate=[validate.Length(max=120), _NAME])
    type = ma.fields.String(required=True, validate=[validate.Length(max=120), _NAME])
    detail = ma.fields.Dict(required=True, keys=ma.fields.String())


class EventoAceitoSchema(ma.Schema):
    """The id of an accepted event."""

    id = ma.fields.UUID(required=True)


EventoFiltroSchema = pagina(
    ("occurred_at",),
    None,
    trace_id=ma.fields.UUID(metadata={"description": "Só este rastreio, do mais antigo ao novo"}),
    source=ma.fields.String(validate=validate.Length(min=1, max=120)),
    type=ma.fields.String(validate=validate.Length(min=1, max=120)),
)
"""Which events; their usual order depends on whether a trace is named."""


class EntregaSchema(ma.Schema):
    """What one consumer made of an event."""

    consumer = ma.fields.String()
    attempt = ma.fields.Integer()
    outcome = ma.fields.String()
    duration_ms = ma.fields.Integer()
    finished_at = ma.fields.AwareDateTime()


class EventoSchema(ma.Schema):
    """A stored event; personal parts stay encrypted and are not shown."""

    id = ma.fields.UUID()
    source = ma.fields.String()
    type = ma.fields.String()
    trace_id = ma.fields.UUID()
    causation_id = ma.fields.UUID(allow_none=True)
    depth = ma.fields.Integer()
    occurred_at = ma.fields.AwareDateTime()
    detail = ma.fields.Dict()
    replay_name = ma.fields.String(
        allow_none=True, metadata={"description": "The replay that made or caused the event"}
    )
    entregas = ma.fields.List(ma.fields.Nested(EntregaSchema))


class EventosSchema(PaginaSchema):
    """Events: oldest first of one trace, newest first without."""

    itens = ma.fields.List(ma.fields.Nested(EventoSchema))


MensagemMortaFiltroSchema = pagina(
    ("died_at", "queue"),
    "-died_at",
    pendentes=ma.fields.Boolean(
        load_default=False, metadata={"description": "Só as que ainda não foram reenviadas"}
    ),
    queue=ma.fields.String(
        validate=validate.Length(min=1, max=120), metadata={"description": "Só desta fila"}
    ),
    error_class=ma.fields.String(
        validate=validate.Length(min=1, max=120),
        metadata={"description": "Só desta classe de erro"},
    ),
)
"""Which dead letters."""


class MensagemMortaSchema(ma.Schema):
    """A dead letter, with its error and without personal data."""

    id = ma.fields.UUID()
    queue = ma.fields.String()
    event_id = ma.fields.UUID()
    source = ma.fields.String(allow_none=True)
    type = ma.fields.String(allow_none=True)
    trace_id = ma.fields.UUID(allow_none=True)
    subject = ma.fields.Dict(allow_none=True)
    error_class = ma.fields.String()
    error_text = ma.fields.String()
    receives = ma.fields.Integer()
    died_at = ma.fields.AwareDateTime()
    redriven_at = ma.fields.AwareDateTime(allow_none=True)


class MensagensMortasSchema(PaginaSchema):
    """A page of dead letters, newest first."""

    itens = ma.fields.List(ma.fields.Nested(MensagemMortaSchema))
