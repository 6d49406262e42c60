"""Endpoints of operations: what the account's active agents answer, and asking them."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from alquimista.http.answers import json_object
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.cursor import PaginaSchema
from alquimista.http.inventory import Inventory
from alquimista.http.listing import pagina
from alquimista.http.services import services
from alquimista_sdk.errors import InvalidPayload, NotFound, OperationUnavailable

blp = Blueprint("operations", __name__, url_prefix="/api/operations", description="Operações")


class OperacaoSchema(ma.Schema):
    """A question that an agent answers; it changes nothing."""

    name = ma.fields.String(metadata={"example": "sentimento.analisar"})
    agente = ma.fields.String()
    descricao = ma.fields.String()
    entrada = ma.fields.Dict(metadata={"description": "JSON Schema do pedido"})
    saida = ma.fields.Dict(metadata={"description": "JSON Schema da resposta"})


class OperacaoPaginaSchema(PaginaSchema):
    """A page of the operations of the account's active agents."""

    itens = ma.fields.List(ma.fields.Nested(OperacaoSchema))


OperacaoFiltroSchema = pagina(
    ("name", "agente"),
    "name",
    agente=ma.fields.String(metadata={"description": "Só as deste agente"}),
)
LISTA = Inventory(
    chave=lambda item: str(item["name"]),
    ordens={name: itemgetter(name) for name in ("name", "agente")},
    filtros={"agente": lambda item, wanted: bool(item["agente"] == wanted)},
)


class ArgumentosSchema(ma.Schema):
    """Any object: the operation's own schema judges it."""

    class Meta:
        unknown = ma.INCLUDE


@blp.get("")
@requires("agents:read")
@blp.arguments(OperacaoFiltroSchema, location="query")
@blp.response(200, OperacaoPaginaSchema)
def list_operations(filtro: dict[str, Any]) -> dict[str, Any]:
    """As operações dos agentes ativos: perguntas que eles respondem sem mudar nada."""
    found = services()
    with found.database.unit_of_work(principal().tenant_id) as uow:
        active = [
            agent
            for slug, agent in sorted(found.catalogue.admitted.items())
            if agent.manifest.operations
            and found.tenants.config(uow.connection, uow.tenant_id, slug) is not None
        ]
    shown = [
        {
            "name": operation.name,
            "agente": agent.slug,
            "descricao": operation.description,
            "entrada": dict(operation.input),
            "saida": dict(operation.output),
        }
        for agent in active
        for operation in agent.manifest.operations
    ]
    return LISTA.page(shown, filtro)


_RESPOSTA = json_object(
    "A resposta do agente, pelo esquema de saída da operação.",
    {"intent": "interest", "sentimento": "positivo", "intensidade": 40, "descadastro": "nao"},
)


@blp.post("/<string:operacao>")
@requires("operations:call")
@blp.arguments(ArgumentosSchema)
@blp.response(200, **_RESPOSTA)
def call_operation(corpo: dict[str, Any], operacao: str) -> Response:
    """Pergunta a um agente; o pedido e a resposta seguem os esquemas da operação."""
    try:
        found = services().hooks.operation(principal().tenant_id, operacao, corpo)
        return jsonify(dict(found))
    except OperationUnavailable as error:
        raise NotFound("Nenhum agente ativo oferece esta operação.") from error
    except InvalidPayload as error:
        raise InvalidPayload("O pedido ou a resposta não segue o esquema da operação.") from error
