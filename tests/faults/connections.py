"""All connections of the server are taken by others, again and again."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psycopg2
from sqlalchemy import make_url

from alquimista.db.roles import APP
from tests.faults import api
from tests.faults.storm import Result, Say, Scene, load

LIMIT = 40
OPTIONS = ("-c", f"max_connections={LIMIT}")
_HOLD_SECONDS = 3.0
_RECOVERY_SECONDS = 30.0


def connections(folder: Path, seed: int, rounds: int, say: Say) -> Result:
    """Cut everybody off, take what is free, hold it; then see that all comes back by itself."""
    rng, result = random.Random(seed), Result(seed)
    slow = refused = 0
    with load(folder, result, options=OPTIONS) as scene:
        caller = api.enlist(scene)
        for number in range(1, rounds + 1):
            time.sleep(rng.uniform(0.5, 1.5))
            taken = _take(scene)
            refused += not caller.until(api.UNAVAILABLE, _HOLD_SECONDS * 3, scene.troop.reap)
            caller.keep_calling(_HOLD_SECONDS, scene.troop.reap)
            for connection in taken:
                connection.close()
            slow += not caller.until(api.ACCEPTED, _RECOVERY_SECONDS, scene.troop.reap)
            result.faults["connections: all taken"] += 1
            say(f"{number}/{rounds} rounds, {len(taken)} connections taken")
    api.judge(result, caller, refused, slow)
    return result


def _take(scene: Scene) -> list[psycopg2.extensions.connection]:
    """Reset the system's connections, and be faster than it until the server refuses."""
    address = make_url(scene.place.admin)
    taken = []
    for _ in range(5):
        scene.world.ask(do="cut", share=1.0)
        while True:
            try:
                taken.append(
                    psycopg2.connect(
                        host=str(address.query["host"]), dbname=address.database, user=APP
                    )
                )
            except psycopg2.OperationalError:
                break
        time.sleep(0.1)
    return taken
