"""Archive and replay: every event stays in ``events``, and can be handed out again.

A replay writes a *copy* of each event under an id of its own (``uuid5`` of the replay's name and
the original's id) and puts that on the queues. The inbox therefore does not call it done, and
still lets each consumer handle it exactly once per replay; running a replay of the same name again
goes on where it was cut. Consumers see ``replayed``, ``replay_name`` and ``origin_id``.

EventBridge marks a replayed event by ``replay-name`` in the envelope; so do we:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.event import Event
from fibonacci_bus.pattern import compile_pattern
from fibonacci_bus.publisher import PENDING, SENT, fan_out
from fibonacci_bus.topology import Topology

Scope = Callable[[UUID], AbstractContextManager[Connection]]
Push = Callable[[Sequence[tuple[Event, Sequence[str]]]], object]
"""Takes copies with their queues; ``EventBridgePublisher.push_copies`` does."""
Progress = Callable[["Replayed"], None]
BATCH = 500
_NAME_LIMIT = 120
_FILTERS = """
    e.tenant_id = :tenant
      AND (CAST(:since AS timestamptz) IS NULL OR e.occurred_at >= CAST(:since AS timestamptz))
      AND (CAST(:until AS timestamptz) IS NULL OR e.occurred_at < CAST(:until AS timestamptz))
      AND (CAST(:moment AS timestamptz) IS NULL OR (e.occurred_at, e.id)
           > (CAST(:moment AS timestamptz), CAST(:last AS uuid)))
      AND (CAST(:trace AS uuid) IS NULL OR e.trace_id = CAST(:trace AS uuid))
      AND e.published_at <= CAST(:started AS timestamptz)
"""
_EVENTS = text(
    f"""
    SELECT e.id, e.source, e.type, e.detail, e.tenant_id, e.trace_id, e.occurred_at,
           e.ordering_key, e.causation_id, e.depth, e.replay_name, e.replayed_from, e.effects,
           CAST(NULL AS text[]) AS queues
    FROM {SCHEMA}.events e WHERE {_FILTERS} AND e.replayed_from IS NULL
    ORDER BY e.occurred_at, e.id LIMIT :limit
    """
)
_DEAD = text(
    f"""
    SELECT e.id, e.source, e.type, e.detail, e.tenant_id, e.trace_id, e.occurred_at,
           e.ordering_key, e.causation_id, e.depth, e.replay_name, e.replayed_from, e.effects,
           d.queues
    FROM {SCHEMA}.events e
    JOIN (SELECT tenant_id, event_id, array_agg(DISTINCT queue ORDER BY queue) AS queues
          FROM {SCHEMA}.dead_letters WHERE tenant_id = :tenant AND redriven_at IS NULL
          GROUP BY tenant_id, event_id) d ON d.tenant_id = e.tenant_id AND d.event_id = e.id
    WHERE {_FILTERS}
    ORDER BY e.occurred_at, e.id LIMIT :limit
    """
)
_COPY = text(
    f"""
    INSERT INTO {SCHEMA}.events (id, tenant_id, source, type, detail, ordering_key, trace_id,
        causation_id, depth, occurred_at, status, replay_name, replayed_from, effects)
    SELECT w.copy_id, e.tenant_id, e.source, e.type, e.detail, e.ordering_key, e.trace_id,
           e.causation_id, e.depth, e.occurred_at, :status, :name, w.origin_id, :effects
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS w(source_id uuid, copy_id uuid, origin_id uuid)
    JOIN {SCHEMA}.events e ON e.tenant_id = :tenant AND e.id = w.source_id
    ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id
    """
)
_WAITING = text(
    f"SELECT id FROM {SCHEMA}.events "
    f"WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) AND status = '{PENDING}'"
)
_REDRIVEN = text(
    f"""
    UPDATE {SCHEMA}.dead_letters SET redriven_at = clock_timestamp(), versao = versao + 1
    WHERE tenant_id = :tenant AND redriven_at IS NULL
      AND (event_id, queue) IN (
        SELECT w.event_id, w.queue FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS w(event_id uuid, queue text))
    """
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which archived events; what is left out does not restrict.

    ``since`` (included) and ``until`` (excluded) are of ``occurred_at``; ``dead_letters`` takes
    only events with a dead letter that was not sent again, each for the queue where it died;
    ``queues`` narrows where they go.
    """

    tenant_id: UUID
    since: datetime | None = None
    until: datetime | None = None
    pattern: Mapping[str, Any] | None = None
    trace_id: UUID | None = None
    dead_letters: bool = False
    queues: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events were looked at, how many of them go out, and messages per queue."""

    looked_at: int
    events: int
    queues: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Chosen:
    event: Event
    queues: tuple[str, ...]


def plan_replay(
    scope: Scope,
    topology: Topology,
    selection: Selection,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Replayed:
    """What a replay would do: nothing is written.

    Raises:
        InvalidPattern: the selection's pattern is wrong.
    """
    looked_at = events = 0
    queues: Counter[str] = Counter()
    for seen, chosen in _batches(scope, topology, selection, batch):
        looked_at += seen
        events += len(chosen)
        queues.update(queue for item in chosen for queue in item.queues)
        if progress is not None:
            progress(Replayed(looked_at, events, dict(queues)))
    return Replayed(looked_at, events, dict(queues))


def run_replay(
    scope: Scope,
    topology: Topology,
    selection: Selection,
    name: str,
    *,
    effects: bool = False,
    batch: int = BATCH,
    progress: Progress | None = None,
    push: Push | None = None,
) -> Replayed:
    """Put copies of archived events on the queues whose rules match them today.

    ``push`` takes the committed copies where queues are not in this database; those that it leaves
    are pushed by the next call of the same name.

    One transaction per ``batch``; ``progress`` is called after each. The counts are of what this
    call queued: a name that ran to its end before queues nothing. ``effects`` is handed to the
    consumers, who keep their hands off the world outside unless it is True.

    Raises:
        InvalidPattern: the selection's pattern is wrong.
        ValueError: the name is empty or longer than 120 characters.
    """
    if not 0 < len(name) <= _NAME_LIMIT:
        raise ValueError(f"a replay's name has 1 to {_NAME_LIMIT} characters")
    looked_at = events = 0
    queues: Counter[str] = Counter()
    for seen, chosen in _batches(scope, topology, selection, batch):
        looked_at += seen
        if chosen:
            copies, added = _copy(scope, selection, name, effects, chosen, push)
            events += copies
            queues.update(added)
        if progress is not None:
            progress(Replayed(looked_at, events, dict(queues)))
    return Replayed(looked_at, events, dict(queues))


def copy_id(tenant_id: UUID, name: str, origin_id: UUID) -> UUID:
    """The id of an event's copy in a replay: the same however often the replay is run."""
    return uuid5(origin_id, f"replay:{tenant_id}:{name}")


def _copy(
    scope: Scope,
    selection: Selection,
    name: str,
    effects: bool,
    chosen: list[_Chosen],
    push: Push | None,
) -> tuple[int, Counter[str]]:
    tenant = selection.tenant_id
    copies = {copy_id(tenant, name, _key(item.event, selection)): item for item in chosen}
    rows = [
        {
            "source_id": str(item.event.id),
            "copy_id": str(copy),
            "origin_id": str(item.event.origin_id),
        }
        for copy, item in copies.items()
    ]
    with scope(tenant) as connection:
        made = set(
            connection.execute(
                _COPY,
                {
                    "rows": json.dumps(rows),
                    "tenant": tenant,
                    "name": name,
                    "effects": effects,
                    "status": SENT if push is None else PENDING,
                },
            ).scalars()
        )
        if push is not None:
            ids = {"tenant": tenant, "ids": [str(copy) for copy in copies]}
            made = set(connection.execute(_WAITING, ids).scalars())
        messages = [
            {
                "tenant_id": str(tenant),
                "queue": queue,
                "event_id": str(copy),
                "ordering_key": item.event.ordering_key,
            }
            for copy, item in copies.items()
            if copy in made
            for queue in item.queues
        ]
        if messages and push is None:
            fan_out(connection, messages)
        if selection.dead_letters:
            _mark_redriven(connection, tenant, chosen)
    if push is not None and made:
        push(
            [
                (_copied(item.event, copy, name, effects), item.queues)
                for copy, item in copies.items()
                if copy in made
            ]
        )
    return len(made), Counter(str(message["queue"]) for message in messages)


def _copied(event: Event, copy: UUID, name: str, effects: bool) -> Event:
    return replace(event, id=copy, replay_name=name, replayed_from=event.origin_id, effects=effects)


def _mark_redriven(connection: Connection, tenant_id: UUID, chosen: list[_Chosen]) -> None:
    letters = [
        {"event_id": str(item.event.id), "queue": queue} for item in chosen for queue in item.queues
    ]
    connection.execute(_REDRIVEN, {"rows": json.dumps(letters), "tenant": tenant_id})


def _key(event: Event, selection: Selection) -> UUID:
    """A dead copy and its dead original are two deliveries; elsewhere only originals are chosen."""
    return event.id if selection.dead_letters else event.origin_id


def _batches(
    scope: Scope, topology: Topology, selection: Selection, batch: int
) -> Iterator[tuple[int, list[_Chosen]]]:
    pattern = compile_pattern(selection.pattern) if selection.pattern is not None else None
    query = _DEAD if selection.dead_letters else _EVENTS
    with scope(selection.tenant_id) as connection:
        started = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    parameters: dict[str, Any] = {
        "tenant": selection.tenant_id,
        "since": selection.since,
        "until": selection.until,
        "trace": selection.trace_id,
        "started": started,
        "limit": batch,
        "moment": None,
        "last": None,
    }
    while True:
        with scope(selection.tenant_id) as connection:
            rows = connection.execute(query, parameters).all()
        if not rows:
            return
        candidates = (_choose(topology, selection, row) for row in rows)
        yield (
            len(rows),
            [
                item
                for item in candidates
                if item.queues and (pattern is None or pattern.matches(item.event.envelope()))
            ],
        )
        if len(rows) < batch:
            return
        parameters |= {"moment": rows[-1].occurred_at, "last": rows[-1].id}


def _choose(topology: Topology, selection: Selection, row: Row[Any]) -> _Chosen:
    event = Event(*tuple(row)[:-1])
    queues: tuple[str, ...] = tuple(row.queues or topology.queues_for(event))
    allowed = frozenset(topology.names)
    if selection.queues is not None:
        allowed &= selection.queues
    return _Chosen(event, tuple(queue for queue in queues if queue in allowed))
