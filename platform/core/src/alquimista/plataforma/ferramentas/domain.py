"""Outside tools as ours: their names, and which of them are taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from alquimista_sdk.errors import PermanentError

PREFIXO = "mcp:"
NOME = r"^[a-z][a-z0-9_]{1,29}$"
POR_SERVIDOR = 50
_FERRAMENTA = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_TITULO, _DESCRICAO = 120, 1_000
QUALQUER: Mapping[str, Any] = {"type": "object"}


def tool_name(servidor: str, ferramenta: str) -> str:
    """The name that agents call and that a scope ``tools:<name>`` opens."""
    return f"{PREFIXO}{servidor}.{ferramenta}"


def taken(
    listed: Iterable[Mapping[str, Any]], harmless: Callable[[Any], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is kept of each listed tool; ``erro`` says why one cannot be called.

    ``harmless`` makes a stranger's schema safe, or raises ``PermanentError``.
    """
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for tool in listed:
        name = str(tool["nome"])
        kept: dict[str, Any] = {
            "nome": name[:64],
            "titulo": str(tool["titulo"])[:_TITULO],
            "descricao": str(tool["descricao"])[:_DESCRICAO],
            "repetivel": bool(tool["repetivel"]),
            "erro": None,
        }
        try:
            if not _FERRAMENTA.match(name) or name in seen:
                raise PermanentError("o nome não é aceito ou se repete")
            if len(found) >= POR_SERVIDOR:
                raise PermanentError(f"um servidor tem no máximo {POR_SERVIDOR} ferramentas")
            kept["entrada"] = dict(harmless(tool["entrada"]))
            kept["saida"] = dict(harmless(tool["saida"]) if tool["saida"] else QUALQUER)
        except PermanentError as error:
            kept["erro"] = str(error)
        seen.add(name)
        found.append(kept)
    return found


def callable_now(tool: Mapping[str, Any], permitidas: list[str] | None) -> bool:
    """Whether a listed tool exists under a scope: it has no fault, and the account let it."""
    return not tool["erro"] and (permitidas is None or tool["nome"] in permitidas)


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs lead to one server (RFC 6454): a token of one may go to the other."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
