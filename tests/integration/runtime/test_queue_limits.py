"""The limits of queues that settings name, in a whole system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from alquimista.runtime.publishing import NewEvent
from alquimista.runtime.topology import DEMO_QUEUE
from alquimista.settings import QueueLimits, Settings
from tests.database import Urls
from tests.integration.conftest import Way, settings_of
from tests.integration.test_main_way import import_leads

LIMITS = {
    DEMO_QUEUE: QueueLimits(partition_concurrency=2),
    "*": QueueLimits(concurrency=3, group=5),
}


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    """Settings with limits for every queue."""
    found = settings_of(fresh_database, tmp_path)
    return replace(found, bus=replace(found.bus, queues=LIMITS))


def test_no_more_of_a_tenants_messages_are_in_flight_than_its_queue_allows(way: Way) -> None:
    demo = [NewEvent("fibonacci.demo", "tick", {"n": n}, uuid4()) for n in range(5)]
    with way.uow() as uow:
        way.system.services.publisher.publish(uow, demo)
    reader = way.system.services.queues
    assert len(reader.receive([DEMO_QUEUE])) == 2
    assert reader.receive([DEMO_QUEUE]) == []


def test_agents_work_where_their_events_share_transactions(way: Way) -> None:
    import_leads(way)
    assert {c["status"] for c in way.call("GET", "/api/campanhas")["itens"]} == {"ativa"}
    assert len(way.call("GET", "/api/leads")["itens"]) == 5
    assert way.call("GET", "/api/dead-letters")["itens"] == []
