"""Calling tools: both schemas, three attempts, unknown names."""

from __future__ import annotations

from typing import Any

import pytest

from alquimista.tools.contracts import CONTRACTS
from alquimista.tools.registry import Tool, ToolRegistry, ToolUnavailable
from alquimista_sdk.errors import InvalidPayload, PermanentError, TransientError

CANCEL = {"calendario_id": "principal", "event_id": "abcde"}


class Service:
    """Fails as often as told, then answers."""

    def __init__(self, failures: list[Exception], answer: dict[str, Any]) -> None:
        self.calls: list[dict[str, Any]] = []
        self._failures = failures
        self._answer = answer

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(payload)
        if self._failures:
            raise self._failures.pop(0)
        return self._answer


def registry(service: Service, slept: list[float]) -> ToolRegistry:
    """One tool, whose waiting is only written down."""
    return ToolRegistry([Tool(CONTRACTS["calendar.cancel_event"], service)], slept.append)


def test_an_answer_comes_back_as_it_is() -> None:
    slept: list[float] = []
    service = Service([], {"cancelado": True, "sandbox": True})
    found = registry(service, slept).call("calendar.cancel_event", CANCEL)
    assert found == {"cancelado": True, "sandbox": True}
    assert (service.calls, slept) == ([CANCEL], [])


def test_a_transient_failure_is_tried_three_times_with_growing_pauses() -> None:
    slept: list[float] = []
    service = Service([TransientError("a")] * 2, {"cancelado": True, "sandbox": True})
    registry(service, slept).call("calendar.cancel_event", CANCEL)
    assert (len(service.calls), slept) == (3, [2.0, 4.0])


def test_the_third_failure_is_the_callers() -> None:
    slept: list[float] = []
    service = Service([TransientError("a"), TransientError("b"), TransientError("c")], {})
    with pytest.raises(TransientError, match="c"):
        registry(service, slept).call("calendar.cancel_event", CANCEL)
    assert (len(service.calls), slept) == (3, [2.0, 4.0])


def test_a_permanent_failure_is_tried_once() -> None:
    slept: list[float] = []
    service = Service([PermanentError("x")], {})
    with pytest.raises(PermanentError):
        registry(service, slept).call("calendar.cancel_event", CANCEL)
    assert (len(service.calls), slept) == (1, [])


@pytest.mark.parametrize(
    "payload",
    [{}, {"calendario_id": "principal"}, {**CANCEL, "event_id": 7}, {**CANCEL, "extra": 1}],
)
def test_a_wrong_input_never_reaches_the_service(payload: dict[str, Any]) -> None:
    service = Service([], {"cancelado": True, "sandbox": True})
    with pytest.raises(InvalidPayload, match="entrada"):
        registry(service, []).call("calendar.cancel_event", payload)
    assert service.calls == []


def test_a_wrong_output_never_reaches_the_agent_and_is_not_quoted() -> None:
    service = Service([], {"cancelado": "ana@cliente.example", "sandbox": True})
    with pytest.raises(InvalidPayload, match="saída") as caught:
        registry(service, []).call("calendar.cancel_event", CANCEL)
    assert "ana@" not in str(caught.value)


def test_an_unknown_tool_is_a_permanent_error_with_its_name() -> None:
    with pytest.raises(ToolUnavailable, match=r"calendar\.nada"):
        registry(Service([], {}), []).call("calendar.nada", {})
