"""What the conformance suite runs as a client: our caller of outside servers, at its address."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from alquimista_integrations.egress.addresses import Policy
from alquimista_integrations.mcp.client import OutsideServer
from alquimista_integrations.mcp.offer import OfferedTool

ECHO = "json_schema_echo"
FOCAL = "json_schema_2020_12_tool"
_MADE_UP: Mapping[Any, Any] = {"number": 1, "integer": 1, "boolean": True, "string": "x"}


def main(url: str, context: Mapping[str, Any]) -> None:
    """List what the server has, then make the calls that the suite asks for, or one of each."""
    server = OutsideServer(url, None, Policy(frozenset({"localhost", "127.0.0.1", "::1"})))
    tools = {tool.name: tool for tool in server.tools()}
    asked = [(call["name"], call["arguments"]) for call in context.get("toolCalls", ())]
    for name, arguments in asked or [(tool.name, made_up(tool, tools)) for tool in tools.values()]:
        server.call(name, arguments, tools[name].entrada)


def made_up(tool: OfferedTool, tools: Mapping[str, OfferedTool]) -> dict[str, Any]:
    """Arguments for a tool; the one that echoes gets the schema of another as we read it."""
    if tool.name == ECHO:
        return {"schema": tools[FOCAL].entrada}
    properties = tool.entrada.get("properties", {})
    return {name: _MADE_UP.get(found.get("type")) for name, found in properties.items()}


if __name__ == "__main__":
    main(sys.argv[-1], json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}")))
