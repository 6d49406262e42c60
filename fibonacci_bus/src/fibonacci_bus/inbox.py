"""The inbox: an event is handled once by a consumer, however often it is delivered.

All functions run in the application's transaction of the event's tenant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from fibonacci_bus.clock import longest_lease
from fibonacci_bus.consumer import EVENT_COLUMNS
from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.driver import array, fetch
from fibonacci_bus.errors import ErrorClass, LostClaim
from fibonacci_bus.event import Event

_CLAIM = f"""
    WITH lease AS (
        INSERT INTO {SCHEMA}.leases AS l
            (tenant_id, consumer, ordering_key, event_id, token, lease_until)
        SELECT %(tenant)s, %(consumer)s, %(ordering_key)s::text, %(event)s, %(token)s,
               clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE %(ordering_key)s::text IS NOT NULL
        ON CONFLICT (tenant_id, consumer, ordering_key) DO UPDATE
            SET event_id = excluded.event_id, token = excluded.token,
                lease_until = excluded.lease_until
            WHERE l.lease_until < clock_timestamp() OR l.event_id = excluded.event_id
               OR l.lease_until > clock_timestamp() + make_interval(secs => %(longest)s)
        RETURNING 1
    ), box AS (
        INSERT INTO {SCHEMA}.inbox AS i
            (tenant_id, event_id, consumer, status, attempts, token, lease_until)
        SELECT %(tenant)s, %(event)s, %(consumer)s, 'running', 1, %(token)s,
               clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE %(ordering_key)s::text IS NULL OR EXISTS (SELECT 1 FROM lease)
        ON CONFLICT (tenant_id, event_id, consumer) DO UPDATE
            SET status = 'running', attempts = i.attempts + 1, token = excluded.token,
                lease_until = excluded.lease_until
            WHERE i.status <> 'done' AND (i.lease_until < clock_timestamp()
               OR i.lease_until > clock_timestamp() + make_interval(secs => %(longest)s))
        RETURNING attempts
    )
    SELECT (SELECT attempts FROM box) AS attempts,
           set_config('synchronous_commit', 'off', true) AS hasty,
           (SELECT status FROM {SCHEMA}.inbox WHERE tenant_id = %(tenant)s AND event_id = %(event)s
            AND consumer = %(consumer)s) AS known,
           {EVENT_COLUMNS}
    FROM (SELECT 1) AS one
    LEFT JOIN {SCHEMA}.events e ON e.tenant_id = %(tenant)s AND e.id = %(event)s
    """
_SETTLE = f"""
    WITH freed AS (
        DELETE FROM {SCHEMA}.leases WHERE tenant_id = %(tenant)s AND consumer = %(consumer)s
            AND ordering_key = %(ordering_key)s::text AND token = %(token)s
        RETURNING 1
    )
    UPDATE {SCHEMA}.inbox SET status = 'done', done_at = clock_timestamp(),
        last_error = NULL, last_error_class = NULL, duration_ms = %(duration)s
    WHERE tenant_id = %(tenant)s AND event_id = %(event)s AND consumer = %(consumer)s
      AND token = %(token)s AND status = 'running' AND (SELECT count(*) FROM freed) >= 0
    RETURNING 1
    """
_FAIL = text(
    f"""
    WITH freed AS (
        DELETE FROM {SCHEMA}.leases WHERE tenant_id = :tenant AND consumer = :consumer
            AND ordering_key = CAST(:ordering_key AS text) AND token = :token
        RETURNING 1
    )
    UPDATE {SCHEMA}.inbox SET lease_until = clock_timestamp(), status = 'failed',
        last_error_class = :error_class, last_error = :error
    WHERE tenant_id = :tenant AND event_id = :event AND consumer = :consumer
      AND token = :token AND status = 'running' AND (SELECT count(*) FROM freed) >= 0
    """
)
_GIVE_BACK = text(
    f"""
    WITH freed AS (
        DELETE FROM {SCHEMA}.leases WHERE tenant_id = :tenant AND consumer = :consumer
            AND ordering_key = CAST(:ordering_key AS text) AND token = :token
        RETURNING 1
    )
    UPDATE {SCHEMA}.inbox
    SET lease_until = clock_timestamp(), status = 'failed', attempts = attempts - 1
    WHERE tenant_id = :tenant AND event_id = :event AND consumer = :consumer
      AND token = :token AND status = 'running' AND (SELECT count(*) FROM freed) >= 0
    """
)
_CLAIM_GROUP = f"""
    SELECT {EVENT_COLUMNS}
    FROM {SCHEMA}.inbox_claim(%(tenant)s::uuid, %(consumer)s, %(events)s::uuid[],
        %(keys)s::text[], %(token)s::uuid, %(seconds)s)
    """
_SETTLE_GROUP = f"""
    SELECT {SCHEMA}.inbox_settle(%(tenant)s::uuid, %(consumer)s, %(events)s::uuid[],
        %(keys)s::text[], %(token)s::uuid, %(duration)s)
    """
_LOAD_GROUP = f"""
    SELECT id::text, source, type, detail, trace_id, occurred_at, ordering_key, causation_id,
           depth, replay_name, replayed_from, effects
    FROM {SCHEMA}.inbox_load(%(tenant)s::uuid, %(consumer)s, %(events)s::uuid[])
    """
_DONE_GROUP = f"""
    SELECT {SCHEMA}.inbox_done(%(tenant)s::uuid, %(consumer)s, %(events)s::uuid[],
        %(token)s::uuid, %(duration)s)
    """
# Claims do not wait for the disk: the settlement does, and whatever came before it is then kept.
# A server that crashes between the two forgets a claim whose token settles nothing any more.
# Everybody locks the lease before the inbox row, or a claim and a settlement could deadlock:
# hence the sub-selects that make the one wait for the other.
# A lease that ends too far away was taken before the server's clock was set back; see clock.py.


@dataclass(frozen=True, slots=True)
class Claimed:
    """The event is ours until the lease ends; ``attempt`` starts at 1."""

    tenant_id: UUID
    event_id: UUID
    consumer: str
    ordering_key: str | None
    token: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The consumer has handled the event: acknowledge and go on."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Another worker has the event, or another event of its ordering key."""


class NotClaimed(Exception):
    """A worker's claim was refused, with the answer."""

    def __init__(self, answer: AlreadyDone | Busy) -> None:
        super().__init__()
        self.answer = answer


class Skipped(Exception):
    """The event is acknowledged unhandled."""


class Exhausted(Exception):
    """The event has had all its attempts: the workers that ran it died."""


def claim(
    connection: Connection,
    tenant_id: UUID,
    event_id: UUID,
    consumer: str,
    lease: timedelta,
    ordering_key: str | None,
) -> Claimed | AlreadyDone | Busy:
    """Claim an event for a consumer. Roll the transaction back unless the answer is ``Claimed``."""
    answer = claim_and_load(connection, tenant_id, event_id, consumer, lease, ordering_key)
    return answer[0] if isinstance(answer, tuple) else answer


def claim_and_load(
    connection: Connection,
    tenant_id: UUID,
    event_id: UUID,
    consumer: str,
    lease: timedelta,
    ordering_key: str | None,
) -> tuple[Claimed, Event | None] | AlreadyDone | Busy:
    """As ``claim``, with the event; None where it is gone."""
    token = uuid4()
    ((attempts, _, known, *columns),) = fetch(
        connection,
        _CLAIM,
        {
            "tenant": tenant_id,
            "event": event_id,
            "consumer": consumer,
            "ordering_key": ordering_key,
            "token": token,
            "seconds": lease.total_seconds(),
            "longest": longest_lease(lease).total_seconds(),
        },
    )
    if attempts is not None:
        claimed = Claimed(tenant_id, event_id, consumer, ordering_key, token, attempts)
        return claimed, Event(*columns) if columns[0] is not None else None
    return AlreadyDone() if known == "done" else Busy()


def settle(connection: Connection, claimed: Claimed, duration_ms: int) -> None:
    """Mark the event done and free the lease, in the commit transaction.

    Raises:
        LostClaim: the row is no longer ours; the transaction must roll back.
    """
    if not fetch(connection, _SETTLE, {**_parameters(claimed), "duration": duration_ms}):
        raise LostClaim(f"{claimed.consumer} lost {claimed.event_id}")


def fail(connection: Connection, claimed: Claimed, error_class: ErrorClass, error: str) -> bool:
    """Give the claim back and keep the error for the dead letter; False where it was not ours."""
    given = connection.execute(
        _FAIL, {**_parameters(claimed), "error_class": error_class.value, "error": error}
    )
    return given.rowcount == 1


def give_back(connection: Connection, claimed: Claimed) -> bool:
    """Undo a claim whose run was cut by the database, not by the event: it is no attempt."""
    given = connection.execute(_GIVE_BACK, _parameters(claimed))
    return given.rowcount == 1


def claim_group(
    connection: Connection,
    tenant_id: UUID,
    events: Mapping[UUID, str | None],
    consumer: str,
    lease: timedelta,
) -> dict[UUID, tuple[Claimed, Event]]:
    """Claim new events, given with their ordering keys, and load them, in one statement.

    Answers those that are there, free and never claimed before. Roll the transaction back where
    one is missing, and claim each alone. No two of the events share an ordering key.
    """
    token = uuid4()
    rows = fetch(
        connection,
        _CLAIM_GROUP,
        {
            "tenant": str(tenant_id),
            "consumer": consumer,
            "events": array(events),
            "keys": list(events.values()),
            "token": str(token),
            "seconds": lease.total_seconds(),
        },
    )
    loaded = [Event(*row) for row in rows]
    return {
        event.id: (Claimed(tenant_id, event.id, consumer, events[event.id], token, 1), event)
        for event in loaded
    }


def settle_group(connection: Connection, claims: Sequence[Claimed], duration_ms: int) -> None:
    """Mark the events of one claim done and free their leases; each took ``duration_ms``.

    Raises:
        LostClaim: a row is no longer ours; the transaction must roll back.
    """
    first = claims[0]
    ((settled,),) = fetch(
        connection,
        _SETTLE_GROUP,
        {
            "tenant": str(first.tenant_id),
            "consumer": first.consumer,
            "events": array(claimed.event_id for claimed in claims),
            "keys": [claimed.ordering_key for claimed in claims],
            "token": str(first.token),
            "duration": duration_ms,
        },
    )
    if settled != len(claims):
        raise LostClaim(f"{first.consumer} lost {len(claims) - settled} of {len(claims)}")


def load_group(
    connection: Connection, tenant_id: UUID, events: Sequence[UUID], consumer: str
) -> dict[UUID, Event]:
    """Those of the events that the inbox knows nothing of, by id. Nothing is claimed."""
    known = {str(event): event for event in events}
    rows = fetch(
        connection,
        _LOAD_GROUP,
        {"tenant": str(tenant_id), "consumer": consumer, "events": array(known)},
    )
    return {
        known[text_id]: Event(known[text_id], source, kind, detail, tenant_id, *rest)
        for text_id, source, kind, detail, *rest in rows
    }


def done_group(
    connection: Connection,
    tenant_id: UUID,
    events: Sequence[UUID],
    consumer: str,
    duration_ms: int,
) -> None:
    """Mark unclaimed events as done; each took ``duration_ms``.

    Of two workers that have run the same event, the first to get here has it.

    Raises:
        LostClaim: the inbox has one of them already; the transaction must roll back.
    """
    ((settled,),) = fetch(
        connection,
        _DONE_GROUP,
        {
            "tenant": str(tenant_id),
            "consumer": consumer,
            "events": array(events),
            "token": str(uuid4()),
            "duration": duration_ms,
        },
    )
    if settled != len(events):
        raise LostClaim(f"{consumer} lost {len(events) - settled} of {len(events)}")


def _parameters(claimed: Claimed) -> dict[str, object]:
    return {
        "tenant": claimed.tenant_id,
        "event": claimed.event_id,
        "consumer": claimed.consumer,
        "ordering_key": claimed.ordering_key,
        "token": claimed.token,
    }
