"""Bodies of the merge endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.prospeccao.fusoes.domain import MOTIVOS, STATUS


class FusaoSugeridaSchema(ma.Schema):
    """A lead that may be the same as the one shown."""

    id = ma.fields.UUID()
    lead_id = ma.fields.UUID(metadata={"description": "O outro lead"})
    empresa = ma.fields.String()
    motivo = ma.fields.String(validate=validate.OneOf(MOTIVOS))
    escore = ma.fields.Integer(metadata={"description": "0 a 100"})


class OrigemSchema(ma.Schema):
    """Where a field came from: the other lead, and its row of a spreadsheet."""

    lead_id = ma.fields.UUID()
    importacao_id = ma.fields.UUID(allow_none=True)
    planilha = ma.fields.String(allow_none=True)
    linha = ma.fields.Integer(allow_none=True)


class FusaoSchema(ma.Schema):
    """Two leads that may be one, or were made one. ``lead_id`` is the one that stays."""

    id = ma.fields.UUID()
    lead_id = ma.fields.UUID()
    lead_empresa = ma.fields.String()
    outro_id = ma.fields.UUID()
    outro_empresa = ma.fields.String()
    motivo = ma.fields.String(validate=validate.OneOf(MOTIVOS))
    escore = ma.fields.Integer(metadata={"description": "0 a 100"})
    status = ma.fields.String(validate=validate.OneOf(STATUS))
    campos = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Nested(OrigemSchema),
        metadata={"description": "Os campos que vieram do outro lead"},
    )
    decidido_por = ma.fields.UUID(allow_none=True)
    decidido_em = ma.fields.AwareDateTime(allow_none=True)
    created_at = ma.fields.AwareDateTime()


class MantidosSchema(ma.Schema):
    """Fields that somebody changed after the merge: an undo leaves them as they are."""

    lead = ma.fields.List(ma.fields.String())
    outro = ma.fields.List(ma.fields.String())


class FusaoDesfeitaSchema(FusaoSchema):
    """An undone merge."""

    mantidos = ma.fields.Nested(MantidosSchema)


class FusaoPaginaSchema(PaginaSchema):
    """A page of merges."""

    itens = ma.fields.List(ma.fields.Nested(FusaoSchema))


FusaoFiltroSchema = pagina(
    ("created_at", "escore"),
    "-created_at",
    status=ma.fields.String(validate=validate.OneOf(STATUS)),
    motivo=ma.fields.String(validate=validate.OneOf(MOTIVOS)),
)
"""Filters and order of the list."""


class FundirSchema(ma.Schema):
    """Which of the two stays; without it, the one that the suggestion names."""

    manter = ma.fields.UUID()
