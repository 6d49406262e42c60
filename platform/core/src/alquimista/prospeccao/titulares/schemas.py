"""Shapes of data subjects' requests."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.prospeccao.finalidades.domain import PADROES
from alquimista.prospeccao.titulares.domain import OPOSICAO, STATUS, TIPOS

_EMAIL = [validate.Email(error="O e-mail não é válido."), validate.Length(max=255)]


class NovoPedidoSchema(ma.Schema):
    """A request, from the page or as a person of the account registers it."""

    tipo = ma.fields.String(
        required=True,
        validate=validate.OneOf(TIPOS),
        metadata={"description": "acesso aos dados, exclusao deles, ou oposicao a uma finalidade"},
    )
    finalidade = ma.fields.String(
        allow_none=True,
        validate=validate.OneOf(("", *PADROES), error="Esta finalidade não existe."),
        metadata={"description": "O uso que deve parar; só com oposicao", "example": None},
    )
    email = ma.fields.String(
        required=True,
        validate=_EMAIL,
        metadata={"description": "O endereço do titular", "example": "ana@empresa.com.br"},
    )

    @ma.post_load
    def of_one_purpose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The page sends its choice of a purpose with every request: it counts with one only."""
        finalidade = data.get("finalidade") or None
        if data["tipo"] != OPOSICAO:
            return {**data, "finalidade": None}
        if finalidade is None:
            raise ma.ValidationError("Escolha a finalidade que deve parar.", "finalidade")
        return {**data, "finalidade": finalidade}


class PedidoSchema(ma.Schema):
    """A request; the address is not shown once it was answered."""

    id = ma.fields.UUID()
    tipo = ma.fields.String(validate=validate.OneOf(TIPOS))
    finalidade = ma.fields.String(allow_none=True, validate=validate.OneOf(tuple(PADROES)))
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


class PedidoPaginaSchema(PaginaSchema):
    """A page of requests."""

    itens = ma.fields.List(ma.fields.Nested(PedidoSchema))


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
        validate=validate.OneOf(TIPOS), metadata={"description": "acesso, exclusao ou oposicao"}
    ),
    finalidade=ma.fields.String(validate=validate.OneOf(tuple(PADROES))),
)
