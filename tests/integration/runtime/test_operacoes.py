"""Operations: read-only, by capability, at most three deep, both ends checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from alquimista_sdk.errors import (
    DepthExceeded,
    InvalidPayload,
    OperationUnavailable,
    PermanentError,
    ScopeDenied,
)
from alquimista_sdk.manifest import Operation
from alquimista_sdk.models import LeadChanges
from tests.integration.runtime.brinquedo import ANY, Brinquedo, Oficina
from tests.integration.runtime.conftest import Abrir

NUMBER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


def offering(name: str, invoke: Any, schema: Mapping[str, Any] = ANY, **more: Any) -> Brinquedo:
    """A toy that offers ``<name>.faz``."""
    operation = Operation(f"{name}.faz", "Um teste.", schema, schema)
    return Brinquedo(name, operations=(operation,), invoke=invoke, **more)


def asking(name: str, payload: Mapping[str, Any], outcome: list[Any]) -> Brinquedo:
    """A toy that calls ``<name>.faz`` when told to, and keeps what came of it."""

    def handle(event: Any, context: Any) -> None:
        try:
            outcome.append(context.operations.call(f"{name}.faz", payload))
        except PermanentError as error:
            outcome.append(error)

    return Brinquedo("pede", handle=handle, extra_scopes=(f"operations:{name}.faz",))


def outcome_of(oficina: Oficina, asker: Brinquedo, outcome: list[Any]) -> Any:
    """What the asker got."""
    oficina.pede(asker)
    oficina.roda(asker)
    assert oficina.mortas() == []
    return outcome[-1]


def test_the_callee_answers_with_its_own_scopes_and_configuration(abrir: Abrir) -> None:
    outcome: list[Any] = []

    def invoke(operation: str, payload: Any, context: Any) -> Any:
        with pytest.raises(ScopeDenied):
            context.agendamentos.open_proposal(oficina.tenant_id)
        return {"n": payload["n"] + 1}

    callee = offering("soma", invoke, NUMBER, scopes=frozenset({"leads:read"}))
    asker = asking("soma", {"n": 41}, outcome)
    oficina = abrir(callee, asker)
    assert outcome_of(oficina, asker, outcome) == {"n": 42}


def test_an_operation_writes_nothing(abrir: Abrir) -> None:
    outcome: list[Any] = []

    def invoke(operation: str, payload: Any, context: Any) -> Any:
        lead = context.leads.get(lead_id)
        for write in (
            lambda: context.leads.update(lead.id, LeadChanges(setor="x")),
            lambda: context.state.put("a", {}),
            lambda: context.events.publish("feito", None, decision=""),
            lambda: context.agendamentos.take(lead.id, None),
        ):
            with pytest.raises(ScopeDenied, match="read-only"):
                write()
        return {}

    callee, asker = offering("le", invoke), asking("le", {}, outcome)
    oficina = abrir(callee, asker)
    lead_id = oficina.lead()
    assert outcome_of(oficina, asker, outcome) == {}


@pytest.mark.parametrize(
    ("payload", "answer", "where"),
    [({"n": "um"}, {"n": 1}, "input"), ({"n": 1}, {"m": 1}, "output"), ({}, {"n": 1}, "input")],
)
def test_both_ends_keep_their_schema(
    abrir: Abrir, payload: dict[str, Any], answer: dict[str, Any], where: str
) -> None:
    outcome: list[Any] = []
    called: list[Any] = []

    def invoke(operation: str, payload: Any, context: Any) -> Any:
        called.append(payload)
        return answer

    callee, asker = offering("soma", invoke, NUMBER), asking("soma", payload, outcome)
    error = outcome_of(abrir(callee, asker), asker, outcome)
    assert isinstance(error, InvalidPayload)
    assert where in str(error)
    assert len(called) == (0 if where == "input" else 1)


def test_operations_nest_three_deep_and_no_deeper(abrir: Abrir) -> None:
    outcome: list[Any] = []
    depths: list[int] = []

    def invoke(operation: str, payload: Any, context: Any) -> Any:
        depths.append(payload["n"])
        try:
            context.operations.call("eco.faz", {"n": payload["n"] + 1})
        except DepthExceeded:
            return {"n": payload["n"]}
        return {"n": payload["n"]}

    callee = offering("eco", invoke, NUMBER, extra_scopes=("operations:eco.faz",))
    asker = asking("eco", {"n": 1}, outcome)
    assert outcome_of(abrir(callee, asker), asker, outcome) == {"n": 1}
    assert depths == [1, 2, 3]


def test_nobody_active_offers_it(abrir: Abrir) -> None:
    outcome: list[Any] = []
    callee, asker = offering("soma", lambda *_: {}), asking("soma", {}, outcome)
    oficina = abrir(callee, asker, ativos=(asker,))
    assert isinstance(outcome_of(oficina, asker, outcome), OperationUnavailable)
    oficina.ativa(callee)
    assert outcome_of(oficina, asker, outcome) == {}


def test_nobody_installed_offers_it(abrir: Abrir) -> None:
    outcome: list[Any] = []
    asker = asking("soma", {}, outcome)
    assert isinstance(outcome_of(abrir(asker), asker, outcome), OperationUnavailable)


def test_an_agent_that_does_not_answer_what_it_declares_is_unavailable(abrir: Abrir) -> None:
    outcome: list[Any] = []
    callee, asker = offering("soma", lambda *_: None), asking("soma", {}, outcome)
    error = outcome_of(abrir(callee, asker), asker, outcome)
    assert isinstance(error, OperationUnavailable)
    assert "does not answer" in str(error)


def test_the_platform_calls_operations_for_a_tenant(abrir: Abrir) -> None:
    callee = offering("soma", lambda operation, payload, context: payload, NUMBER)
    oficina = abrir(callee)
    hooks = oficina.system.services.hooks
    assert hooks.operation(oficina.tenant_id, "soma.faz", {"n": 7}) == {"n": 7}
    with pytest.raises(OperationUnavailable):
        hooks.operation(oficina.tenant_id, "outra.faz", {})
    with pytest.raises(InvalidPayload):
        hooks.operation(oficina.tenant_id, "soma.faz", {"n": "x"})
