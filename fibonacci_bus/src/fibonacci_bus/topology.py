"""Queues and rules as one declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fibonacci_bus.event import Event
from fibonacci_bus.matching import RuleIndex
from fibonacci_bus.pattern import compile_pattern


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its settings; ``max_receives`` receives, then the dead letters.

    ``concurrency`` and ``partition_concurrency`` bound how many messages are in flight at a time,
    of the queue and of each partition, over all processes. ``group`` is how many new events one
    transaction may load, run and commit together, in PostgreSQL without a claim: for handlers of
    milliseconds, whose runs may be repeated where a neighbour's commit fails.
    """

    name: str
    visibility_timeout: timedelta = timedelta(seconds=30)
    max_receives: int = 3
    retention: timedelta = timedelta(days=14)
    concurrency: int | None = None
    partition_concurrency: int | None = None
    group: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What a pattern matches goes to a queue."""

    name: str
    pattern: Mapping[str, Any]
    queue: str


class Topology:
    """Queues, and the rules compiled into one index."""

    def __init__(self, queues: Iterable[Queue], rules: Iterable[Rule]) -> None:
        """Raises ``InvalidPattern`` for a wrong rule, ``ValueError`` for an unknown queue."""
        self._queues = {queue.name: queue for queue in queues}
        self._rules = tuple(rules)
        compiled = []
        for rule in self._rules:
            if rule.queue not in self._queues:
                raise ValueError(f"rule {rule.name} names the unknown queue {rule.queue}")
            compiled.append((compile_pattern(rule.pattern), rule.queue))
        self._index = RuleIndex(compiled)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the queues."""
        return tuple(self._queues)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules as they were declared."""
        return self._rules

    def queue(self, name: str) -> Queue:
        """A queue's settings. Raises ``KeyError``."""
        return self._queues[name]

    def queues_for(self, event: Event) -> tuple[str, ...]:
        """The queues that get the event, each once, in the order of the rules."""
        return self._index.labels(event.source, event.type, event.detail, event.envelope)
