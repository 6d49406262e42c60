"""A publisher killed between its commit and its push: every event is handled, each once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.database import ROOT, Urls
from tests.integration.bus.aws.cloud import Cloud
from tests.integration.bus.rig import Toy

pytestmark = pytest.mark.untraced

EVENTS = 25


@pytest.mark.faults
@pytest.mark.parametrize(("call", "before"), [(1, True), (1, False), (2, True), (3, False)])
def test_a_killed_publisher_loses_no_event_and_the_sweep_repeats_no_effect(
    cloud: Cloud, fresh_database: Urls, endpoint: str, call: int, before: bool
) -> None:
    ids = [str(uuid4()) for _ in range(EVENTS)]
    told = {
        "app": fresh_database.app,
        "relay": fresh_database.relay,
        "endpoint": endpoint,
        "bus_name": cloud.declared.bus_name,
        "tenant_id": str(cloud.rig.tenant_id),
        "ids": ids,
        "call": call,
        "before": before,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.bus.aws.doomed", json.dumps(told)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pushed = min(EVENTS, 10 * (call - before))
    assert cloud.count() == pushed
    assert cloud.statuses() == ["pendente"] * EVENTS, "killed before it could mark any"
    swept = cloud.publisher().sweep(cloud.rig.database.relay_engine, older_than=timedelta(0))
    assert swept == EVENTS
    assert cloud.count() == EVENTS + pushed, "those that were pushed come twice"
    pump = cloud.pump(Toy())
    while pump.invoke(cloud.url()) is not None:
        pass
    handled = Counter(row.event_id for row in cloud.rig.effects())
    assert handled == Counter(UUID(one) for one in ids)
    assert (cloud.count(), cloud.dead_letters()) == (0, [])
