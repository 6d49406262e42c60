"""Shapes of data subjects' requests."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.listing import pagina
from alquimista.prospeccao.titulares.domain import STATUS, TIPOS

_EMAIL = [validate.Email(error="O e-mail não é válido."), validate.Length(max=255)]


class NovoPedidoSchema(ma.Schema):
    """A request, from the page or as a person of the account registers it."""

    tipo = ma.fields.String(
        required=True,
        validate=validate.OneOf(TIPOS),
        metadata={"description": "acesso aos dados, ou exclusao deles"},
    )
    email = ma.fields.String(
        required=True,
        validate=_EMAIL,
        metadata={"description": "O endereço do titular", "example": "ana@empresa.com.br"},
    )


class PedidoSchema(ma.Schema):
    """A request; the address is not shown once it was answered."""

    id = ma.fields.UUID()
    tipo = ma.fields.String(validate=validate.OneOf(TIPOS))
    origem = ma.fields.String(metadata={"description": "pagina ou equipe"})
    status = ma.fields.String(validate=validate.OneOf(STATUS))
    email = ma.fields.String(allow_none=True)
    confirmado_em = ma.fields.AwareDateTime(allow_none=True)
    prazo_em = ma.fields.AwareDateTime(
        allow_none=True, metadata={"description": "15 dias da confirmação (LGPD, art. 19, II)"}
    )
    atendido_em = ma.fields.AwareDateTime(allow_none=True)
    resultado = ma.fields.Dict()
    created_at = ma.fields.AwareDateTime()


class PedidoPaginaSchema(ma.Schema):
    """A page of requests."""

    itens = ma.fields.List(ma.fields.Nested(PedidoSchema))
    proximo = ma.fields.String(allow_none=True)


class PedidoAtendidoSchema(ma.Schema):
    """What was done; ``dados`` only for a request of access."""

    id = ma.fields.UUID()
    resultado = ma.fields.Dict()
    dados = ma.fields.List(ma.fields.Dict(), allow_none=True)


PedidoFiltroSchema = pagina(
    ("created_at",),
    "-created_at",
    status=ma.fields.String(validate=validate.OneOf(STATUS)),
    tipo=ma.fields.String(
        validate=validate.OneOf(TIPOS), metadata={"description": "acesso ou exclusao"}
    ),
)
