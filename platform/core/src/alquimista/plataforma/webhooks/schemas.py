"""Shapes of the webhook endpoints."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.plataforma.webhooks.domain import CARENCIA_MAXIMA, STATUS

_URL: dict[str, Any] = {
    "validate": validate.Length(min=1, max=2000),
    "metadata": {
        "description": "Endereço https público que recebe os eventos",
        "example": "https://crm.example.com/alquimista",
    },
}
_TITULO = validate.Length(min=1, max=120)
_PADRAO = {
    "description": "Padrão de eventos, na linguagem do EventBridge",
    "example": {"source": [{"prefix": "nigredo."}]},
}


class WebhookSchema(ma.Schema):
    """A receiver of events; its secret is never shown again."""

    id = ma.fields.UUID()
    url = ma.fields.String()
    titulo = ma.fields.String()
    padrao = ma.fields.Dict(metadata=_PADRAO)
    ativo = ma.fields.Boolean()
    anterior_ate = ma.fields.AwareDateTime(
        allow_none=True,
        metadata={"description": "Até quando o segredo anterior assina junto com o novo"},
    )
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()
    versao = ma.fields.Integer()


class WebhookCriadoSchema(WebhookSchema):
    """A new receiver with its secret, shown this once."""

    segredo = ma.fields.String(
        metadata={"description": "Confere as assinaturas; guarde: não é mostrado de novo"}
    )


class NovoWebhookSchema(ma.Schema):
    """A receiver to register."""

    url = ma.fields.String(required=True, **_URL)
    titulo = ma.fields.String(load_default="webhook", validate=_TITULO)
    padrao = ma.fields.Dict(required=True, keys=ma.fields.String(), metadata=_PADRAO)


class WebhookEdicaoSchema(ma.Schema):
    """What may be changed of a receiver."""

    url = ma.fields.String(**_URL)
    titulo = ma.fields.String(validate=_TITULO)
    padrao = ma.fields.Dict(keys=ma.fields.String(), metadata=_PADRAO)
    ativo = ma.fields.Boolean()


class TrocaSegredoSchema(ma.Schema):
    """How long the former secret signs on."""

    carencia_segundos = ma.fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=int(CARENCIA_MAXIMA.total_seconds())),
        metadata={
            "description": "Por quanto tempo o segredo anterior ainda assina, junto com o novo; "
            "0 encerra na hora um segredo que vazou",
            "example": 86400,
        },
    )


class WebhookPaginaSchema(PaginaSchema):
    """A page of receivers."""

    itens = ma.fields.List(ma.fields.Nested(WebhookSchema))


class WebhookEntregaSchema(ma.Schema):
    """One event for one receiver."""

    id = ma.fields.UUID(metadata={"description": "O `webhook-id` que o destino recebe"})
    webhook_id = ma.fields.UUID()
    event_id = ma.fields.UUID()
    evento = ma.fields.String(metadata={"example": "nigredo.agendamento.confirmed"})
    status = ma.fields.String(validate=validate.OneOf(STATUS))
    tentativas = ma.fields.Integer()
    resposta_status = ma.fields.Integer(allow_none=True)
    erro = ma.fields.String(allow_none=True)
    duration_ms = ma.fields.Integer(allow_none=True)
    proximo_em = ma.fields.AwareDateTime(allow_none=True)
    trace_id = ma.fields.UUID()
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()


class EntregaPaginaSchema(PaginaSchema):
    """A page of the delivery log."""

    itens = ma.fields.List(ma.fields.Nested(WebhookEntregaSchema))


WEBHOOK_ORDENS = ("created_at", "updated_at", "titulo")
WebhookFiltroSchema = pagina(
    WEBHOOK_ORDENS,
    "-created_at",
    ativo=ma.fields.Boolean(metadata={"description": "Só ativos, ou só inativos"}),
)
EntregaFiltroSchema = pagina(
    ("created_at",),
    "-created_at",
    status=ma.fields.String(validate=validate.OneOf(STATUS)),
    evento=ma.fields.String(
        validate=validate.Length(min=1, max=255), metadata={"description": "O nome do evento"}
    ),
)
