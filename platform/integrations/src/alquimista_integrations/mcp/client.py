"""Calling an MCP server that a user named: pinned to the checked address, bounded in time and size.

Synchronous, since agents are: each call opens a session of its own and closes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import x_mcp_header_map
from pydantic import TypeAdapter

from alquimista_integrations.egress.addresses import (
    Policy,
    Resolver,
    Target,
    resolve,
    system_resolver,
)
from alquimista_integrations.mcp.offer import OfferedTool
from alquimista_sdk.errors import AlquimistaError, PermanentError, TransientError

T = TypeVar("T")
_LARGEST = 2 * 1024 * 1024
_MOST_TOOLS = 200
_MOST_ROUNDS = 5
_ANSWER: TypeAdapter[types.CallToolResult | types.InputRequiredResult] = TypeAdapter(
    types.CallToolResult | types.InputRequiredResult
)


class ServidorRecusou(PermanentError):
    """The server answered that it will not; its words stay out of logs, they may hold anything."""

    code = "servidor_mcp_recusou"


class ServidorIndisponivel(TransientError):
    """No connection, a broken answer, or none in time."""

    code = "servidor_mcp_indisponivel"


class OutsideServer:
    """One server at a URL. ``deadline`` is seconds for a whole call, however slowly it drips."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        policy: Policy | None = None,
        *,
        deadline: float = 20.0,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._url = url
        self._token = token
        self._policy = policy or Policy()
        self._deadline = deadline
        self._resolver = resolver

    def tools(self) -> Sequence[OfferedTool]:
        """What the server lists, page by page.

        Raises:
            UrlNaoPermitida: the URL leads where it may not.
            ServidorIndisponivel: it does not answer.
            ServidorRecusou: it refuses, or lists too much.
        """

        async def work(client: Client) -> Sequence[OfferedTool]:
            return [_offered(tool) for tool in await _listed(client)]

        return self._run(work)

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        entrada: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Call a tool; an answer without structure is ``{"texto": …}``. Raises as ``tools``.

        ``entrada`` is the tool's input schema where it is known: arguments that it marks with
        ``x-mcp-header`` go along as headers (MCP 2026-07-28, "Custom Headers").
        """

        async def work(client: Client) -> Mapping[str, Any]:
            params = types.CallToolRequestParams(name=name, arguments=dict(arguments))
            if entrada is not None and x_mcp_header_map(entrada):
                await _listed(client)
            try:
                result = await _answered(client, params)
            except MCPError as error:
                if error.code != types.HEADER_MISMATCH:
                    raise
                await _listed(client)
                result = await _answered(client, params)
            if result.is_error:
                raise ServidorRecusou(f"{name}: a ferramenta recusou o pedido")
            if isinstance(result.structured_content, dict):
                return result.structured_content
            texts = [item.text for item in result.content if isinstance(item, types.TextContent)]
            return {"texto": "\n".join(texts)}

        return self._run(work)

    def _run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        transport = _Pinned(resolve(self._url, self._policy, self._resolver))

        async def main() -> T:
            headers = {"Accept-Encoding": "identity", "User-Agent": "Alquimista-MCP/1"}
            if self._token is not None:
                headers["Authorization"] = f"Bearer {self._token}"
            with anyio.fail_after(self._deadline):
                async with (
                    httpx2.AsyncClient(
                        transport=transport, headers=headers, timeout=self._deadline
                    ) as http,
                    Client(
                        streamable_http_client(self._url, http_client=http), cache=None
                    ) as client,
                ):
                    return await work(client)

        try:
            return anyio.run(main)
        except AlquimistaError:
            raise
        except Exception as error:
            if transport.unauthorized:
                raise ServidorRecusou("O servidor não aceitou o token.") from error
            raise _told(error) from error


async def _listed(client: Client) -> Sequence[types.Tool]:
    """All tools, page by page; the session notes which arguments their calls mirror as headers."""
    found: list[types.Tool] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        if len(found) > _MOST_TOOLS:
            raise ServidorRecusou("o servidor lista ferramentas demais")
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _answered(client: Client, params: types.CallToolRequestParams) -> types.CallToolResult:
    """The end of a call that may take rounds (MCP 2026-07-28, "Multi Round-Trip Requests").

    Not ``client.call_tool``: it lists the tools once more and validates the answer by the schema
    that a stranger wrote, expressions included. The registry validates.
    """
    for _ in range(_MOST_ROUNDS):
        request = types.CallToolRequest(params=params)
        result = await client.session.send_request(request, _ANSWER)
        if isinstance(result, types.CallToolResult):
            return result
        if result.input_requests:
            raise ServidorRecusou("a ferramenta pede algo que só uma pessoa pode responder")
        params = params.model_copy(update={"request_state": result.request_state})
    raise ServidorRecusou("a ferramenta não termina")


def _told(error: BaseException) -> Exception:
    """What an error of the SDK or of the network means to us."""
    found = list(_leaves(error))
    for leaf in found:
        if isinstance(leaf, AlquimistaError):
            return leaf
    for leaf in found:
        refused = isinstance(leaf, MCPError) and leaf.code not in (
            types.CONNECTION_CLOSED,
            types.REQUEST_TIMEOUT,
            types.INTERNAL_ERROR,
        )
        if refused:
            return ServidorRecusou("o servidor recusou o pedido")
    return ServidorIndisponivel("o servidor não respondeu como se espera")


def _leaves(error: BaseException) -> Sequence[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


class _Pinned(httpx2.AsyncBaseTransport):
    """Connects to the address that was checked; the certificate must be the host's."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.unauthorized = False
        """Whether the last answer said so: the SDK tells every refusal of HTTP alike."""
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises ``ConnectError`` for any other host than the checked one."""
        target, url = self._target, request.url
        port = url.port or {"https": 443, "http": 80}.get(url.scheme)
        if (url.scheme, url.host, port) != (target.scheme, target.host, target.port):
            raise httpx2.ConnectError("another host than the one that was checked")
        pinned = httpx2.Request(
            request.method,
            url.copy_with(host=target.address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": target.host},
        )
        response = await self._inner.handle_async_request(pinned)
        self.unauthorized = response.status_code in (401, 403)
        if "content-encoding" in response.headers:
            await response.aclose()
            raise httpx2.DecodingError("a compressed answer was not asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """At most so many bytes of an answer are read."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._inner:
            read += len(chunk)
            if read > _LARGEST:
                raise httpx2.ReadError("the answer is too large")
            yield chunk

    async def aclose(self) -> None:
        """Close the stream."""
        await self._inner.aclose()


def _offered(tool: types.Tool) -> OfferedTool:
    hints = tool.annotations
    reads = bool(hints and hints.read_only_hint)
    return OfferedTool(
        tool.name,
        tool.title or tool.name,
        tool.description or "",
        tool.input_schema,
        tool.output_schema,
        reads,
        reads or bool(hints and hints.idempotent_hint),
    )
