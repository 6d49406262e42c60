"""kill -9 at each step of publish, receive, claim, run, commit, acknowledge: a hundred times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.database import ROOT, Urls
from tests.integration.bus.doomed import STEPS
from tests.integration.bus.rig import Rig

pytestmark = pytest.mark.untraced

KILLS = 7 * len(STEPS)


@pytest.mark.faults
def test_a_hundred_kills_lose_no_event_and_repeat_no_effect(rig: Rig, fresh_database: Urls) -> None:
    task = {
        "app": fresh_database.app,
        "relay": fresh_database.relay,
        "tenant": str(rig.tenant_id),
        "kills": KILLS,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.bus.doomed"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == dict.fromkeys(STEPS, 7)
    assert KILLS >= 100

    stored = rig.rows("SELECT id, source, causation_id FROM fibonacci_core.events")
    wanted = Counter(("a" if row.source == "pedido" else "b", row.id) for row in stored)
    happened = Counter((row.consumer, row.event_id) for row in rig.effects())
    assert happened == wanted, "each stored event has exactly one effect"
    assert set(happened.values()) == {1}

    first = {row.id for row in stored if row.source == "pedido"}
    caused = [row.causation_id for row in stored if row.source == "feito"]
    assert sorted(caused) == sorted(first), "what a commit publishes is published once"
    lost_in_rollback = 7 * 3
    assert len(first) == KILLS * 3 - lost_in_rollback

    assert rig.rows("SELECT 1 FROM fibonacci_core.queue_messages") == []
    assert rig.rows("SELECT 1 FROM fibonacci_core.leases") == []
    assert rig.dead_letters() == []
    unfinished = rig.rows("SELECT status FROM fibonacci_core.inbox WHERE status <> 'done'")
    assert unfinished == []
    again = rig.rows("SELECT count(*) AS n FROM fibonacci_core.inbox WHERE attempts > 1")
    assert again[0].n > 0, "some events were claimed by a worker that died"
