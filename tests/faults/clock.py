"""Clocks move by an hour, to and fro: the server's, then the publishers'.

``libfaketime`` (Debian's ``faketime``) is preloaded into PostgreSQL alone; its monotonic clock goes
on, as it does where an administrator sets the time. Workers read no clock but the server's and the
monotonic one, so it is publishers whose clock is moved beside it: their events carry its time.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.publishing import CLOCK
from tests.faults.storm import Result, Say, load

LIBRARIES = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
)
HOUR = 3600
_SERVER = "server-clock"
_STEPS = ((_SERVER, HOUR), (_SERVER, 0), (_SERVER, -HOUR), (_SERVER, 0))
_PUBLISHERS = ((CLOCK, HOUR), (CLOCK, -HOUR), (CLOCK, 0))


class NoFaketime(RuntimeError):
    """libfaketime is not installed."""


def clock(folder: Path, seed: int, rounds: int, say: Say) -> Result:
    """Move clocks under load; a worker dies now and then, so that claims are left behind.

    Raises:
        NoFaketime: the library is not there.
    """
    rng, result = random.Random(seed), Result(seed)
    with _preloaded(folder) as ready, load(folder, result, ready=ready) as scene:
        for number in range(1, rounds + 1):
            for whose, seconds in (*_STEPS, *_PUBLISHERS):
                time.sleep(rng.uniform(1.5, 2.5))
                killed = whose == _SERVER and scene.troop.kill("worker", rng)
                result.faults["worker"] += killed
                _move(folder / whose, seconds)
                result.faults[f"{whose} at {seconds // 60:+} min"] += 1
                scene.troop.reap()
            now = scene.place.rows("SELECT clock_timestamp()::time(0) AS now")[0].now
            say(f"{number}/{rounds} rounds, the server's clock says {now}")
    return result


@contextmanager
def _preloaded(folder: Path) -> Iterator[Callable[[], None]]:
    """The server that is started inside has a clock that can be moved; yields what ends that."""
    library = next((path for path in LIBRARIES if path.exists()), None)
    if library is None:
        raise NoFaketime("Debian's package faketime is not installed")
    _move(folder / _SERVER, 0)
    added = {
        "LD_PRELOAD": str(library),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_TIMESTAMP_FILE": str(folder / _SERVER),
    }

    def remove() -> None:
        for name in added:
            os.environ.pop(name, None)

    os.environ.update(added)
    try:
        yield remove
    finally:
        remove()


def _move(path: Path, seconds: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{seconds:+}\n")
    fresh.chmod(0o644)
    fresh.rename(path)
