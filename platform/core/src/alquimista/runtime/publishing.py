"""Publishing: every event of ours keeps the fractal protocol and joins the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from alquimista.db.session import UnitOfWork
from alquimista.runtime.cifra import SubjectKeys, seal_detail, unseal_detail
from alquimista.runtime.core_events import CORE_EVENTS
from alquimista.runtime.homes import Home
from alquimista.runtime.topology import TIMER_SOURCE
from alquimista_sdk.errors import InvalidEvent
from alquimista_sdk.events import EventContext, FractalDetail, Subject, parse_detail
from fibonacci_bus.event import Event

PROTOCOL_SOURCES = ("nigredo.", "alquimista.")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to publish. ``detail`` is parsed where the protocol holds, else any JSON object."""

    source: str
    type: str
    detail: FractalDetail | Mapping[str, Any]
    trace_id: UUID
    causation_id: UUID | None = None
    event_id: UUID | None = None
    depth: int = 0
    delay: timedelta = timedelta(0)


def timer_event(kind: str, tenant_id: UUID, ref_id: UUID, trace_id: UUID) -> NewEvent:
    """What a timer of that kind would publish, for a thing that is due now."""
    return NewEvent(
        source=TIMER_SOURCE,
        type=kind,
        detail=FractalDetail(
            subject=Subject("tenant", tenant_id),
            context=EventContext(metadata={"ref_id": str(ref_id)}),
        ),
        trace_id=trace_id,
    )


class EventPublisher:
    """Turns ``NewEvent`` into envelopes, seals personal data and hands them to the bus."""

    def __init__(
        self,
        home: Home,
        keys: SubjectKeys,
        listener: Callable[[UnitOfWork, Sequence[Event]], Sequence[NewEvent]] | None = None,
    ) -> None:
        """``listener`` hears of what is published, and may answer what is due because of it."""
        self._home = home
        self._keys = keys
        self._listener = listener

    def publish(self, uow: UnitOfWork, events: Sequence[NewEvent]) -> tuple[UUID, ...]:
        """Publish inside the unit of work; answers the ids.

        Raises:
            InvalidEvent: a ``nigredo.*`` or ``alquimista.*`` detail breaks the protocol, or one of
                the platform's own events its declaration.
        """
        by_delay: dict[timedelta, list[Event]] = {}
        ids: list[UUID] = []
        heard: list[Event] = []
        for new in events:
            event = self._envelope(uow, new)
            ids.append(event.id)
            if event.source != TIMER_SOURCE:
                heard.append(event)
            by_delay.setdefault(new.delay, []).append(event)
        for delay, group in by_delay.items():
            self._home.publish(uow.connection, group, delay)
        if heard and self._listener is not None:
            due = self._listener(uow, heard)
            if due:
                self.publish(uow, due)
        return tuple(ids)

    def redrive(self, uow: UnitOfWork, dead_letter_id: UUID) -> bool:
        """Put a dead letter of the unit's tenant back on its queue; False where none is left.

        Raises:
            FilaIndisponivel: the queue cannot be reached.
        """
        return self._home.redrive(uow.connection, uow.tenant_id, dead_letter_id)

    def open_detail(self, uow: UnitOfWork, event: Event) -> dict[str, Any]:
        """The detail of a stored event with its personal parts back, where the key still lives."""
        if not event.source.startswith(PROTOCOL_SOURCES):
            return dict(event.detail)
        if event.detail.get("context", {}).get("metadata", {}).get("cifrado") is None:
            return dict(event.detail)
        lead_id = UUID(event.detail["lead_id"])
        key = self._keys.key(uow.connection, uow.tenant_id, lead_id, create=False)
        return unseal_detail(key, event.detail, _associated(uow.tenant_id, lead_id))

    def _envelope(self, uow: UnitOfWork, new: NewEvent) -> Event:
        ordering_key: str | None = None
        detail = new.detail
        if new.source.startswith(PROTOCOL_SOURCES):
            parsed = detail if isinstance(detail, FractalDetail) else parse_detail(detail)
            wire: Mapping[str, Any] = parsed.to_wire()
            parse_detail(wire)
            declared = CORE_EVENTS.get(f"{new.source}.{new.type}")
            if declared is not None:
                declared.check(parsed.subject.type, parsed.context.metadata)
            if parsed.subject.type == "lead":
                lead_id = parsed.subject.id
                ordering_key = str(lead_id)
                key = self._keys.key(uow.connection, uow.tenant_id, lead_id, create=True)
                if key is None:
                    raise InvalidEvent("detail.lead_id", "the lead was erased")
                wire = seal_detail(key, wire, _associated(uow.tenant_id, lead_id))
        elif isinstance(detail, FractalDetail):
            wire = detail.to_wire()
        else:
            wire = detail
        return Event(
            id=new.event_id or uuid4(),
            source=new.source,
            type=new.type,
            detail=wire,
            tenant_id=uow.tenant_id,
            trace_id=new.trace_id,
            occurred_at=uow.agora,
            ordering_key=ordering_key,
            causation_id=new.causation_id,
            depth=new.depth,
            replay_name=uow.replay,
            effects=uow.effects,
        )


def _associated(tenant_id: UUID, lead_id: UUID) -> str:
    return f"{tenant_id}:{lead_id}"
