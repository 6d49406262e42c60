"""An event as EventBridge carries it, and calls within its limits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus import Event, EventTooLarge
from fibonacci_bus.aws.entry import Address, Entry, Unreadable, address_of, batches, entry_of
from fibonacci_bus.event import MAX_BYTES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def event(**more: Any) -> Event:
    """An event; ``more`` overrides its fields."""
    fields: dict[str, Any] = {
        "id": uuid4(),
        "source": "loja.pedidos",
        "type": "criado",
        "detail": {"n": 1},
        "tenant_id": uuid4(),
        "trace_id": uuid4(),
        "occurred_at": datetime.now(UTC),
    }
    return Event(**{**fields, **more})


def of_size(size: int) -> Entry:
    """An entry of a given size."""
    return Entry(event(), {"Source": "s", "DetailType": "t", "Detail": "{}"}, size)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), JSON).filter(
        lambda detail: "fibonacci" not in detail
    ),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=9),
)
def test_what_goes_into_an_entry_is_read_from_the_envelope(
    detail: dict[str, Any], ordering_key: str | None
) -> None:
    sent = event(detail=detail, ordering_key=ordering_key)
    entry = entry_of(sent, "bus")
    request = entry.request
    carried = json.loads(request["Detail"])
    assert {key: carried[key] for key in detail} == detail
    body = json.dumps({"id": str(uuid4()), "account": "123456789012", "detail": carried})
    assert address_of(body) == Address(sent.tenant_id, sent.id, ordering_key)
    parts = (request["Source"], request["DetailType"], request["Detail"])
    assert entry.size == 14 + sum(len(part.encode()) for part in parts)


def test_the_limit_counts_bytes_and_not_characters() -> None:
    entry_of(event(detail={"x": "a" * (MAX_BYTES - 600)}), "bus")
    with pytest.raises(EventTooLarge, match=r"loja.pedidos criado has \d+ bytes"):
        entry_of(event(detail={"x": "é" * (MAX_BYTES // 2)}), "bus")


def test_a_detail_may_not_use_the_buss_key() -> None:
    with pytest.raises(ValueError, match="bus's own"):
        entry_of(event(detail={"fibonacci": 1}), "bus")


@given(st.lists(st.integers(1, MAX_BYTES), max_size=60))
def test_calls_keep_the_order_the_entries_and_the_limits(sizes: list[int]) -> None:
    entries = [of_size(size) for size in sizes]
    calls = list(batches(entries))
    assert [entry for call in calls for entry in call] == entries
    for call in calls:
        assert 1 <= len(call) <= 10
        assert sum(entry.size for entry in call) <= MAX_BYTES
    for before, after in pairwise(calls):
        full = sum(entry.size for entry in before) + after[0].size > MAX_BYTES
        assert len(before) == 10 or full, "no call is left emptier than it must be"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "3",
        '{"detail": []}',
        '{"detail": {"fibonacci": null}}',
        '{"detail": {"fibonacci": {"tenant_id": "x", "event_id": "y"}}}',
        json.dumps(
            {
                "detail": {
                    "fibonacci": {
                        "tenant_id": str(UUID(int=1)),
                        "event_id": str(UUID(int=2)),
                        "ordering_key": {},
                    }
                }
            }
        ),
        "[" * 100_000,
    ],
)
def test_what_is_no_envelope_of_the_bus_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable, match="no event of this bus"):
        address_of(body)
