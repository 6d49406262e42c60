"""Tools: outside services by name, with both ends of each call checked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from alquimista_sdk.errors import InvalidPayload, PermanentError, TransientError
from fibonacci_bus.errors import BreakerOpen

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
_BACKOFF_BASE = 2.0


class ToolUnavailable(PermanentError):
    """There is no such tool, or nobody has configured its service for this tenant."""

    code = "ferramenta_indisponivel"


class ToolCutOff(TransientError):
    """The service behind the tool fails; it is not called until its breaker lets a probe by."""

    code = "ferramenta_interrompida"


Guard = Callable[[str], AbstractContextManager[None]]
"""Around each call of a tool, by name: what raises ``BreakerOpen`` where it is cut off."""


def unguarded(name: str) -> AbstractContextManager[None]:
    """No breaker: for tools that are answered inside this process."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class ToolContract:
    """Name and schemas of a tool.

    ``instead`` answers for a tool that changes the world, where it must not: replays without
    effects. A tool that only reads has none. ``attempts`` is 1 where the caller waits for a moment
    only and has an answer of its own.
    """

    name: str
    input: Draft202012Validator
    output: Draft202012Validator
    instead: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    titulo: str = ""
    descricao: str = ""
    attempts: int = MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool and who answers it."""

    contract: ToolContract
    call: Callable[[dict[str, Any]], dict[str, Any]]


class ToolRegistry:
    """The tools of one tenant. ``sleep`` takes seconds; ``guard`` is the tenant's breakers."""

    def __init__(
        self,
        tools: Iterable[Tool],
        sleep: Callable[[float], None] = time.sleep,
        guard: Guard = unguarded,
    ) -> None:
        self._tools = {tool.contract.name: tool for tool in tools}
        self._sleep = sleep
        self._guard = guard

    @property
    def names(self) -> tuple[str, ...]:
        """The tools that can be called, in order."""
        return tuple(sorted(self._tools))

    @property
    def contracts(self) -> tuple[ToolContract, ...]:
        """The contracts of the tools that can be called, by name."""
        return tuple(self._tools[name].contract for name in self.names)

    def call(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call a tool; a transient failure is tried again (three times, 2 and 4 seconds apart).

        Tools read or are idempotent, so a call whose outcome nobody knows may be repeated.

        Raises:
            ToolUnavailable: no such tool for this tenant.
            InvalidPayload: input or output breaks its schema.
            ToolCutOff: the service has failed again and again; it is not called for now.
            TransientError: the service failed each time.
            PermanentError: the service refused.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolUnavailable(f"A ferramenta {name} não está disponível.")
        _check(tool.contract.input, payload, f"{name}: entrada")
        answer = self._attempt(tool, payload)
        _check(tool.contract.output, answer, f"{name}: saída")
        return answer

    def without_effects(self, name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of a tool that must not change the world now; None where it only reads.

        Raises:
            ToolUnavailable: no such tool for this tenant.
            InvalidPayload: the input breaks its schema.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolUnavailable(f"A ferramenta {name} não está disponível.")
        if tool.contract.instead is None:
            return None
        _check(tool.contract.input, payload, f"{name}: entrada")
        return tool.contract.instead(payload)

    def _attempt(self, tool: Tool, payload: dict[str, Any]) -> dict[str, Any]:
        name = tool.contract.name
        attempt = 1
        while True:
            try:
                with self._guard(name):
                    return tool.call(payload)
            except BreakerOpen as error:
                raise ToolCutOff(f"{name}: serviço fora do ar, aguardando.") from error
            except TransientError as error:
                if attempt >= tool.contract.attempts:
                    raise
                logger.info(
                    "tool failed for now",
                    extra={"tool": name, "attempt": attempt, "error": str(error)},
                )
                self._sleep(_BACKOFF_BASE**attempt)
                attempt += 1


def _check(validator: Draft202012Validator, value: dict[str, Any], where: str) -> None:
    """The message names the path only: values may be personal data."""
    try:
        error = best_match(validator.iter_errors(value))
    except RecursionError as endless:
        raise InvalidPayload(f"{where}: o esquema não termina") from endless
    if error is not None:
        path = ".".join(str(step) for step in error.absolute_path) or "(raiz)"
        raise InvalidPayload(f"{where}: {path} não cumpre a regra {error.validator}")
