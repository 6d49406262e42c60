"""The account's tools as an MCP server: over stdio, and over streamable HTTP, a key per call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from alquimista.assistant.serving import account_tools, local, served
from alquimista.tools.catalogue import build_registry
from alquimista.tools.contracts import CONTRACTS
from alquimista.tools.offer import DESCRICOES
from alquimista_integrations.mcp.offer import SourceOf
from alquimista_integrations.mcp.server import build_server, http_app
from tests.integration.api.world import another_tenant, audited
from tests.integration.conftest import Way
from tests.integration.mcp.conftest import key, listening

Process = Callable[..., StdioServerParameters]
VAGA = {
    "calendario_id": "equipe",
    "inicio": "2026-12-01T12:00:00+00:00",
    "fim": "2026-12-01T13:00:00+00:00",
}
EVENTO = {**VAGA, "event_id": "reuniao00001", "resumo": "Conversa"}


def served_over_http(source_of: SourceOf, *, tools: bool) -> AbstractContextManager[str]:
    """A real HTTP server on this machine."""
    return listening(http_app(build_server(served(tools=tools), source_of), source_of))


def over_http(
    url: str, chave: str, *calls: tuple[str, dict[str, Any]]
) -> tuple[set[str], list[Any]]:
    """One session of the official client with a key."""

    async def main() -> tuple[set[str], list[Any]]:
        headers = {"Authorization": f"Bearer {chave}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            listed = (await client.list_tools()).tools
            made = [await client.call_tool(name, given) for name, given in calls]
            return {tool.name for tool in listed}, made

    return anyio.run(main)


def test_every_tool_of_ours_has_a_title_and_a_description() -> None:
    assert set(DESCRICOES) == set(CONTRACTS)


def test_over_stdio_every_tool_is_listed_with_its_schemas_and_answers(
    mundo: Way, process: Process
) -> None:
    async def main() -> tuple[list[Any], list[Any]]:
        parameters = process(key(mundo, "tools:call"), "--ferramentas")
        async with Client(parameters, read_timeout_seconds=60) as client:
            listed = (await client.list_tools()).tools
            calls = [
                await client.call_tool("enrichment.company", {"empresa": "Cabos Litoral"}),
                await client.call_tool("calendar.create_event", EVENTO),
                await client.call_tool("calendar.availability", VAGA),
                await client.call_tool("calendar.availability", {"calendario_id": "equipe"}),
            ]
            return list(listed), calls

    listed, (company, created, busy, wrong) = anyio.run(main)
    assert {tool.name: tool.input_schema for tool in listed} == {
        name: contract.input.schema for name, contract in CONTRACTS.items()
    }
    assert {tool.name: tool.output_schema for tool in listed} == {
        name: contract.output.schema for name, contract in CONTRACTS.items()
    }
    changing = {tool.name for tool in listed if not tool.annotations.read_only_hint}
    assert changing == {"calendar.create_event", "calendar.cancel_event"}
    assert company.structured_content["sandbox"] is True
    assert created.structured_content["criado"] is True
    assert len(busy.structured_content["ocupados"]) == 1
    assert wrong.is_error and "required" in wrong.content[0].text


def test_over_http_each_request_is_its_own_keys_account(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Outra agenda")
    evento = {**EVENTO, "event_id": "reuniao00002", "calendario_id": "vendas"}
    vendas = {**VAGA, "calendario_id": "vendas"}
    before = len(audited(mundo, "ferramenta.chamada"))
    with served_over_http(account_tools(mundo.system), tools=True) as url:
        names, (created, mine) = over_http(
            url,
            key(mundo, "tools:call"),
            ("calendar.create_event", evento),
            ("calendar.availability", vendas),
        )
        _, (theirs,) = over_http(url, key(other, "tools:call"), ("calendar.availability", vendas))
    assert names == set(CONTRACTS)
    assert created.structured_content["criado"] is True
    assert len(mine.structured_content["ocupados"]) == 1
    assert theirs.structured_content["ocupados"] == []
    made = audited(mundo, "ferramenta.chamada")[before:]
    assert [row.detalhes["ferramenta"] for row in made] == [
        "calendar.create_event",
        "calendar.availability",
    ]
    assert {row.ator_tipo for row in made} == {"chave"}


def test_the_read_models_are_served_over_http_too(mundo: Way) -> None:
    with served_over_http(local(mundo.system), tools=False) as url:
        names, (leads,) = over_http(url, key(mundo, "leads:read"), ("leads_listar", {}))
    assert names == {"conta", "leads_listar", "leads_responderam_hoje", "lead_ver"}
    assert len(leads.structured_content["itens"]) == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer alq_errada"}, 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"Authorization": "Bearer {valid}", "Host": "mau.example.com"}, 421),
        ({"Authorization": "Bearer {valid}", "Origin": "https://mau.example.com"}, 403),
        ({"Authorization": "Bearer {without}"}, 403),
    ],
    ids=["nobody", "wrong-key", "basic", "other-host", "other-origin", "no-scope"],
)
def test_http_refuses_before_anything_is_read(
    mundo: Way, headers: dict[str, str], status: int
) -> None:
    keys = {"valid": key(mundo, "tools:call"), "without": key(mundo, "leads:read")}
    sent = {name: value.format(**keys) for name, value in headers.items()}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    with served_over_http(account_tools(mundo.system), tools=True) as url:
        accept = {"Accept": "application/json, text/event-stream"}
        response = httpx2.post(url, json=body, headers={**accept, **sent})
    assert response.status_code == status
    assert "enrichment" not in response.text


def test_production_has_no_twin_to_offer(mundo: Way) -> None:
    real = another_tenant(mundo.system, "De verdade", sandbox=False)
    with real.uow() as uow:
        tenant = real.system.services.tenants.facts(uow)
    registry = build_registry(tenant, real.system.database, real.system.settings)
    with served_over_http(account_tools(real.system), tools=True) as url:
        names, _ = over_http(url, key(real, "tools:call"))
    assert names == set(registry.names) < set(CONTRACTS)
