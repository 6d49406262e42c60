"""Queues and rules as one declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fibonacci_bus.event import Event
from fibonacci_bus.pattern import Pattern, compile_pattern


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its settings; ``max_receives`` receives, then the dead letters.

    ``concurrency`` and ``partition_concurrency`` bound how many messages are in flight at a time,
    of the queue and of each partition, over all processes. ``group`` is how many events one
    transaction may claim and commit together: for handlers of milliseconds, whose runs may be
    repeated where a neighbour's commit fails.
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
    """Compiled rules. Those that name exact sources are found by source; the rest are tried."""

    def __init__(self, queues: Iterable[Queue], rules: Iterable[Rule]) -> None:
        """Raises ``InvalidPattern`` for a wrong rule, ``ValueError`` for an unknown queue."""
        self._queues = {queue.name: queue for queue in queues}
        self._rules = tuple(rules)
        self._by_source: dict[str, list[tuple[Pattern, str]]] = {}
        self._others: list[tuple[Pattern, str]] = []
        for rule in self._rules:
            if rule.queue not in self._queues:
                raise ValueError(f"rule {rule.name} names the unknown queue {rule.queue}")
            entry = (compile_pattern(rule.pattern), rule.queue)
            sources = rule.pattern.get("source")
            if isinstance(sources, list | tuple) and all(isinstance(s, str) for s in sources):
                for source in sources:
                    self._by_source.setdefault(source, []).append(entry)
            else:
                self._others.append(entry)

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
        envelope = event.envelope()
        found: dict[str, None] = {}
        for pattern, queue in (*self._by_source.get(event.source, ()), *self._others):
            if queue not in found and pattern.matches(envelope):
                found[queue] = None
        return tuple(found)
