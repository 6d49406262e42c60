"""Bodies of the meeting endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import Momento, pagina
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


AGENDAMENTO_ORDENS = ("data_hora", "created_at", "status")
AgendamentoFiltroSchema = pagina(
    AGENDAMENTO_ORDENS,
    "-data_hora",
    status=ma.fields.String(validate=validate.OneOf(AGENDAMENTO_STATUS)),
    lead_id=ma.fields.UUID(),
    desde=Momento(metadata={"description": "Reuniões a partir deste momento"}),
    proximas=ma.fields.Boolean(
        metadata={"description": "Só as confirmadas a partir de agora; outro status vale se dado"}
    ),
    ate=Momento(metadata={"description": "Reuniões antes deste momento"}),
)
"""Filters and order of the list."""


class AgendamentoListaSchema(PaginaSchema):
    """A page of meetings."""

    itens = ma.fields.List(ma.fields.Nested(AgendamentoSchema))


class AgendamentoMudancaSchema(ma.Schema):
    """What became of a meeting."""

    status = ma.fields.String(
        required=True, validate=validate.OneOf(("realizado", "cancelado", "remarcado"))
    )
