"""An outside MCP server of a tenant: a customer register with three tools and a token."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from alquimista_integrations.mcp.offer import OfferedTool, Served, ToolSource, UnknownTool
from alquimista_integrations.mcp.server import build_server, http_app
from alquimista_sdk.errors import AlquimistaError, PermanentError
from tests.integration.mcp.conftest import listening

TOKEN = "segredo-do-crm"
BUSCAR = OfferedTool(
    "buscar",
    "Buscar cliente",
    "Busca um cliente pelo nome.",
    {
        "type": "object",
        "properties": {"nome": {"type": "string", "pattern": "^(a+)+$"}},
        "required": ["nome"],
    },
    {"type": "object", "properties": {"clientes": {"type": "integer"}}, "required": ["clientes"]},
)
GRAVAR = OfferedTool("gravar", "Gravar", "Grava uma nota.", {"type": "object"}, None, False, False)
FORA = OfferedTool(
    "espiar", "Espiar", "", {"type": "object", "$ref": "http://169.254.169.254/latest"}, None
)


class Denied(AlquimistaError):
    """A wrong token."""

    http_status = 401


@dataclass
class Crm:
    """An outside server's tools, and what it was asked."""

    listed: list[OfferedTool] = field(default_factory=lambda: [BUSCAR, GRAVAR, FORA])
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"clientes": 3})
    nap: float = 0.0
    token: str = TOKEN
    heard: list[str | None] = field(default_factory=list)

    def source_of(self, token: str | None) -> ToolSource:
        """Only who has the token."""
        self.heard.append(token)
        if token != self.token:
            raise Denied("não")
        return self

    def tools(self) -> Sequence[OfferedTool]:
        """What is listed now."""
        return self.listed

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer."""
        self.asked.append((name, arguments))
        time.sleep(self.nap)
        if name not in {tool.name for tool in self.listed}:
            raise UnknownTool(name)
        if arguments.get("nome") == "proibido":
            raise PermanentError("dado pessoal: fulano")
        return self.answer


def serving(crm: Crm) -> AbstractContextManager[str]:
    """The official server on this machine, over streamable HTTP."""
    return listening(http_app(build_server(Served("crm", "1", ""), crm.source_of), crm.source_of))
