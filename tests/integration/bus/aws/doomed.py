"""A process that publishes on AWS and kills itself before or after a call of PutEvents."""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from alquimista.db.session import Database
from fibonacci_bus import Event
from fibonacci_bus.aws import EventBridgePublisher
from tests.integration.bus.aws.cloud import events_client
from tests.integration.bus.rig import DEFAULT_TOPOLOGY


class Doomed:
    """EventBridge, until the call at which the process dies."""

    def __init__(self, endpoint: str, call: int, before: bool) -> None:
        self._client = events_client(endpoint)
        self._left = call
        self._before = before

    def put_events(self, **request: Any) -> Any:
        """PutEvents; dies as told."""
        self._left -= 1
        if self._left == 0 and self._before:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self._client.put_events(**request)
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def main(told: dict[str, Any]) -> None:
    """Publish the events of ``told`` in one transaction and push them."""
    database = Database(told["app"], told["relay"])
    client: Any = Doomed(told["endpoint"], told["call"], told["before"])
    publisher = EventBridgePublisher(
        client, DEFAULT_TOPOLOGY, database.scope, bus_name=told["bus_name"]
    )
    tenant_id = UUID(told["tenant_id"])
    events = [
        Event(
            id=UUID(one),
            source="so.c",
            type="novo",
            detail={},
            tenant_id=tenant_id,
            trace_id=UUID(one),
            occurred_at=datetime.now(UTC),
        )
        for one in told["ids"]
    ]
    with publisher.pushing()(tenant_id) as connection:
        publisher.publish(connection, events)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
