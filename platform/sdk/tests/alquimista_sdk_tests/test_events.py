from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import InvalidEvent
from alquimista_sdk.events import (
    HISTORY_LIMIT,
    INTENTS,
    PROPOSED_ACTIONS,
    SOURCES,
    SUBJECT_TYPES,
    Classification,
    EventContext,
    FractalDetail,
    LogEntry,
    Subject,
    parse_detail,
)
from alquimista_sdk.testing import TENANT_ID, make_event

LEAD = UUID("11111111-1111-4111-8111-111111111111")
snake = st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8}){0,2}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=12)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(snake, inner, max_size=3),
    max_leaves=6,
)
reserved = {
    "version",
    "subject",
    "lead_id",
    "context",
    "classification",
    "proposed_action",
    "logs",
}


@st.composite
def details(draw: st.DrawFn) -> FractalDetail:
    history = draw(st.lists(st.dictionaries(snake, scalars, max_size=3), max_size=4))
    return FractalDetail(
        subject=Subject(draw(st.sampled_from(SUBJECT_TYPES)), draw(st.uuids())),
        context=EventContext(
            source=draw(st.sampled_from(SOURCES)),
            last_message=draw(st.text(max_size=40)),
            history=tuple(history),
            history_count=draw(st.integers(0, 5000)),
            metadata=draw(st.dictionaries(snake, values, max_size=4)),
        ),
        classification=draw(
            st.none()
            | st.builds(
                Classification, st.sampled_from(INTENTS), st.integers(0, 100), st.booleans()
            )
        ),
        proposed_action=draw(st.none() | st.sampled_from(PROPOSED_ACTIONS)),
        logs=tuple(draw(st.lists(st.builds(LogEntry, *[st.text(max_size=10)] * 4), max_size=3))),
        extras=draw(
            st.dictionaries(snake.filter(lambda name: name not in reserved), values, max_size=3)
        ),
    )


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def lead_wire(**changes: Any) -> dict[str, Any]:
    return {"subject": {"type": "lead", "id": str(LEAD)}, "lead_id": str(LEAD), **changes}


@given(details())
def test_what_is_published_is_read_back_unchanged(detail: FractalDetail) -> None:
    assert parse_detail(detail.to_wire()) == detail


@given(details())
def test_the_wire_is_json_and_reads_the_same_after_it(detail: FractalDetail) -> None:
    assert parse_detail(json.loads(json.dumps(detail.to_wire()))) == detail


@given(details())
def test_camel_case_input_equals_snake_case_input(detail: FractalDetail) -> None:
    wire = {key: value for key, value in detail.to_wire().items() if key in reserved}
    known = parse_detail(wire)
    wire["context"] = {camel(key): value for key, value in wire["context"].items()}
    if "classification" in wire:
        wire["classification"] = {
            camel(key): value for key, value in wire["classification"].items()
        }
    wire["logs"] = [{camel(key): value for key, value in log.items()} for log in wire["logs"]]
    assert parse_detail({camel(key): value for key, value in wire.items()}) == known


def test_metadata_keys_come_out_in_one_spelling() -> None:
    wire = lead_wire(context={"lastMessage": "oi", "metadata": {"campanhaId": "x"}})
    assert parse_detail(wire).context.metadata == {"campanha_id": "x"}


def test_unknown_fields_are_kept_and_published_again() -> None:
    detail = parse_detail(lead_wire(tenant_note={"a": 1}))
    assert detail.extras == {"tenant_note": {"a": 1}}
    assert detail.to_wire()["tenant_note"] == {"a": 1}


def test_a_lead_id_alone_is_the_subject() -> None:
    assert parse_detail({"leadId": str(LEAD)}).subject == Subject.lead(LEAD)


def test_only_details_about_a_lead_carry_a_lead_id() -> None:
    assert FractalDetail(Subject.lead(LEAD)).to_wire()["lead_id"] == str(LEAD)
    assert "lead_id" not in FractalDetail(Subject("lote", LEAD)).to_wire()


CLASSIFICATION = {"intent": "question"}
LOG = {"timestamp": "t", "agent": "a", "decision": "d", "trace_id": "x"}


@pytest.mark.parametrize(
    ("wire", "path"),
    [
        ({}, "detail.subject"),
        ({"subject": "lead"}, "detail.subject"),
        ({"subject": {"type": "pessoa", "id": str(LEAD)}}, "detail.subject.type"),
        ({"subject": {"id": str(LEAD)}}, "detail.subject.type"),
        ({"subject": {"type": "lote", "id": "7"}}, "detail.subject.id"),
        ({"subject": {"type": "lead", "id": str(LEAD)}}, "detail.lead_id"),
        (lead_wire(lead_id=str(uuid4())), "detail.lead_id"),
        ({"lead_id": "7"}, "detail.lead_id"),
        (lead_wire(version="2"), "detail.version"),
        (lead_wire(context=[1]), "detail.context"),
        (lead_wire(context={"source": "fax"}), "detail.context.source"),
        (lead_wire(context={"last_message": 3}), "detail.context.last_message"),
        (lead_wire(context={"history": "oi"}), "detail.context.history"),
        (lead_wire(context={"history": ["oi"]}), "detail.context.history[]"),
        (lead_wire(context={"history": [{}] * (HISTORY_LIMIT + 1)}), "detail.context.history"),
        (lead_wire(context={"history_count": -1}), "detail.context.history_count"),
        (lead_wire(context={"metadata": "x"}), "detail.context.metadata"),
        (lead_wire(classification={}), "detail.classification.intent"),
        (lead_wire(classification={"intent": "dúvida"}), "detail.classification.intent"),
        (
            lead_wire(classification=CLASSIFICATION | {"priority": 101}),
            "detail.classification.priority",
        ),
        (
            lead_wire(classification=CLASSIFICATION | {"priority": True}),
            "detail.classification.priority",
        ),
        (
            lead_wire(classification=CLASSIFICATION | {"authentic_need": "sim"}),
            "detail.classification.authentic_need",
        ),
        (lead_wire(proposed_action="ligar"), "detail.proposed_action"),
        (lead_wire(logs="x"), "detail.logs"),
        (lead_wire(logs=["x"]), "detail.logs[0]"),
        (lead_wire(logs=[LOG, LOG | {"decision": 1}]), "detail.logs[1].decision"),
    ],
)
def test_what_breaks_the_protocol_is_refused_with_its_path(wire: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse_detail(wire)
    assert refused.value.path == path


def test_a_detail_that_is_no_object_is_refused() -> None:
    wrong: Any = []
    with pytest.raises(InvalidEvent, match=r"^detail: must be an object"):
        parse_detail(wrong)


def test_made_events_are_named_by_source_and_type() -> None:
    event = make_event("alquimista.conversas.received", LEAD, metadata={"canal": "email"})
    assert (event.source, event.type) == ("alquimista.conversas", "received")
    assert event.name == "alquimista.conversas.received"
    assert event.subject == Subject.lead(LEAD)
    assert event.metadata == {"canal": "email"}


def test_a_made_event_without_a_subject_is_about_its_tenant() -> None:
    tenant = uuid4()
    assert make_event("alquimista.timer.varredura").subject == Subject("tenant", TENANT_ID)
    event = make_event("alquimista.timer.varredura", tenant_id=tenant)
    assert event.subject == Subject("tenant", tenant)
    assert event.tenant_id == tenant


def test_a_made_event_takes_a_whole_detail() -> None:
    event = make_event("x.y", detail=lead_wire(context={"lastMessage": "oi"}))
    assert event.detail.context.last_message == "oi"
    assert event.subject == Subject.lead(LEAD)


def test_a_made_event_keeps_the_protocol_too() -> None:
    with pytest.raises(InvalidEvent, match=r"detail\.context\.source"):
        make_event("x.y", LEAD, source_channel="fax")
    with pytest.raises(InvalidEvent, match=r"is not <source>.<type>"):
        make_event("received", LEAD)
