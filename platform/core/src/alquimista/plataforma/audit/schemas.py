"""Shapes of the audit endpoints."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import Momento, pagina

_TEXTO = validate.Length(min=1, max=80)
_FILTROS: dict[str, ma.fields.Field[Any]] = {
    "action_type": ma.fields.String(
        validate=_TEXTO, metadata={"description": "O que foi feito, como `campanha.aprovada`"}
    ),
    "ator_tipo": ma.fields.String(
        validate=validate.OneOf(("pessoa", "chave", "agente", "sistema", "lead", "titular"))
    ),
    "ator_id": ma.fields.String(validate=_TEXTO),
    "agent_id": ma.fields.String(validate=_TEXTO),
    "alvo_tipo": ma.fields.String(validate=_TEXTO),
    "alvo_id": ma.fields.UUID(),
    "resultado": ma.fields.String(validate=_TEXTO),
    "trace_id": ma.fields.UUID(),
    "desde": Momento(metadata={"description": "A partir deste momento"}),
    "ate": Momento(metadata={"description": "Antes deste momento"}),
}
AuditoriaFiltroSchema = pagina(("created_at",), "-created_at", **_FILTROS)
AuditoriaExportacaoSchema = ma.Schema.from_dict(dict(_FILTROS), name="AuditoriaExportacao")


class AuditoriaSchema(ma.Schema):
    """An entry of the audit log."""

    id = ma.fields.UUID()
    created_at = ma.fields.AwareDateTime(metadata={"description": "Quando, no tempo da conta"})
    ator_tipo = ma.fields.String(
        metadata={"description": "pessoa, chave, agente, sistema ou lead", "example": "pessoa"}
    )
    ator_id = ma.fields.String(allow_none=True)
    agent_id = ma.fields.String(allow_none=True)
    action_type = ma.fields.String(metadata={"example": "campanha.aprovada"})
    alvo_tipo = ma.fields.String(allow_none=True, metadata={"example": "campanha"})
    alvo_id = ma.fields.UUID(allow_none=True)
    resultado = ma.fields.String(metadata={"example": "ok"})
    detalhes = ma.fields.Dict()
    antes = ma.fields.Dict(allow_none=True, metadata={"description": "Valores antes da mudança"})
    depois = ma.fields.Dict(allow_none=True, metadata={"description": "Valores depois dela"})
    rede = ma.fields.String(allow_none=True, metadata={"description": "Endereço de quem chamou"})
    trace_id = ma.fields.UUID(allow_none=True)


class AuditoriaPaginaSchema(PaginaSchema):
    """A page of the audit log."""

    itens = ma.fields.List(ma.fields.Nested(AuditoriaSchema))
