"""Several events in one commit, for handlers of milliseconds.

Where the queue keeps the order itself (PostgreSQL), a group is loaded, run and committed in one
transaction, without claims: the receipts hold its messages, the queue hands out nothing else of
their ordering keys meanwhile, and of two workers that have run one event (a receipt ran out) the
first to commit wins and the other's transaction rolls back, since the inbox takes one row per event
and consumer. What a claim would add is the count of attempts, and that begins with the second
receive: a message that was received before is alone.

Elsewhere (SQS) a group is claimed in one transaction and committed in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from fibonacci_bus.consumer import Commit, Consumer, Scope
from fibonacci_bus.driver import unreachable
from fibonacci_bus.event import Event
from fibonacci_bus.inbox import Claimed, claim_group, done_group, load_group, settle_group
from fibonacci_bus.queues import Message
from fibonacci_bus.topology import Topology

Ready = tuple[Message, Claimed, Event, Commit]


class GroupRefused(Exception):
    """A group cannot be claimed whole: each of its messages is handled alone."""


def grouped(messages: Sequence[Message], topology: Topology) -> list[list[Message]]:
    """What one transaction may claim: new events of one queue and partition.

    What was received before is alone: it may have killed the worker that had it. Two messages of
    one event are never in one group.
    """
    groups: list[list[Message]] = []
    filling: dict[tuple[str, UUID], list[Message]] = {}
    for message in messages:
        size = topology.queue(message.queue).group
        group = filling.get((message.queue, message.tenant_id))
        if message.receives > 1 or size < 2:
            groups.append([message])
        elif group is None or len(group) == size or _repeats(group, message):
            groups.append([message])
            filling[message.queue, message.tenant_id] = groups[-1]
        else:
            group.append(message)
    return groups


def _repeats(group: Sequence[Message], message: Message) -> bool:
    key = message.ordering_key
    return any(
        other.event_id == message.event_id or (key is not None and other.ordering_key == key)
        for other in group
    )


def claim_whole(
    scope: Scope, consumer: Consumer, messages: Sequence[Message], margin: timedelta
) -> list[tuple[Message, Claimed, Event]]:
    """Claim all of a group and load its events, in one transaction.

    Raises:
        GroupRefused: one was done, busy, tried before, gone, or not admitted; none is claimed.
    """
    tenant_id = messages[0].tenant_id
    keys = {message.event_id: message.ordering_key for message in messages}
    lease = consumer.deadline * len(messages) + margin
    with scope(tenant_id) as connection:
        claims = claim_group(connection, tenant_id, keys, consumer.name, lease)
        if len(claims) != len(messages):
            raise GroupRefused
        if not all(consumer.admit(connection, event) for _, event in claims.values()):
            raise GroupRefused
    return [(message, *claims[message.event_id]) for message in messages]


def run_whole(
    scope: Scope, consumer: Consumer, messages: Sequence[Message]
) -> list[tuple[Message, Exception]]:
    """Load, run and commit an unclaimed group in one transaction; answers whose runs failed.

    Raises:
        GroupRefused: one was done, busy, tried before, gone, or not admitted; none was run.
        LostClaim: another worker has done one of them meanwhile; nothing is written.
    """
    started, tenant_id = monotonic(), messages[0].tenant_id
    failed: list[tuple[Message, Exception]] = []
    with scope(tenant_id) as connection:
        wanted = [message.event_id for message in messages]
        events = load_group(connection, tenant_id, wanted, consumer.name)
        if len(events) != len(messages):
            raise GroupRefused
        if not all(consumer.admit(connection, event) for event in events.values()):
            raise GroupRefused
        done: list[UUID] = []
        commits: list[Commit] = []
        for message in messages:
            event = events[message.event_id]
            try:
                commits.append(consumer.run(event, 1))
            except Exception as error:
                if isinstance(error, DBAPIError) and unreachable(error):
                    raise
                failed.append((message, error))
                continue
            done.append(event.id)
        if done:
            elapsed = int((monotonic() - started) * 1000) // len(done)
            done_group(connection, tenant_id, done, consumer.name, elapsed)
            for commit in commits:
                commit(connection)
    return failed


def commit_whole(scope: Scope, ready: Sequence[Ready], started: float) -> None:
    """Settle what a group has run and write its effects, in one transaction.

    Raises:
        LostClaim: another worker has one of them; nothing is written.
    """
    elapsed = int((monotonic() - started) * 1000) // len(ready)
    with scope(ready[0][1].tenant_id) as connection:
        settle_group(connection, [claimed for _, claimed, _, _ in ready], elapsed)
        for _, _, _, commit in ready:
            commit(connection)
