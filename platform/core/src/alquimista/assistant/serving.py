"""Which tools the holder of a key gets, by where they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alquimista.assistant.account_tools import AccountTools
from alquimista.assistant.caller import ApiCaller, InProcess, Remote, check_address
from alquimista.assistant.tools import INSTRUCOES, ApiTools
from alquimista.http.errors import NaoAutenticado
from alquimista_integrations.mcp.offer import Served, SourceOf, ToolSource

if TYPE_CHECKING:
    from alquimista.bootstrap import System

_VERSION = "0.1.0"
_FERRAMENTAS = "As ferramentas que os agentes da conta usam: cadastro de empresas, agenda e texto."


def served(*, tools: bool) -> Served:
    """How the server introduces itself."""
    if tools:
        return Served("alquimista-ferramentas", _VERSION, _FERRAMENTAS)
    return Served("alquimista", _VERSION, INSTRUCOES)


def local(system: System) -> SourceOf:
    """Read models and operations, answered by this process's own API."""
    from alquimista.app import create_app

    app = create_app(system.services)
    return lambda key: _checked(InProcess(app, key))


def remote(url: str) -> SourceOf:
    """Read models and operations of the API at an address. Raises ``PermanentError``."""
    check_address(url)
    return lambda key: _checked(Remote(url, key))


def account_tools(system: System) -> SourceOf:
    """The registry of tools of the key's account."""

    def source_of(key: str | None) -> ToolSource:
        if not key:
            raise NaoAutenticado("Envie o cabeçalho Authorization: Bearer com sua chave.")
        return AccountTools(system, system.services.identity.authenticate_key(key))

    return source_of


def _checked(api: ApiCaller) -> ApiTools:
    """The key is asked about before anything else, so that a bad one is answered 401."""
    api.call("GET", "/api/me")
    return ApiTools(api)
