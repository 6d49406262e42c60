"""What a server's clock that was set back leaves behind: moments that are far in the future.

Leases, visibility and breakers end by the server's clock. Set forward, it ends them early, and
tokens keep that harmless; set back, it would keep them for as long as it was ahead. So a moment
further away than any can be by itself counts as past.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, text

from fibonacci_bus.ddl import SCHEMA
from fibonacci_bus.topology import Queue

logger = logging.getLogger(__name__)
LONGEST_WAIT = timedelta(minutes=15)
"""Longer than a message waits for its next try, or a queue hides it (the longer of the two)."""
LONGEST_LEASE = timedelta(minutes=20)
LEASES = 20
"""No lease is as long as the longer of the two: so many times a single one, for groups."""
_SHOW = f"""
    UPDATE {SCHEMA}.queue_messages q SET visible_at = clock_timestamp()
    FROM unnest(CAST(:names AS text[]), CAST(:seconds AS double precision[]))
        AS c(name, seconds)
    WHERE q.queue = c.name AND q.state IN (%s)
      AND q.visible_at > clock_timestamp() + make_interval(secs => greatest(c.seconds, :longest))
"""
_SHOW_FIRST = text(_SHOW % "'waiting', 'in_flight'")
_SHOW_PARKED = text(_SHOW % "'parked'")


def longest_lease(lease: timedelta) -> timedelta:
    """Further away than any lease ends, where one event's lasts ``lease``."""
    return max(LONGEST_LEASE, LEASES * lease)


def show_hidden(connection: Connection, queues: Sequence[Queue]) -> int:
    """Show the messages that a clock which was set back has hidden; answers how many.

    A published delay is left as it is: how long it may be is the application's affair.
    """
    asked = {
        "names": [queue.name for queue in queues],
        "seconds": [queue.visibility_timeout.total_seconds() for queue in queues],
        "longest": LONGEST_WAIT.total_seconds(),
    }
    shown: int = connection.execute(_SHOW_FIRST, asked).rowcount
    if shown:
        # What is parked waits behind one of these, and has no index of its own.
        shown += connection.execute(_SHOW_PARKED, asked).rowcount
        logger.warning("the server's clock was set back: %d messages are shown again", shown)
    return shown
