"""Where the action under way comes from: the network address and the trace of a request.

The HTTP layer opens an origin for each request; every audit entry written meanwhile carries it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Origem:
    """``rede`` is the caller's network address as the server sees it."""

    rede: str | None = None
    trace_id: UUID | None = None


NENHUMA = Origem()
_CURRENT: ContextVar[Origem] = ContextVar("audit_origin", default=NENHUMA)


def current() -> Origem:
    """The origin that is open, or an empty one."""
    return _CURRENT.get()


def enter(origem: Origem) -> Token[Origem]:
    """Open an origin; ``leave`` takes the answer."""
    return _CURRENT.set(origem)


def leave(token: Token[Origem]) -> None:
    """Close what ``enter`` opened."""
    _CURRENT.reset(token)


@contextmanager
def origin(origem: Origem) -> Iterator[None]:
    """An origin for a block."""
    token = enter(origem)
    try:
        yield
    finally:
        leave(token)
