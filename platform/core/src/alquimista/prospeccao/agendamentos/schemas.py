"""Bodies of the meeting endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista_sdk.models import AGENDAMENTO_STATUS


class AgendamentoSchema(ma.Schema):
    """A meeting."""

    id = ma.fields.UUID()
    lead_id = ma.fields.UUID()
    data_hora = ma.fields.AwareDateTime()
    duracao = ma.fields.Integer(metadata={"description": "minutes"})
    status = ma.fields.String(validate=validate.OneOf(AGENDAMENTO_STATUS))
    calendar_event_id = ma.fields.String(allow_none=True)
    briefing = ma.fields.String(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    versao = ma.fields.Integer()


class AgendamentoFiltroSchema(ma.Schema):
    """Filters of the list."""

    status = ma.fields.String(validate=validate.OneOf(AGENDAMENTO_STATUS))
    lead_id = ma.fields.UUID()


class AgendamentoListaSchema(ma.Schema):
    """Meetings, next ones first."""

    itens = ma.fields.List(ma.fields.Nested(AgendamentoSchema))


class AgendamentoMudancaSchema(ma.Schema):
    """What became of a meeting."""

    status = ma.fields.String(
        required=True, validate=validate.OneOf(("realizado", "cancelado", "remarcado"))
    )
