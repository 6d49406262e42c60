"""Endpoints of outside MCP servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import Row

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import match, same, tag
from alquimista.plataforma.ferramentas import service
from alquimista.plataforma.ferramentas.domain import callable_now, tool_name
from alquimista.plataforma.ferramentas.schemas import (
    SERVIDOR_ORDENS,
    NovoServidorMcpSchema,
    ServidorMcpEdicaoSchema,
    ServidorMcpFiltroSchema,
    ServidorMcpPaginaSchema,
    ServidorMcpSchema,
    TesteMcpSchema,
)
from alquimista.plataforma.ferramentas.service import SERVIDORES
from alquimista_sdk.errors import PermanentError

blp = Blueprint(
    "servidores_mcp", __name__, url_prefix="/api/servidores-mcp", description="Ferramentas"
)
LISTA = Listing(
    table=SERVIDORES,
    ordens={name: SERVIDORES.c[name] for name in SERVIDOR_ORDENS},
    padrao="nome",
)


@blp.get("")
@requires("tools:read")
@blp.arguments(ServidorMcpFiltroSchema, location="query")
@blp.response(200, ServidorMcpPaginaSchema)
def list_servidores(filtro: dict[str, Any]) -> dict[str, Any]:
    """Os servidores MCP que a conta registrou, com as suas ferramentas."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return LISTA.page(uow, filtro).body(_shown)


@blp.post("")
@requires("tools:write")
@blp.arguments(NovoServidorMcpSchema)
@blp.response(201, ServidorMcpSchema)
def create_servidor(corpo: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Registra um servidor MCP; as ferramentas dele passam a existir sob escopos."""
    found, token = services().servidores, corpo.get("token")
    tools = found.discover(corpo["url"], token)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        servidor_id = found.create(uow, corpo["nome"], corpo["url"], token, tools, principal().ator)
        row = service.find(uow, servidor_id)
    location = url_for("servidores_mcp.get_servidor", servidor_id=servidor_id)
    return _shown(row), 201, {"Location": location}


@blp.get("/<uuid:servidor_id>")
@requires("tools:read")
@blp.response(200, ServidorMcpSchema)
def get_servidor(servidor_id: UUID) -> dict[str, Any]:
    """Um servidor MCP."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.find(uow, servidor_id)
    tag(row.versao)
    return _shown(row)


@blp.patch("/<uuid:servidor_id>")
@requires("tools:write")
@blp.arguments(ServidorMcpEdicaoSchema)
@blp.response(200, ServidorMcpSchema)
def edit_servidor(corpo: dict[str, Any], servidor_id: UUID) -> dict[str, Any]:
    """Muda nome, endereço, token, ferramentas permitidas, ou liga e desliga o servidor."""
    found = services().servidores
    with services().database.unit_of_work(principal().tenant_id) as uow:
        seen = service.find(uow, servidor_id)
        match(seen.versao)
    tools = found.discover_changed(seen, corpo)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        locked = service.find(uow, servidor_id, lock=True)
        same(seen.versao, locked.versao)
        found.edit(uow, locked, corpo, tools, principal().ator)
        row = service.find(uow, servidor_id)
    tag(row.versao)
    return _shown(row)


@blp.post("/<uuid:servidor_id>/testar")
@requires("tools:write")
@blp.response(200, TesteMcpSchema)
def check_servidor(servidor_id: UUID) -> dict[str, Any]:
    """Pergunta agora ao servidor o que ele tem e diz se respondeu; nada muda."""
    found = services().servidores
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.find(uow, servidor_id)
    began, tools, mensagem = perf_counter(), [], ""
    try:
        tools = found.discover(row.url, found.token_of(row))
    except PermanentError as error:
        mensagem = str(error)
    took = round((perf_counter() - began) * 1000)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found.note_test(uow, servidor_id, not mensagem, principal().ator)
    return {
        "ok": not mensagem,
        "mensagem": mensagem or f"O servidor respondeu com {len(tools)} ferramentas.",
        "milissegundos": took,
        "ferramentas": _tools(row, tools),
    }


@blp.post("/<uuid:servidor_id>/atualizar")
@requires("tools:write")
@blp.response(200, ServidorMcpSchema)
def renew_servidor(servidor_id: UUID) -> dict[str, Any]:
    """Pergunta de novo ao servidor quais ferramentas ele tem."""
    found = services().servidores
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.find(uow, servidor_id)
    tools = found.discover(row.url, found.token_of(row))
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found.renew(uow, servidor_id, tools, principal().ator)
        row = service.find(uow, servidor_id)
    tag(row.versao)
    return _shown(row)


@blp.delete("/<uuid:servidor_id>")
@requires("tools:write")
@blp.response(204)
def delete_servidor(servidor_id: UUID) -> None:
    """Remove o servidor; as ferramentas dele deixam de existir."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        services().servidores.remove(uow, servidor_id, principal().ator)


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        **row._mapping,
        "com_token": row.segredo is not None,
        "ferramentas": _tools(row, row.ferramentas),
    }


def _tools(row: Row[Any], listed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **tool,
            "escopo": f"tools:{tool_name(row.nome, tool['nome'])}"
            if callable_now(tool, row.permitidas)
            else None,
        }
        for tool in listed
    ]
