"""The one wrapper that serves a ``ToolSource`` as an MCP server, over stdio or streamable HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError

from alquimista_integrations.mcp.offer import OfferedTool, Served, SourceOf, ToolSource, UnknownTool
from alquimista_sdk.errors import AlquimistaError

logger = logging.getLogger(__name__)
PATH = "/mcp"
_SOURCE = "alquimista.tool_source"
_LOCAL = ("127.0.0.1:*", "localhost:*", "[::1]:*")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Context = ServerRequestContext[Any, Any]


def build_server(served: Served, source_of: SourceOf) -> Server[Any]:
    """An MCP server of a source's tools; each request is answered as its own caller."""

    async def list_tools(
        ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        try:
            source = await _source(ctx, source_of)
            found = await anyio.to_thread.run_sync(source.tools)
        except AlquimistaError as error:
            raise MCPError(code=types.INVALID_REQUEST, message=str(error)) from error
        return types.ListToolsResult(tools=[_listed(tool) for tool in found])

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            source = await _source(ctx, source_of)
            return await anyio.to_thread.run_sync(_call, source, params)
        except AlquimistaError as error:
            return _told(str(error))

    return Server(
        served.name,
        version=served.version,
        instructions=served.instrucoes,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_stdio(server: Server[Any]) -> None:
    """Serve this process's standard input and output until the input ends."""

    async def main() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(main)


def http_app(server: Server[Any], source_of: SourceOf, hosts: tuple[str, ...] = ()) -> App:
    """The server as an ASGI app at ``/mcp``; every request brings its own bearer credential.

    No session is kept. ``hosts`` are names besides this machine's own that a request may be sent
    to (MCP specification, "DNS rebinding").
    """
    allowed = [*_LOCAL, *hosts]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=allowed,
            allowed_origins=[f"{scheme}://{host}" for host in allowed for scheme in _SCHEMES],
        ),
    )
    return _Authenticated(app, source_of)


_SCHEMES = ("http", "https")


def serve_http(app: App, host: str, port: int) -> None:
    """Serve an app until the process is told to stop."""
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


class _Authenticated:
    """Answers 401 before anything of MCP is read; the accepted caller's tools go along."""

    def __init__(self, app: App, source_of: SourceOf) -> None:
        self._app = app
        self._source_of = source_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            scheme, _, credential = (
                headers.get(b"authorization", b"").decode("latin-1").partition(" ")
            )
            known = credential.strip() if scheme.lower() == "bearer" else ""
            try:
                scope[_SOURCE] = await anyio.to_thread.run_sync(self._source_of, known or None)
            except AlquimistaError as error:
                await _refuse(send, int(getattr(error, "http_status", 400)), str(error))
                return
        await self._app(scope, receive, send)


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}, ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b"Bearer"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _source(ctx: Context, source_of: SourceOf) -> ToolSource:
    if ctx.request is not None:
        found: ToolSource = ctx.request.scope[_SOURCE]
        return found
    return await anyio.to_thread.run_sync(source_of, None)


def _call(source: ToolSource, params: types.CallToolRequestParams) -> types.CallToolResult:
    """In a thread of its own: sources are synchronous."""
    try:
        answer = dict(source.call(params.name, params.arguments or {}))
    except UnknownTool as error:
        raise MCPError(code=types.INVALID_PARAMS, message=f"unknown tool: {params.name}") from error
    except AlquimistaError:
        raise
    except Exception:
        logger.exception("tool failed", extra={"tool": params.name})
        return _told("A ferramenta falhou. Tente de novo mais tarde.")
    text = json.dumps(answer, ensure_ascii=False, default=str)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], structured_content=json.loads(text)
    )


def _told(message: str) -> types.CallToolResult:
    """An error that the assistant reads (MCP specification, "Tool Execution Errors")."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=message)], is_error=True
    )


def _listed(tool: OfferedTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.titulo,
        description=tool.descricao,
        input_schema=dict(tool.entrada),
        output_schema=dict(tool.saida) if tool.saida is not None else None,
        annotations=types.ToolAnnotations(
            title=tool.titulo,
            read_only_hint=tool.reads_only,
            destructive_hint=False if tool.reads_only else None,
            idempotent_hint=tool.repeatable,
        ),
    )
