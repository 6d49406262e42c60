"""What is offered over MCP; knows nothing of the SDK, so it costs nothing to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alquimista_sdk.errors import PermanentError


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """One tool as it is listed: ``entrada`` and ``saida`` are JSON Schemas of objects.

    ``repeatable``: calling it again with the same arguments changes nothing more.
    """

    name: str
    titulo: str
    descricao: str
    entrada: Mapping[str, Any]
    saida: Mapping[str, Any] | None = None
    reads_only: bool = True
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Served:
    """How a server introduces itself; ``instrucoes`` is what an assistant reads first."""

    name: str
    version: str
    instrucoes: str


class UnknownTool(PermanentError):
    """The caller has no tool of that name."""

    code = "ferramenta_desconhecida"


class ToolSource(Protocol):
    """The tools of one caller."""

    def tools(self) -> Sequence[OfferedTool]:
        """What this caller may call, in the order shown. Raises ``AlquimistaError``."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool. Raises ``UnknownTool``, or an ``AlquimistaError`` told as it is."""


SourceOf = Callable[[str | None], ToolSource]
"""Bearer credential of a request (None over stdio) → the caller's tools.

Raises ``AlquimistaError`` where the credential is not accepted.
"""
