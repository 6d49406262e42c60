"""Queues and rules as AWS calls them: plain data from the topology, for CDK and for tests.

Both homes read the same ``Topology``; what differs on AWS (names, limits, where the bus's own
fields travel) is said here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from fibonacci_bus.aws.entry import BUS_FIELDS
from fibonacci_bus.errors import InvalidPattern
from fibonacci_bus.topology import Topology

BUS_NAME = "fibonacci-bus"
RULE_NAME_LIMIT = 64
QUEUE_NAME_LIMIT = 80
PATTERN_LIMIT = 2048
"""Characters of an event pattern (EventBridge quotas, "Event pattern size")."""
DIGITS = 6
"""Digits after the point that EventBridge compares."""
LONG_POLL_SECONDS = 10
LEAST_CONCURRENCY = 2
"""Lambda's own least ("Configuring maximum concurrency for Amazon SQS event sources")."""
RETENTION_SECONDS = 4 * 24 * 3600
"""Shorter than the dead letters': SQS counts a dead letter's age from its first enqueueing."""
DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600
_VISIBILITY_LIMIT = 12 * 3600
_MOVED = {"account": "tenant_id", "id": "event_id"}


@dataclass(frozen=True, slots=True)
class QueueDeclaration:
    """A standard SQS queue and its dead-letter queue; ``queue`` is the topology's name for it.

    ``max_concurrency`` is the ``MaximumConcurrency`` of the event source mapping; None: any.
    """

    queue: str
    name: str
    visibility_seconds: int
    wait_seconds: int
    retention_seconds: int
    max_receives: int
    dead_letter_name: str
    dead_letter_retention_seconds: int
    max_concurrency: int | None


@dataclass(frozen=True, slots=True)
class RuleDeclaration:
    """An EventBridge rule with one target: the SQS queue ``queue_name``."""

    name: str
    pattern: Mapping[str, Any]
    queue_name: str


@dataclass(frozen=True, slots=True)
class BusDeclaration:
    """Everything that EventBridge and SQS must have for one topology."""

    bus_name: str
    queues: tuple[QueueDeclaration, ...]
    rules: tuple[RuleDeclaration, ...]

    def queue(self, queue: str) -> QueueDeclaration:
        """A queue by the topology's name. Raises ``KeyError``."""
        for declared in self.queues:
            if declared.queue == queue:
                return declared
        raise KeyError(queue)

    def queue_of_arn(self, arn: str) -> QueueDeclaration:
        """A queue by its ARN, as Lambda names a record's source. Raises ``KeyError``."""
        name = arn.rpartition(":")[2]
        for declared in self.queues:
            if declared.name == name:
                return declared
        raise KeyError(arn)

    def as_dict(self) -> dict[str, Any]:
        """JSON for tools that are not Python."""
        return asdict(self)


def declare(
    topology: Topology, *, bus_name: str = BUS_NAME, prefix: str = "fibonacci-"
) -> BusDeclaration:
    """What EventBridge and SQS must have for a topology.

    Raises:
        InvalidPattern: a pattern is longer than EventBridge takes, or cannot be said there.
        ValueError: a visibility time-out over SQS's 12 hours, a concurrency of one, or two names
            become one.
    """
    queues = tuple(_queue(topology, name, prefix) for name in topology.names)
    names = {declared.queue: declared.name for declared in queues}
    rules = tuple(
        RuleDeclaration(
            name=_fitting(rule.name, RULE_NAME_LIMIT, r"[^.\-_A-Za-z0-9]"),
            pattern=_pattern(rule.name, rule.pattern),
            queue_name=names[rule.queue],
        )
        for rule in topology.rules
    )
    _refuse_twins([rule.name for rule in rules])
    _refuse_twins([n for queue in queues for n in (queue.name, queue.dead_letter_name)])
    return BusDeclaration(bus_name, queues, rules)


def _queue(topology: Topology, name: str, prefix: str) -> QueueDeclaration:
    settings = topology.queue(name)
    visibility = ceil(settings.visibility_timeout.total_seconds())
    if visibility > _VISIBILITY_LIMIT:
        raise ValueError(f"queue {name}: SQS hides a message 12 hours at most")
    if settings.concurrency is not None and settings.concurrency < LEAST_CONCURRENCY:
        raise ValueError(f"queue {name}: Lambda handles {LEAST_CONCURRENCY} batches or more")
    base = _fitting(prefix + name, QUEUE_NAME_LIMIT - len("-dlq"), r"[^\-_A-Za-z0-9]")
    return QueueDeclaration(
        queue=name,
        name=base,
        visibility_seconds=visibility,
        wait_seconds=LONG_POLL_SECONDS,
        retention_seconds=RETENTION_SECONDS,
        max_receives=settings.max_receives,
        dead_letter_name=f"{base}-dlq",
        dead_letter_retention_seconds=DEAD_LETTER_RETENTION_SECONDS,
        max_concurrency=settings.concurrency,
    )


def _pattern(rule: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
    """The bus's ``account`` and ``id`` travel inside the detail: AWS fills in its own."""
    _refuse_unsayable(pattern, rule)
    moved = relocated(rule, pattern)
    size = len(json.dumps(moved, ensure_ascii=False))
    if size > PATTERN_LIMIT:
        raise InvalidPattern(
            rule, f"the pattern has {size} characters, EventBridge takes {PATTERN_LIMIT}"
        )
    return moved


def _refuse_unsayable(pattern: Any, path: str) -> None:
    """What EventBridge reads otherwise than the bus does, and would match differently there.

    A dot in a field's name opens an object as well ("Event pattern syntax"); numbers are compared
    to six digits after the point ("Numeric matching").
    """
    if isinstance(pattern, Mapping):
        for name, value in pattern.items():
            if "." in name:
                raise InvalidPattern(f"{path}.{name}", "EventBridge reads a dot as an object")
            _refuse_unsayable(value, f"{path}.{name}")
    elif isinstance(pattern, list | tuple):
        for number, item in enumerate(pattern):
            _refuse_unsayable(item, f"{path}[{number}]")
    elif isinstance(pattern, float) and round(pattern, DIGITS) != pattern:
        raise InvalidPattern(path, f"EventBridge compares {DIGITS} digits after the point")


def relocated(rule: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
    """A pattern with the bus's ``account`` and ``id`` where they travel, in ``$or`` too.

    Raises:
        InvalidPattern: they stand beside a detail that is no object.
    """
    moved = {_MOVED[key]: value for key, value in pattern.items() if key in _MOVED}
    kept = {key: value for key, value in pattern.items() if key not in _MOVED}
    if "$or" in kept:
        kept["$or"] = [relocated(rule, branch) for branch in kept["$or"]]
    if not moved:
        return kept
    detail = kept.get("detail", {})
    if not isinstance(detail, Mapping):
        raise InvalidPattern(f"{rule}.detail", "must be an object where account or id is matched")
    kept["detail"] = {**detail, BUS_FIELDS: moved}
    return kept


def _fitting(name: str, limit: int, forbidden: str) -> str:
    """A name that AWS takes; what was cut or replaced is told apart by a hash of the whole."""
    clean = re.sub(forbidden, "-", name)
    if clean == name and len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{clean[: limit - 9]}-{digest}"


def _refuse_twins(names: list[str]) -> None:
    if len(set(names)) != len(names):
        twins = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two of the topology have one name on AWS: {', '.join(twins)}")
