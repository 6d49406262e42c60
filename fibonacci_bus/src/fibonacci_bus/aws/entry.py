"""An event as EventBridge carries it, and how it is read again on the other side.

The detail travels as it is, so that patterns see what they see in PostgreSQL. The bus's own fields
ride in it under one reserved key: EventBridge replaces ``id`` and ``account`` by its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fibonacci_bus.errors import BusError, EventTooLarge
from fibonacci_bus.event import MAX_BYTES, Event

if TYPE_CHECKING:
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

BUS_FIELDS = "fibonacci"
ENTRIES_PER_CALL = 10
BYTES_PER_CALL = MAX_BYTES
_TIME_BYTES = 14


class Unreadable(BusError):
    """A message that this bus did not publish, or that was damaged on its way."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event ready for PutEvents; ``size`` in bytes as EventBridge counts them."""

    event: Event
    request: PutEventsRequestEntryTypeDef
    size: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where the event's row is, what it is ordered by, and for which queues (None: for all)."""

    tenant_id: UUID
    event_id: UUID
    ordering_key: str | None
    queues: frozenset[str] | None = None


def entry_of(event: Event, bus_name: str, queues: Iterable[str] | None = None) -> Entry:
    """The request entry of an event; ``queues`` are those that take it, though others match.

    Size as AWS documents it ("Calculating PutEvents event entry size"): 14 bytes of time and the
    UTF-8 bytes of source, detail type and detail.

    Raises:
        EventTooLarge: over 256 KB with the bus's fields.
        ValueError: the detail uses the bus's reserved key.
    """
    if BUS_FIELDS in event.detail:
        raise ValueError(f"the key {BUS_FIELDS!r} of a detail is the bus's own")
    fields: dict[str, Any] = {
        "event_id": str(event.id),
        "tenant_id": str(event.tenant_id),
        "ordering_key": event.ordering_key,
        "trace_id": str(event.trace_id),
        "causation_id": str(event.causation_id) if event.causation_id else None,
        "depth": event.depth,
    }
    if queues is not None:
        fields["queues"] = sorted(queues)
    detail = json.dumps({**event.detail, BUS_FIELDS: fields}, ensure_ascii=False)
    size = _TIME_BYTES + sum(len(part.encode()) for part in (event.source, event.type, detail))
    if size > MAX_BYTES:
        raise EventTooLarge(f"{event.source} {event.type} has {size} bytes, over {MAX_BYTES}")
    request: PutEventsRequestEntryTypeDef = {
        "EventBusName": bus_name,
        "Source": event.source,
        "DetailType": event.type,
        "Detail": detail,
        "Time": event.occurred_at,
    }
    return Entry(event, request, size)


def batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries in order, in calls of at most ten entries and 256 KB in total."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == ENTRIES_PER_CALL or size + entry.size > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def body_of(address: Address) -> str:
    """A message body that ``address_of`` reads: the address alone, as where no rule is asked."""
    fields: dict[str, Any] = {
        "event_id": str(address.event_id),
        "tenant_id": str(address.tenant_id),
        "ordering_key": address.ordering_key,
    }
    if address.queues is not None:
        fields["queues"] = sorted(address.queues)
    return json.dumps({"detail": {BUS_FIELDS: fields}}, ensure_ascii=False)


def address_of(body: str) -> Address:
    """Read the bus's fields from the body of an SQS message.

    Raises:
        Unreadable: it is not an EventBridge envelope of this bus.
    """
    try:
        envelope = json.loads(body)
        fields = _object(_object(envelope)["detail"])[BUS_FIELDS]
        ordering_key = _object(fields).get("ordering_key")
        queues = fields.get("queues")
        address = Address(
            UUID(fields["tenant_id"]),
            UUID(fields["event_id"]),
            ordering_key,
            None if queues is None else frozenset(queues),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"no event of this bus: {type(error).__name__}: {error}") from error
    if not isinstance(ordering_key, str | None):
        raise Unreadable("no event of this bus: the ordering key is no text")
    return address


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"an object is needed, not {type(value).__name__}")
    return value
