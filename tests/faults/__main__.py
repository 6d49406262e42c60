"""``python -m tests.faults``: every fault, and the count."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.storm import Result, storm

KILLS = 160
CUTS = 60


def main() -> int:
    """Run what is asked for; 0 where every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or time.time()))
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--cuts", type=int, default=CUTS)
    parser.add_argument("--keep", action="store_true", help="keep logs and database")
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="caos-", dir="/var/tmp"))
    folder.chmod(0o711)
    say(f"SEED={told.seed}")
    try:
        result = storm(folder, told.seed, told.kills, told.cuts, say)
    finally:
        if told.keep:
            say(f"logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report(result)
    return 0 if result.count.met else 1


def report(result: Result) -> None:
    """The table, then a line for each target."""
    for name, number in sorted(result.faults.items()):
        say(f"  {name:<42}{number:>8}")
    for name, number in result.count.totals.items():
        say(f"  {name:<42}{number:>8}")
    for example in result.count.examples:
        say(f"! {example[:200]}")
    for target in result.count.targets:
        say(str(target))


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
