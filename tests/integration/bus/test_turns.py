"""Turns among partitions, limits of concurrency, and what a receive costs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from fibonacci_bus import Message, Queue
from fibonacci_bus.driver import fetch
from tests.conftest import TestTenant
from tests.integration.bus.rig import Rig, behind, fill

HOUR = timedelta(hours=1)


def pages_of_a_receive(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pages that the server looks at for one receive, by its own count (EXPLAIN, BUFFERS)."""
    plans: list[Any] = []

    def explained(connection: Connection, statement: str, parameters: Any) -> list[Any]:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        plans.extend(fetch(connection, explain, parameters))
        return []

    reader = rig.reader
    reader.receive(["c"])  # plans are made by now
    with monkeypatch.context() as patched:
        patched.setattr("fibonacci_bus.queues.fetch", explained)
        reader.receive(["c"])
    ((answer,),) = plans
    plan = answer[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_a_partition_with_a_hundred_thousand_delays_another_by_one_batch_at_most(
    rig: Rig, new_tenant: Callable[[str], TestTenant]
) -> None:
    fill(rig, rig.tenant_id, 100_000)
    reader = rig.reader
    reader.receive(["c"])
    small = [new_tenant(f"Pequena {n}").id for n in range(12)]
    for tenant_id in small:
        fill(rig, tenant_id, 2)
    taken = [m.tenant_id for _ in range(2) for m in reader.receive(["c"])]
    assert set(small) <= set(taken), "thirteen partitions wait: each has a turn in two batches"
    assert taken.count(rig.tenant_id) <= 2


def test_a_receive_reads_few_pages_however_long_a_queue_is(
    rig: Rig, other_tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rig, rig.tenant_id, 50)
    fill(rig, other_tenant.id, 50)
    short = pages_of_a_receive(rig, monkeypatch)
    fill(rig, rig.tenant_id, 100_000)
    assert pages_of_a_receive(rig, monkeypatch) < 5 * short


def test_a_lone_partition_has_the_whole_batch(rig: Rig) -> None:
    fill(rig, rig.tenant_id, 30)
    assert len(rig.reader.receive(["c"])) == 10


def test_a_queue_has_at_most_so_many_in_flight(rig: Rig) -> None:
    limited = behind(rig, Queue("c", concurrency=3))
    fill(rig, rig.tenant_id, 10)
    first = limited.reader.receive(["c"])
    assert (len(first), limited.reader.receive(["c"])) == (3, [])
    assert len(limited.reader.ack_and_receive(first[:2], ["c"])) == 2
    limited.reader.release(first[2], HOUR)
    assert len(limited.reader.receive(["c"])) == 1, "what waits is not in flight"


def test_a_partition_has_at_most_so_many_in_flight(rig: Rig, other_tenant: TestTenant) -> None:
    limited = behind(rig, Queue("c", partition_concurrency=2))
    fill(rig, rig.tenant_id, 10)
    fill(rig, other_tenant.id, 1)
    taken = [m.tenant_id for _ in range(3) for m in limited.reader.receive(["c"])]
    assert (taken.count(rig.tenant_id), taken.count(other_tenant.id)) == (2, 1)


def test_partitions_at_their_limit_do_not_hide_the_others(
    rig: Rig, new_tenant: Callable[[str], TestTenant]
) -> None:
    limited = behind(rig, Queue("c", partition_concurrency=1))
    tenants = [new_tenant(f"Pequena {n}").id for n in range(6)]
    for tenant_id in tenants:
        fill(rig, tenant_id, 3)
    taken = [m.tenant_id for _ in range(4) for m in limited.reader.receive(["c"], 2)]
    assert sorted(taken) == sorted(tenants)


def test_readers_that_receive_together_do_not_pass_a_limit(rig: Rig) -> None:
    limited = behind(rig, Queue("c", concurrency=5))
    fill(rig, rig.tenant_id, 60)
    start = threading.Barrier(4)
    taken: list[Message] = []

    def receive() -> None:
        reader = limited.reader
        start.wait()
        for _ in range(3):
            taken.extend(reader.receive(["c"], 2))

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 5
