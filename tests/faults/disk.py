"""The disk of the database's volume is full: a small tmpfs, filled under load and emptied again."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alquimista.db.embedded import PostgresUnavailable
from tests.faults import api
from tests.faults.storm import Result, Say, Scene, load

SIZE_MB = 256
OPTIONS = ("-c", "max_wal_size=48MB", "-c", "min_wal_size=32MB")
_HOLD_SECONDS = 3.0
_RECOVERY_SECONDS = 60.0
_ERROR_SECONDS = 30.0
_UNMOUNT_SECONDS = 30.0
_CHUNK = 1 << 20


class NoMount(RuntimeError):
    """This process may not mount a tmpfs."""


def disk(folder: Path, seed: int, rounds: int, say: Say) -> Result:
    """Fill the volume, keep it full, make room; then see that all comes back by itself.

    Raises:
        NoMount: no tmpfs can be mounted here.
    """
    rng, result = random.Random(seed), Result(seed)
    slow = silent = 0
    with (
        _volume(folder / "volume") as volume,
        load(folder, result, data=volume, options=OPTIONS) as scene,
    ):
        caller = api.enlist(scene)
        for number in range(1, rounds + 1):
            time.sleep(rng.uniform(0.5, 1.5))
            with _full(volume) as top_up:

                def hold(top_up: Filler = top_up) -> None:
                    top_up.fill()
                    _guard(scene, result)

                silent += not caller.until(api.UNAVAILABLE, _ERROR_SECONDS, hold)
                caller.keep_calling(_HOLD_SECONDS, hold)
            slow += not caller.until(api.ACCEPTED, _RECOVERY_SECONDS, lambda: _guard(scene, result))
            result.faults["disk: full"] += 1
            say(f"{number}/{rounds} rounds, {dict(caller.answers)}")
    api.judge(result, caller, silent, slow)
    return result


class Filler:
    """A file that takes what is free."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def fill(self) -> None:
        """Take all that is free now."""
        size = _CHUNK
        while size >= 1:
            try:
                if os.write(self._file, bytes(size)) < size:
                    size //= 2
            except OSError:
                size //= 2

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._file)


@contextmanager
def _full(volume: Path) -> Iterator[Filler]:
    path = volume / "ballast"
    filler = Filler(path)
    try:
        filler.fill()
        yield filler
    finally:
        filler.close()
        path.unlink()


def _guard(scene: Scene, result: Result) -> None:
    """What supervises a production: the server and the processes are started where they died."""
    scene.troop.reap()
    try:
        scene.server.ensure_running()
    except PostgresUnavailable:
        result.faults["disk: server did not start"] += 1


@contextmanager
def _volume(path: Path) -> Iterator[Path]:
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0711", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoMount(done.stderr.strip())
    try:
        yield path
    finally:
        _unmount(path)


def _unmount(path: Path) -> None:
    """A server that died leaves children that still hold its folder for a moment."""
    until = time.monotonic() + _UNMOUNT_SECONDS
    while subprocess.run(["umount", str(path)], check=False).returncode != 0:
        if time.monotonic() > until:
            subprocess.run(["umount", "--lazy", str(path)], check=True)
            return
        time.sleep(0.5)
