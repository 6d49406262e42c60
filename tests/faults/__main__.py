"""``python -m tests.faults``: every fault, and the count."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults import aws, clock, connections, disk, storm
from tests.faults.storm import Result, Say

KILLS, CUTS = 160, 60
AWS_KILLS, AWS_CUTS = 40, 10
ROUNDS = 3
STORMS = {"storm": KILLS, "aws": AWS_KILLS}
KILLED = ("publisher", "worker", "relay", "postgres")


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller asked for. ``share`` scales the number of faults."""

    seed: int
    share: float
    keep: bool

    def scaled(self, number: int) -> int:
        """That share of a number, at least one."""
        return max(1, round(number * self.share))


PARTS: Mapping[str, Callable[[Path, Told, Say], Result]] = {
    "storm": lambda folder, told, say: storm.storm(
        folder, told.seed, told.scaled(KILLS), told.scaled(CUTS), say
    ),
    "aws": lambda folder, told, say: aws.storm(
        folder, told.seed, told.scaled(AWS_KILLS), told.scaled(AWS_CUTS), say
    ),
    "connections": lambda folder, told, say: connections.connections(
        folder, told.seed, told.scaled(ROUNDS), say
    ),
    "clock": lambda folder, told, say: clock.clock(folder, told.seed, told.scaled(ROUNDS), say),
    "disk": lambda folder, told, say: disk.disk(folder, told.seed, told.scaled(ROUNDS), say),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 where every target is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or time.time()))
    parser.add_argument("--share", type=float, default=1.0, help="of the number of faults")
    parser.add_argument("--only", choices=list(PARTS), action="append", help="some parts only")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases")
    asked = parser.parse_args(arguments)
    told = Told(asked.seed, asked.share, asked.keep)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"SEED={told.seed}")
    results = {}
    for name in asked.only or PARTS:
        say(f"\n{name}")
        try:
            with _folder(told) as folder:
                results[name] = PARTS[name](folder, told, lambda line: say(f"  {line}"))
        except (clock.NoFaketime, disk.NoMount) as error:
            say(f"  skipped: {error}")
            continue
        _table(results[name])
    return _verdict(results, told)


@contextmanager
def _folder(told: Told) -> Iterator[Path]:
    """A folder that the server's unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="caos-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        if told.keep:
            say(f"  kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _table(result: Result) -> None:
    for name, number in [*sorted(result.faults.items()), *result.count.totals.items()]:
        say(f"  {name:<42}{number:>8}")
    for line in result.notes:
        say(f"  {line}")
    for example in result.count.examples:
        say(f"  ! {example[:300]}")
    say(f"  {result.seconds:.0f} s")


def _verdict(results: Mapping[str, Result], told: Told) -> int:
    """A line for each target, over all parts."""
    faults = sum((result.faults for result in results.values()), Counter())
    totals: dict[str, int] = {}
    for result in results.values():
        for target in result.count.targets:
            totals[target.name] = totals.get(target.name, 0) + target.figure
    say("")
    cuts = sum(number for kind, number in faults.items() if kind.startswith("network"))
    kills = sum(number for kind, number in faults.items() if kind.split(":")[0] in KILLED)
    wanted = sum(told.scaled(number) for part, number in STORMS.items() if part in results)
    say(f"cuts of the network: {cuts}")
    say(f"processes killed: {kills} ({wanted}) {'met' if kills >= wanted else 'short'}")
    for name, figure in totals.items():
        say(f"{name}: {figure} (0) {'short' if figure else 'met'}")
    return 1 if any(totals.values()) or kills < wanted else 0


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
