"""Publishing: event and fan-out join the caller's transaction; there is no relay between."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.driver import fetch
from fibonacci_bus.errors import EventTooLarge
from fibonacci_bus.event import MAX_BYTES, MAX_DEPTH, Event
from fibonacci_bus.topology import Topology

CHANNEL = "fibonacci_bus"
PENDING = "pendente"
SENT = "enviado"
_STORE = f"""
    INSERT INTO {SCHEMA}.events (id, tenant_id, source, type, detail, ordering_key, trace_id,
                                 causation_id, depth, occurred_at, status, replay_name, effects)
    SELECT e.id, e.tenant_id, e.source, e.type, e.detail, e.ordering_key, e.trace_id,
           e.causation_id, e.depth, e.occurred_at, %(status)s, e.replay_name, e.effects
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS e(
        id uuid, tenant_id uuid, source text, type text, detail jsonb, ordering_key text,
        trace_id uuid, causation_id uuid, depth integer, occurred_at timestamptz,
        replay_name text, effects boolean)
    ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id"""
_STORED = f"WITH stored AS ({_STORE}) SELECT id::text FROM stored"
_PUBLISH = f"""
    WITH stored AS ({_STORE}, tenant_id, ordering_key),
    queued AS (
        INSERT INTO {SCHEMA}.queue_messages
            (tenant_id, queue, event_id, ordering_key, visible_at, state)
        SELECT s.tenant_id, m.queue, s.id, s.ordering_key,
               clock_timestamp() + make_interval(secs => %(delay)s),
               CASE WHEN %(delay)s > 0 THEN 'delayed' ELSE 'waiting' END
        FROM ROWS FROM (
            jsonb_to_recordset(%(messages)s::jsonb) AS (queue text, event_id uuid)
        ) WITH ORDINALITY AS m(queue, event_id, place)
        JOIN stored s ON s.id = m.event_id
        ORDER BY m.place
        RETURNING 1
    )
    SELECT id::text, (SELECT pg_notify(%(channel)s, '')
                      WHERE %(delay)s = 0 AND EXISTS (SELECT 1 FROM queued))
    FROM stored
    """
_encoded = json.JSONEncoder(ensure_ascii=False).encode
_FAN_OUT = text(
    f"""
    INSERT INTO {SCHEMA}.queue_messages
        (tenant_id, queue, event_id, ordering_key, visible_at, state)
    SELECT m.tenant_id, m.queue, m.event_id, m.ordering_key,
           clock_timestamp() + make_interval(secs => :delay),
           CASE WHEN :delay > 0 THEN 'delayed' ELSE 'waiting' END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS m(tenant_id uuid, queue text, event_id uuid, ordering_key text)
    """
)
_NOTIFY = text("SELECT pg_notify(:channel, '')")
_TAKE = text(
    f"""
    UPDATE {SCHEMA}.dead_letters SET redriven_at = clock_timestamp(), versao = versao + 1
    WHERE tenant_id = :tenant AND id = :id AND redriven_at IS NULL
    RETURNING queue, event_id, ordering_key
    """
)
_FORGET = text(
    f"""
    DELETE FROM {SCHEMA}.inbox WHERE tenant_id = :tenant AND event_id = :event
      AND consumer = :consumer AND status <> 'done'
    """
)
_DEAD = text(
    f"""
    INSERT INTO {SCHEMA}.dead_letters
        (id, tenant_id, queue, event_id, ordering_key, error_class, error_text, receives)
    VALUES (:id, :tenant_id, :queue, :event_id, :ordering_key, 'permanent', :error, 0)
    """
)


def publish(
    connection: Connection,
    events: Sequence[Event],
    topology: Topology,
    *,
    delay: timedelta = timedelta(0),
) -> None:
    """Store events and put them on every queue whose rules match, in the caller's transaction.

    Idempotent by event id: what is stored already is not fanned out again. An event deeper than
    50 in its chain goes to the dead letters of its queues instead.

    Raises:
        EventTooLarge: over 256 KB as JSON.
    """
    if not events:
        return
    rows: list[str] = []
    messages: list[dict[str, str | None]] = []
    deep: dict[UUID, Event] = {}
    seen: set[UUID] = set()
    for event in events:
        if event.id in seen:
            continue
        seen.add(event.id)
        rows.append(_row(event))
        if event.depth > MAX_DEPTH:
            deep[event.id] = event
            continue
        messages.extend(
            {"queue": queue, "event_id": str(event.id)} for queue in topology.queues_for(event)
        )
    stored = fetch(
        connection,
        _PUBLISH,
        {
            "rows": f"[{','.join(rows)}]",
            "messages": _encoded(messages),
            "status": SENT,
            "delay": delay.total_seconds(),
            "channel": CHANNEL,
        },
    )
    for event_id in (UUID(row[0]) for row in stored) if deep else ():
        if event_id in deep:
            for queue in topology.queues_for(deep[event_id]):
                bury_loop(connection, deep[event_id], queue)


def send_to_queue(
    connection: Connection,
    event_id: UUID,
    queue: str,
    tenant_id: UUID,
    *,
    ordering_key: str | None = None,
    delay: timedelta = timedelta(0),
) -> None:
    """Put one more copy of a stored event on one queue."""
    row = {
        "tenant_id": str(tenant_id),
        "queue": queue,
        "event_id": str(event_id),
        "ordering_key": ordering_key,
    }
    fan_out(connection, [row], delay=delay)


def fan_out(
    connection: Connection,
    messages: Sequence[Mapping[str, str | None]],
    *,
    delay: timedelta = timedelta(0),
) -> None:
    """Put stored events on queues: ``tenant_id``, ``queue``, ``event_id``, ``ordering_key`` each.

    Workers that wait are woken at the commit.
    """
    connection.execute(
        _FAN_OUT, {"rows": json.dumps(list(messages)), "delay": delay.total_seconds()}
    )
    if not delay:
        connection.execute(_NOTIFY, {"channel": CHANNEL})


@dataclass(frozen=True, slots=True)
class Taken:
    """A dead letter that is to go on its queue again."""

    queue: str
    event_id: UUID
    ordering_key: str | None


def redrive(connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> bool:
    """Put a dead letter back on its queue with fresh attempts; False where there is none left."""
    taken = take_dead_letter(connection, tenant_id, dead_letter_id)
    if taken is None:
        return False
    send_to_queue(
        connection, taken.event_id, taken.queue, tenant_id, ordering_key=taken.ordering_key
    )
    return True


def take_dead_letter(connection: Connection, tenant_id: UUID, dead_letter_id: UUID) -> Taken | None:
    """Mark a dead letter as sent again and forget its attempts; None where there is none left.

    The caller puts it on its queue in the same transaction, or rolls back.
    """
    asked = {"tenant": tenant_id, "id": dead_letter_id}
    row = connection.execute(_TAKE, asked).one_or_none()
    if row is None:
        return None
    connection.execute(_FORGET, {"tenant": tenant_id, "event": row.event_id, "consumer": row.queue})
    return Taken(row.queue, row.event_id, row.ordering_key)


def store(connection: Connection, events: Sequence[Event], *, status: str) -> set[UUID]:
    """Store events; answers the ids of those that were not stored before.

    Raises:
        EventTooLarge: over 256 KB as JSON.
    """
    rows = [_row(event) for event in events]
    answer = fetch(connection, _STORED, {"rows": f"[{','.join(rows)}]", "status": status})
    return {UUID(row[0]) for row in answer}


def _row(event: Event) -> str:
    row = _encoded(
        {
            "id": str(event.id),
            "tenant_id": str(event.tenant_id),
            "source": event.source,
            "type": event.type,
            "detail": event.detail,
            "ordering_key": event.ordering_key,
            "trace_id": str(event.trace_id),
            "causation_id": str(event.causation_id) if event.causation_id else None,
            "depth": event.depth,
            "occurred_at": event.occurred_at.isoformat(),
            "replay_name": event.replay_name,
            "effects": event.effects,
        }
    )
    size = len(row.encode())
    if size > MAX_BYTES:
        raise EventTooLarge(f"{event.source} {event.type} has {size} bytes, over {MAX_BYTES}")
    return row


def bury_loop(connection: Connection, event: Event, queue: str) -> None:
    """Keep an event whose chain is too deep as a dead letter of a queue that wanted it."""
    connection.execute(
        _DEAD,
        {
            "id": uuid4(),
            "tenant_id": event.tenant_id,
            "queue": queue,
            "event_id": event.id,
            "ordering_key": event.ordering_key,
            "error": f"the chain of events is deeper than {MAX_DEPTH}",
        },
    )
