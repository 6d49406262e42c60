"""Fractal protocol v1: the detail of every ``nigredo.*`` and ``alquimista.*`` event.

On the wire: snake_case, ``"version": "1"``. Input accepts the owner's camelCase as well; output is
one spelling. Unknown fields are kept, unknown enum values are refused with the field's path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from alquimista_sdk.errors import InvalidEvent

PROTOCOL_VERSION = "1"
SUBJECT_TYPES = ("lead", "lote", "campanha", "tenant")
SOURCES = ("whatsapp", "email", "web")
INTENTS = ("question", "interest", "objection", "refusal", "descadastro")
PROPOSED_ACTIONS = ("forward_to_scheduler", "nurture", "disqualify", "escalate_human")
HISTORY_LIMIT = 20
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_KNOWN = frozenset(
    {"version", "subject", "lead_id", "context", "classification", "proposed_action", "logs"}
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about."""

    type: str
    id: UUID

    @classmethod
    def lead(cls, lead_id: UUID) -> Subject:
        """The subject of an event about one lead."""
        return cls("lead", lead_id)


@dataclass(frozen=True, slots=True)
class EventContext:
    """Where the event comes from and what was said last; ``metadata`` carries the extra facts."""

    source: str = "web"
    last_message: str = ""
    history: tuple[Mapping[str, Any], ...] = ()
    history_count: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a reply means: intent, priority 0-100 and whether the need seems real."""

    intent: str
    priority: int = 0
    authentic_need: bool = False


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One decision of one agent on the way."""

    timestamp: str
    agent: str
    decision: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class FractalDetail:
    """The parsed detail. ``extras`` keeps fields that this version does not know."""

    subject: Subject
    context: EventContext = field(default_factory=EventContext)
    classification: Classification | None = None
    proposed_action: str | None = None
    logs: tuple[LogEntry, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The JSON object that is published."""
        wire: dict[str, Any] = {
            **self.extras,
            "version": PROTOCOL_VERSION,
            "subject": {"type": self.subject.type, "id": str(self.subject.id)},
            "context": {
                "source": self.context.source,
                "last_message": self.context.last_message,
                "history": [dict(item) for item in self.context.history],
                "history_count": self.context.history_count,
                "metadata": dict(self.context.metadata),
            },
            "logs": [
                {
                    "timestamp": log.timestamp,
                    "agent": log.agent,
                    "decision": log.decision,
                    "trace_id": log.trace_id,
                }
                for log in self.logs
            ],
        }
        if self.subject.type == "lead":
            wire["lead_id"] = str(self.subject.id)
        if self.classification is not None:
            wire["classification"] = {
                "intent": self.classification.intent,
                "priority": self.classification.priority,
                "authentic_need": self.classification.authentic_need,
            }
        if self.proposed_action is not None:
            wire["proposed_action"] = self.proposed_action
        return wire


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """What ``agent_handle_event`` receives. ``attempt`` starts at 1.

    A ``replayed`` event has the id that it had the first time, so ids made by ``new_id`` are the
    same again.
    """

    id: UUID
    source: str
    type: str
    tenant_id: UUID
    trace_id: UUID
    occurred_at: datetime
    detail: FractalDetail
    attempt: int = 1
    replayed: bool = False

    @property
    def name(self) -> str:
        """``source.type``, as documents and subscriptions spell it."""
        return f"{self.source}.{self.type}"

    @property
    def subject(self) -> Subject:
        """What the event is about."""
        return self.detail.subject

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Extra facts of the event."""
        return self.detail.context.metadata


def parse_detail(raw: Mapping[str, Any]) -> FractalDetail:
    """Read and validate a detail.

    Raises:
        InvalidEvent: with the path of the first field that breaks the protocol.
    """
    wire = {_snake(key): value for key, value in _object(raw, "detail").items()}
    version = wire.get("version", PROTOCOL_VERSION)
    if version != PROTOCOL_VERSION:
        raise InvalidEvent("detail.version", f"unknown version {version!r}")
    return FractalDetail(
        subject=_subject(wire),
        context=_context(wire.get("context") or {}),
        classification=_classification(wire.get("classification")),
        proposed_action=_enum(
            wire.get("proposed_action"), PROPOSED_ACTIONS, "detail.proposed_action"
        ),
        logs=_logs(wire.get("logs") or []),
        extras={key: value for key, value in wire.items() if key not in _KNOWN},
    )


def _subject(wire: Mapping[str, Any]) -> Subject:
    raw = wire.get("subject")
    lead_id = wire.get("lead_id")
    if raw is None:
        if lead_id is None:
            raise InvalidEvent("detail.subject", "missing")
        return Subject("lead", _uuid(lead_id, "detail.lead_id"))
    subject = _object(raw, "detail.subject")
    kind = _enum(subject.get("type"), SUBJECT_TYPES, "detail.subject.type")
    if kind is None:
        raise InvalidEvent("detail.subject.type", "missing")
    identity = _uuid(subject.get("id"), "detail.subject.id")
    if kind == "lead":
        if lead_id is None:
            raise InvalidEvent("detail.lead_id", "required where the subject is a lead")
        if _uuid(lead_id, "detail.lead_id") != identity:
            raise InvalidEvent("detail.lead_id", "differs from detail.subject.id")
    return Subject(kind, identity)


def _context(raw: Any) -> EventContext:
    wire = {_snake(key): value for key, value in _object(raw, "detail.context").items()}
    history = _array(wire.get("history") or [], "detail.context.history")
    if len(history) > HISTORY_LIMIT:
        raise InvalidEvent("detail.context.history", f"more than {HISTORY_LIMIT} items")
    last_message = wire.get("last_message") or ""
    if not isinstance(last_message, str):
        raise InvalidEvent("detail.context.last_message", "must be a string")
    metadata = _object(wire.get("metadata") or {}, "detail.context.metadata")
    return EventContext(
        source=_enum(wire.get("source") or "web", SOURCES, "detail.context.source") or "web",
        last_message=last_message,
        history=tuple(_object(item, "detail.context.history[]") for item in history),
        history_count=_integer(
            wire.get("history_count", len(history)), "detail.context.history_count", maximum=None
        ),
        metadata={_snake(key): value for key, value in metadata.items()},
    )


def _classification(raw: Any) -> Classification | None:
    if raw is None:
        return None
    wire = {_snake(key): value for key, value in _object(raw, "detail.classification").items()}
    intent = _enum(wire.get("intent"), INTENTS, "detail.classification.intent")
    if intent is None:
        raise InvalidEvent("detail.classification.intent", "missing")
    authentic_need = wire.get("authentic_need", False)
    if not isinstance(authentic_need, bool):
        raise InvalidEvent("detail.classification.authentic_need", "must be true or false")
    priority = _integer(wire.get("priority", 0), "detail.classification.priority", maximum=100)
    return Classification(intent, priority, authentic_need)


def _logs(raw: Any) -> tuple[LogEntry, ...]:
    entries = []
    for index, item in enumerate(_array(raw, "detail.logs")):
        path = f"detail.logs[{index}]"
        wire = {_snake(key): value for key, value in _object(item, path).items()}
        values = {}
        for name in ("timestamp", "agent", "decision", "trace_id"):
            value = wire.get(name)
            if not isinstance(value, str):
                raise InvalidEvent(f"{path}.{name}", "must be a string")
            values[name] = value
        entries.append(LogEntry(**values))
    return tuple(entries)


def _snake(name: str) -> str:
    return name if name.islower() else _CAMEL.sub(r"_\1", name).lower()


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidEvent(path, "must be an object")
    return value


def _array(value: Any, path: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidEvent(path, "must be an array")
    return value


def _enum(value: Any, allowed: Sequence[str], path: str) -> str | None:
    if value is None:
        return None
    if value not in allowed:
        raise InvalidEvent(path, f"{value!r} is not one of {', '.join(allowed)}")
    return str(value)


def _integer(value: Any, path: str, *, maximum: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEvent(path, "must be an integer")
    if value < 0 or (maximum is not None and value > maximum):
        raise InvalidEvent(path, f"must be between 0 and {maximum}")
    return value


def _uuid(value: Any, path: str) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise InvalidEvent(path, "must be a UUID") from error
