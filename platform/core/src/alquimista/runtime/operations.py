"""Operations: read-only request/response calls between agents, by capability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from alquimista.runtime.admission import AdmittedAgent, Catalogue
from alquimista.runtime.context import RuntimeContext
from alquimista.runtime.run import Run
from alquimista_sdk.errors import DepthExceeded, InvalidPayload, OperationUnavailable

MAX_DEPTH = 3
ActiveConfig = Callable[[Run, str], Mapping[str, Any] | None]
MakeContext = Callable[[Run], RuntimeContext]


class OperationCaller:
    """Finds who offers a capability, checks depth, activation and both schemas."""

    def __init__(
        self, catalogue: Catalogue, active_config: ActiveConfig, make_context: MakeContext
    ) -> None:
        self._catalogue = catalogue
        self._active_config = active_config
        self._make_context = make_context
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}

    def call(self, run: Run, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation with the callee's own scopes and the caller's deadline.

        Raises:
            DepthExceeded: operations called operations more than three levels deep.
            OperationUnavailable: no agent active for the tenant offers it.
            InvalidPayload: input or output breaks its schema.
        """
        if run.depth >= MAX_DEPTH:
            raise DepthExceeded(f"{name}: operations nest deeper than {MAX_DEPTH}")
        agent = self._catalogue.offering(name)
        config = self._active_config(run, agent.slug) if agent is not None else None
        if agent is None or config is None:
            raise OperationUnavailable(f"no active agent offers {name}")
        self._validate(agent, name, "input", payload)
        callee = replace(
            run,
            manifest=agent.manifest,
            config=config,
            depth=run.depth + 1,
            read_only=True,
            writes=[],
            seen={},
        )
        hook = agent.hooks.get("agent_invoke")
        answer = (
            hook(operation=name, payload=payload, context=self._make_context(callee))
            if hook is not None
            else None
        )
        run.check_deadline()
        if answer is None:
            raise OperationUnavailable(f"{agent.slug} declares {name} but does not answer it")
        self._validate(agent, name, "output", answer)
        result: Mapping[str, Any] = answer
        return result

    def _validate(self, agent: AdmittedAgent, name: str, side: str, value: Any) -> None:
        key = (name, side)
        if key not in self._validators:
            operation = agent.manifest.operation(name)
            assert operation is not None
            schema = operation.input if side == "input" else operation.output
            self._validators[key] = Draft202012Validator(schema)
        error = best_match(self._validators[key].iter_errors(value))
        if error is not None:
            raise InvalidPayload(f"{name} {side} at {error.json_path}: {error.validator}")


class RunOperations:
    """``context.operations`` of one run."""

    def __init__(self, run: Run, caller: OperationCaller) -> None:
        self._run = run
        self._caller = caller

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation of another agent."""
        return self._caller.call(self._run, name, payload)
