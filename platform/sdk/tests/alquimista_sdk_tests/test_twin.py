"""The twin as a whole: scopes, buffered writes, retries, tools, operations, events, state."""

from __future__ import annotations

import copy
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk import AgentContext, AgentEvent, Subject
from alquimista_sdk.context import SERVICES
from alquimista_sdk.errors import (
    InvalidEvent,
    InvalidPayload,
    OperationUnavailable,
    PermanentError,
    ScopeDenied,
    TransientError,
    VersionConflict,
)
from alquimista_sdk.events import Classification
from alquimista_sdk.models import Lead, LeadChanges
from alquimista_sdk.testing import TwinContext, TwinNotPrepared, invoke, make_event, run
from alquimista_sdk_tests.manifests import everything, only

LEAD = UUID("11111111-1111-4111-8111-111111111111")
METHODS = [
    (service, method)
    for service, methods in SERVICES.items()
    for method in methods
    if service not in ("tools", "operations")
]


def twin_with_lead(**changes: Any) -> TwinContext:
    twin = TwinContext(everything())
    twin.store.add(Lead(LEAD, "Padaria Sol", "novo", **changes))
    return twin.for_event(make_event("x.y", LEAD))


def module(handler: Any) -> ModuleType:
    found = ModuleType("exemplo_total.agent")
    vars(found)["agent_handle_event"] = handler
    return found


def test_a_twin_is_an_agent_context() -> None:
    context: AgentContext = TwinContext(everything())
    assert context.now.tzinfo is not None


@pytest.mark.parametrize(("service", "method"), METHODS)
def test_every_method_needs_its_own_scope(service: str, method: str) -> None:
    scope = f"{service}:{SERVICES[service][method]}"
    with pytest.raises(ScopeDenied, match=scope):
        getattr(getattr(TwinContext(only()), service), method)
    assert callable(getattr(getattr(TwinContext(only(scope)), service), method))


@pytest.mark.parametrize(("service", "method"), METHODS)
def test_operations_may_only_read(service: str, method: str) -> None:
    twin = TwinContext(everything()).for_operation()
    if SERVICES[service][method] == "read":
        assert callable(getattr(getattr(twin, service), method))
    else:
        with pytest.raises(ScopeDenied, match="read-only"):
            getattr(getattr(twin, service), method)


@pytest.mark.parametrize("method", ["delete", "all"])
def test_what_is_no_method_of_a_service_is_missing_from_the_twin(method: str) -> None:
    with pytest.raises(AttributeError, match=r"context\.leads has no"):
        getattr(TwinContext(everything()).leads, method)


def test_tools_and_operations_are_opened_by_name() -> None:
    twin = TwinContext(everything())
    twin.answer_tool("calendar.cancel_event", {})
    with pytest.raises(ScopeDenied, match=r"tools:calendar\.cancel_event"):
        twin.tools.call("calendar.cancel_event", {})
    with pytest.raises(ScopeDenied, match="operations:outra"):
        twin.operations.call("outra", {})


def test_reads_do_not_see_what_is_not_committed() -> None:
    twin = twin_with_lead()
    twin.leads.get(LEAD)
    twin.leads.update(LEAD, LeadChanges(setor="padaria"))
    assert twin.leads.get(LEAD).setor is None
    twin.commit()
    assert twin.leads.get(LEAD).setor == "padaria"


def test_a_rollback_discards_writes_and_publishing() -> None:
    twin = twin_with_lead()
    twin.leads.get(LEAD)
    twin.leads.update(LEAD, LeadChanges(setor="padaria"))
    twin.events.publish("done", Subject.lead(LEAD), decision="feito")
    twin.rollback()
    twin.commit()
    assert twin.store.leads[LEAD].setor is None
    assert twin.published == []


def test_a_commit_happens_whole_or_not_at_all() -> None:
    twin = twin_with_lead()
    twin.events.publish("done", Subject.lead(LEAD), decision="feito")
    twin.state.put("a", {"b": 1})
    twin.leads.pause(LEAD, "irritado")
    twin.leads.pause(uuid4(), "não existe")
    with pytest.raises(PermanentError, match="lead não encontrado"):
        twin.commit()
    assert (twin.published, twin.store.estado, twin.store.pausas) == ([], {}, {})
    assert not twin.store.leads[LEAD].pausado


@given(st.lists(st.sampled_from(["pause", "refuse", "opt_out", "state", "publish"]), max_size=5))
def test_a_failing_commit_leaves_no_trace(steps: list[str]) -> None:
    twin = twin_with_lead(email="a@b.example")
    before = copy.deepcopy(twin.effects())
    for step in steps:
        if step == "state":
            twin.state.put("a", {"b": 1}, LEAD)
        elif step == "publish":
            twin.events.publish("done", Subject.lead(LEAD), decision="feito")
        else:
            getattr(twin.leads, step)(LEAD, "motivo")
    twin.leads.pause(uuid4(), "não existe")
    with pytest.raises(PermanentError):
        twin.commit()
    assert twin.effects() == before


def test_a_row_is_written_only_after_it_was_read() -> None:
    twin = twin_with_lead()
    with pytest.raises(PermanentError, match="without being read"):
        twin.leads.update(LEAD, LeadChanges(setor="padaria"))


def test_a_row_that_changed_meanwhile_is_a_version_conflict() -> None:
    twin = twin_with_lead()
    twin.leads.get(LEAD)
    twin.leads.update(LEAD, LeadChanges(setor="padaria"))
    twin.touch(LEAD)
    with pytest.raises(VersionConflict):
        twin.commit()
    assert twin.store.leads[LEAD].setor is None


def test_touching_what_does_not_exist_is_a_mistake_of_the_test() -> None:
    with pytest.raises(KeyError):
        twin_with_lead().touch(uuid4())


def test_a_conflict_runs_the_handler_again_where_the_test_asks_for_it() -> None:
    twin = twin_with_lead()
    runs: list[int] = []

    def handler(event: AgentEvent, context: AgentContext) -> None:
        runs.append(1)
        context.leads.get(LEAD)
        context.leads.update(LEAD, LeadChanges(setor="padaria"))
        if len(runs) < 3:
            twin.touch(LEAD)

    event = make_event("x.y", LEAD)
    with pytest.raises(VersionConflict):
        run(module(handler), event, twin, runs=2)
    run(module(handler), event, twin)
    assert twin.store.leads[LEAD].setor == "padaria"


def test_a_handler_that_raises_leaves_no_writes_behind() -> None:
    twin = twin_with_lead()

    def handler(event: AgentEvent, context: AgentContext) -> None:
        context.leads.pause(LEAD, "irritado")
        raise TransientError("depois")

    with pytest.raises(TransientError):
        run(module(handler), make_event("x.y", LEAD), twin)
    twin.commit()
    assert not twin.store.leads[LEAD].pausado


def test_ids_are_the_same_for_every_run_of_an_event() -> None:
    event = make_event("x.y", LEAD)
    first = TwinContext(everything()).for_event(event)
    second = TwinContext(everything()).for_event(event)
    assert first.new_id("a") == second.new_id("a") != first.new_id("b")
    assert first.new_id("a") != first.for_event(make_event("x.y", LEAD)).new_id("a")


def test_the_trace_is_that_of_the_event() -> None:
    event = make_event("x.y", LEAD)
    assert TwinContext(everything()).for_event(event).trace_id == event.trace_id


def test_published_events_are_kept_as_they_were_asked_for() -> None:
    twin = twin_with_lead()
    classification = Classification("interest", 80, True)
    twin.events.publish(
        "done",
        Subject.lead(LEAD),
        decision="quer conversar",
        source="whatsapp",
        last_message="sim",
        metadata={"canal": "whatsapp"},
        classification=classification,
        proposed_action="nurture",
    )
    twin.commit()
    (event,) = twin.published
    assert event.name == "exemplo.total.done"
    assert (event.subject, event.decision) == (Subject.lead(LEAD), "quer conversar")
    assert (event.channel, event.last_message) == ("whatsapp", "sim")
    assert (event.classification, event.proposed_action) == (classification, "nurture")
    assert event.metadata == {"canal": "whatsapp"}


def test_only_listed_events_may_be_published() -> None:
    with pytest.raises(ScopeDenied, match=r"exemplo\.total\.other"):
        twin_with_lead().events.publish("other", Subject.lead(LEAD), decision="feito")


@pytest.mark.parametrize(
    "arguments",
    [{"source": "fax"}, {"proposed_action": "ligar"}, {"decision": " "}],
)
def test_a_published_event_keeps_the_protocol(arguments: dict[str, Any]) -> None:
    given = {"decision": "feito", **arguments}
    with pytest.raises(InvalidEvent):
        twin_with_lead().events.publish("done", Subject.lead(LEAD), **given)


def test_what_leaves_an_agent_is_plain_json() -> None:
    twin = twin_with_lead()
    with pytest.raises(PermanentError, match="metadata must be plain JSON"):
        twin.events.publish("done", Subject.lead(LEAD), decision="x", metadata={"id": LEAD})
    with pytest.raises(PermanentError, match="the state 'a' must be plain JSON"):
        twin.state.put("a", {"quando": twin.now})
    with pytest.raises(PermanentError, match=r"payload of calendar\.availability"):
        twin.tools.call("calendar.availability", {"inicio": twin.now})


def test_an_event_is_at_most_256_kb() -> None:
    with pytest.raises(PermanentError, match="256 KB"):
        twin_with_lead().events.publish(
            "done", Subject.lead(LEAD), decision="x", metadata={"texto": "é" * 140_000}
        )


def test_a_tool_that_the_test_did_not_prepare_fails_the_test() -> None:
    with pytest.raises(TwinNotPrepared):
        twin_with_lead().tools.call("calendar.availability", {})


def test_a_finished_answer_of_a_tool_is_reused_by_a_retry_of_the_event() -> None:
    twin = TwinContext(everything())
    event = make_event("x.y", LEAD)
    answers = iter([{"n": 1}, {"n": 2}, {"n": 3}])
    twin.answer_tool("calendar.availability", lambda payload: next(answers))
    first = twin.for_event(event).tools.call("calendar.availability", {"a": 1})
    again = twin.for_event(event).tools.call("calendar.availability", {"a": 1})
    other = twin.for_event(make_event("x.y", LEAD)).tools.call("calendar.availability", {"a": 1})
    assert (first, again, other) == ({"n": 1}, {"n": 1}, {"n": 2})
    assert len(twin.tool_calls) == 2
    twin.answer_tool("calendar.availability", {"n": 9})
    assert twin.for_event(event).tools.call("calendar.availability", {"a": 1}) == {"n": 9}


def test_a_failed_tool_is_called_again() -> None:
    twin = twin_with_lead()

    def broken(payload: Any) -> dict[str, Any]:
        raise TransientError("fora do ar")

    twin.answer_tool("calendar.availability", broken)
    with pytest.raises(TransientError):
        twin.tools.call("calendar.availability", {})
    twin.answer_tool("calendar.availability", {"ok": True})
    assert twin.tools.call("calendar.availability", {}) == {"ok": True}


def test_an_operation_that_nobody_offers_is_unavailable() -> None:
    twin = twin_with_lead()
    with pytest.raises(OperationUnavailable):
        twin.operations.call("sentimento.analisar", {"text": "oi"})
    twin.answer_operation("sentimento.analisar", lambda payload: {"text": payload["text"]})
    assert twin.operations.call("sentimento.analisar", {"text": "oi"}) == {"text": "oi"}
    assert twin.operation_calls == [("sentimento.analisar", {"text": "oi"})]


def test_state_is_kept_by_key_and_lead_and_removed_by_none() -> None:
    twin = twin_with_lead()
    twin.state.put("a", {"n": 1})
    twin.state.put("a", {"n": 2}, LEAD)
    assert twin.state.get("a") is None
    twin.commit()
    assert (twin.state.get("a"), twin.state.get("a", LEAD)) == ({"n": 1}, {"n": 2})
    twin.state.put("a", None, LEAD)
    twin.commit()
    assert (twin.state.get("a"), twin.state.get("a", LEAD)) == ({"n": 1}, None)


def test_the_configuration_has_the_schemas_defaults_and_keeps_its_rules() -> None:
    assert TwinContext(everything()).config == {"limite": 3}
    assert TwinContext(everything(), config={"limite": 5}).config == {"limite": 5}
    with pytest.raises(InvalidPayload, match=r"\$\.limite"):
        TwinContext(everything(), config={"limite": 11})


def test_time_passes_only_when_the_test_says_so() -> None:
    twin = TwinContext(everything())
    start = twin.now
    assert twin.now == start
    twin.advance(timedelta(days=1))
    assert twin.now == start + timedelta(days=1)
    twin.now = start
    assert twin.now == start
    with pytest.raises(ValueError, match="aware"):
        twin.now = start.replace(tzinfo=None)


def test_log_lines_are_kept() -> None:
    twin = TwinContext(everything()).for_lifecycle()
    twin.log.info("a", n=1)
    twin.log.warning("b")
    twin.log.error("c")
    assert twin.log.lines == [("info", "a", {"n": 1}), ("warning", "b", {}), ("error", "c", {})]


def doubling(operation: str, payload: Any, context: AgentContext) -> Any:
    return {"n": payload["n"] * 2} if payload["n"] else None


def test_an_operation_is_invoked_within_its_schemas() -> None:
    agent = ModuleType("exemplo_total.agent")
    vars(agent)["agent_invoke"] = doubling
    twin = TwinContext(everything())
    assert invoke(agent, "exemplo.dobrar", {"n": 2}, twin) == {"n": 4}
    with pytest.raises(InvalidPayload, match=r"exemplo\.dobrar input"):
        invoke(agent, "exemplo.dobrar", {"n": "dois"}, twin)
    with pytest.raises(OperationUnavailable, match="does not answer"):
        invoke(agent, "exemplo.dobrar", {"n": 0}, twin)
    with pytest.raises(OperationUnavailable, match="declares no"):
        invoke(agent, "exemplo.triplicar", {"n": 2}, twin)
    vars(agent)["agent_invoke"] = lambda **_: {}
    with pytest.raises(InvalidPayload, match=r"exemplo\.dobrar output"):
        invoke(agent, "exemplo.dobrar", {"n": 2}, twin)
