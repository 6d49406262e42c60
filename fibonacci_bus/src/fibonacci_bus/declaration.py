"""Queues and rules as plain data: what both homes are set up from, and tools that are not Python.

``declared`` and ``topology_of`` are each other's inverse. The AWS home's ``declare`` derives names
and limits from the same ``Topology``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fibonacci_bus.errors import InvalidDeclaration
from fibonacci_bus.topology import Queue, Rule, Topology

VERSION = 1


def declared(topology: Topology) -> dict[str, Any]:
    """A topology as JSON. Durations are in seconds; null is no limit."""
    return {
        "version": VERSION,
        "queues": [_queue(topology.queue(name)) for name in topology.names],
        "rules": [
            {"name": rule.name, "queue": rule.queue, "pattern": dict(rule.pattern)}
            for rule in topology.rules
        ],
    }


def topology_of(data: Mapping[str, Any]) -> Topology:
    """The topology that a declaration says.

    Raises:
        InvalidDeclaration: another version, or a part is missing or unknown.
        InvalidPattern: a rule's pattern is wrong.
        ValueError: a rule names a queue that is not declared.
    """
    if data.get("version") != VERSION:
        raise InvalidDeclaration(f"version {data.get('version')!r}, not {VERSION}")
    try:
        queues = [
            Queue(
                **{
                    **item,
                    "visibility_timeout": timedelta(seconds=item["visibility_timeout"]),
                    "retention": timedelta(seconds=item["retention"]),
                }
            )
            for item in data["queues"]
        ]
        rules = [Rule(**item) for item in data["rules"]]
    except (KeyError, TypeError) as error:
        raise InvalidDeclaration(f"{type(error).__name__}: {error}") from error
    return Topology(queues, rules)


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "visibility_timeout": queue.visibility_timeout.total_seconds(),
        "max_receives": queue.max_receives,
        "retention": queue.retention.total_seconds(),
        "concurrency": queue.concurrency,
        "partition_concurrency": queue.partition_concurrency,
        "group": queue.group,
    }
