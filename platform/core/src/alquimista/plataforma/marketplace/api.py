"""Endpoints of the marketplace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.inventory import Inventory
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.plataforma.marketplace import service
from alquimista.plataforma.marketplace.activation import Activations
from alquimista.plataforma.marketplace.schemas import (
    AgenteDetalheSchema,
    AgenteFiltroSchema,
    AgentePaginaSchema,
    AtivarSchema,
)
from alquimista.plataforma.marketplace.service import AgenteNoCatalogo

blp = Blueprint("agents", __name__, url_prefix="/api/agents", description="Agentes")
LISTA = Inventory(
    chave=lambda item: str(item["slug"]),
    ordens={
        "id": lambda item: str(item["slug"]),
        "titulo": lambda item: str(item["titulo"]).casefold(),
    },
    filtros={
        "ativo": lambda item, wanted: item["ativo"] is wanted,
        "categoria": lambda item, wanted: bool(item["categoria"] == wanted),
        "status": lambda item, wanted: bool(item["status"] == wanted),
    },
)


@blp.get("")
@requires("agents:read")
@blp.arguments(AgenteFiltroSchema, location="query")
@blp.response(200, AgentePaginaSchema)
def list_agents(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista os agentes instalados, inclusive os recusados com o seu erro."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found = [_shown(agent) for agent in service.list_agents(uow, services().catalogue)]
    return LISTA.page(found, filtro)


@blp.get("/<string:agent_id>")
@requires("agents:read")
@blp.response(200, AgenteDetalheSchema)
def get_agent(agent_id: str) -> dict[str, Any]:
    """Um agente: o que faz, o que pede, como se configura."""
    return _detail(principal().tenant_id, agent_id)


@blp.post("/<string:agent_id>/activate")
@requires("agents:write")
@takes_if_match
@blp.arguments(AtivarSchema, required=False)
@blp.response(200, AgenteDetalheSchema)
def activate_agent(corpo: dict[str, Any], agent_id: str) -> dict[str, Any]:
    """Ativa o agente para a conta, ou muda a sua configuração."""
    caller = principal()
    _activations().activate(caller.tenant_id, agent_id, corpo.get("config"), caller.ator, match)
    return _detail(principal().tenant_id, agent_id)


@blp.post("/<string:agent_id>/deactivate")
@requires("agents:write")
@takes_if_match
@blp.response(200, AgenteDetalheSchema)
def deactivate_agent(agent_id: str) -> dict[str, Any]:
    """Desativa o agente; a configuração e a memória dele ficam guardadas."""
    _activations().deactivate(principal().tenant_id, agent_id, principal().ator, match)
    return _detail(principal().tenant_id, agent_id)


def _activations() -> Activations:
    found = services()
    return Activations(found.database, found.ports, found.catalogue, found.hooks)


def _detail(tenant_id: UUID, agent_id: str) -> dict[str, Any]:
    with services().database.unit_of_work(tenant_id) as uow:
        found = service.get_agent(uow, services().catalogue, agent_id)
    tag(found.revisao)
    return _shown(found)


def _shown(agent: AgenteNoCatalogo) -> dict[str, Any]:
    manifest = agent.manifesto
    return {
        "slug": agent.slug,
        "titulo": agent.titulo,
        "descricao": manifest.get("description", ""),
        "categoria": manifest.get("category", ""),
        "editor": manifest.get("publisher", ""),
        "versao": agent.versao,
        "status": agent.status,
        "erro": agent.erro,
        "suspenso": agent.suspenso,
        "ativo": agent.ativo,
        "versao_ativa": agent.versao_ativa,
        "escopos": manifest.get("scopes", []),
        "eventos": manifest.get("publishes", []),
        "agendas": manifest.get("schedules", []),
        "operacoes": [item["name"] for item in manifest.get("operations", [])],
        "config_schema": manifest.get("config_schema", {}),
        "config": agent.config,
        "cards": manifest.get("cards", []),
    }
