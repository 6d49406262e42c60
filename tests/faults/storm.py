"""Kills at random moments under load, in the PostgreSQL home."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from alquimista.db.embedded import EmbeddedPostgres
from tests.faults import outside
from tests.faults.count import Count, count
from tests.faults.outside import Outside
from tests.faults.place import Place, running, socket_of
from tests.faults.publishing import publish_orders
from tests.faults.roles import work
from tests.faults.troop import Troop, kill_postgres

KILLS = (
    ("publisher", 3),
    ("worker", 5),
    ("postgres: postmaster", 2),
    ("postgres: group", 2),
    ("postgres: a process", 2),
)
CUTS = (("network: cut", 2), ("network: stall", 1), ("network: stall, cut", 1), ("network: off", 1))
"""Kinds of faults with their weights."""
Say = Callable[[str], None]
Weighted = Sequence[tuple[str, int]]
_QUIET_SECONDS = 120.0
_STRIKE_SECONDS = 30.0
_STEP_MINUTES = 30


@dataclass
class Result:
    """What was done and what was found."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    count: Count = field(default_factory=Count)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def mixed(
    kinds: Weighted, kills: int, cuts_kinds: Weighted, cuts: int, rng: random.Random
) -> list[str]:
    """The kinds of all faults, in random order."""
    chosen = _weighted(kinds, kills) + _weighted(cuts_kinds, cuts)
    rng.shuffle(chosen)
    return chosen


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that runs during a part."""

    server: EmbeddedPostgres
    place: Place
    world: Outside
    troop: Troop


@contextmanager
def load(
    folder: Path,
    result: Result,
    *,
    data: Path | None = None,
    options: Sequence[str] = (),
    ready: Callable[[], object] = lambda: None,
) -> Iterator[Scene]:
    """Two publishers and two workers; at the end all is quiet, and counted into ``result``.

    ``ready`` is called between the start of the server and that of the processes.
    """
    began = time.monotonic()
    with (
        running(folder, result.seed, data=data, options=options) as (server, plain),
        outside.started(socket_of(server), result.seed) as world,
    ):
        ready()
        place = plain.over(world.wire_port, world.world_port)
        with Troop(place) as troop:
            troop.enlist("publisher", publish_orders, 2)
            troop.enlist("worker", work, 2)
            yield Scene(server, place, world, troop)
            troop.dismiss("publisher")
            quiet(place, troop)
            for name in {member.name for member in troop.members}:
                troop.dismiss(name)
        result.count = count(place, world.arrived())
        result.count.expect_none("processes that ended by themselves", troop.fallen)
    result.seconds = time.monotonic() - began


def storm(folder: Path, seed: int, kills: int, cuts: int, say: Say) -> Result:
    """Run the load, do the faults, wait until all is quiet, count."""
    rng, result = random.Random(seed), Result(seed)
    with load(folder, result) as scene:
        planned = mixed(KILLS, kills, CUTS, cuts, rng)
        for done, kind in enumerate(planned, start=1):
            time.sleep(rng.uniform(0.2, 1.4))
            strike(kind, scene.troop, scene.server, scene.world, rng)
            result.faults[kind] += 1
            if done % 20 == 0 or done == len(planned):
                say(f"{done}/{len(planned)} faults, {handled(scene.place)} effects")
    return result


def strike(
    kind: str, troop: Troop, server: EmbeddedPostgres, world: Outside, rng: random.Random
) -> None:
    """Do one fault; wait until there is something to hit.

    Raises:
        TimeoutError: there was nothing for a long time.
    """
    what, _, how = kind.partition(": ")
    deadline = time.monotonic() + _STRIKE_SECONDS
    while time.monotonic() < deadline:
        troop.reap()
        if what == "postgres":
            hit = kill_postgres(server, how.removeprefix("a "), rng)
        elif what == "network":
            hit = bool(_cut(how, world, rng))
        else:
            hit = troop.kill(what, rng)
        if hit:
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing to hit for: {kind}")


def quiet(place: Place, troop: Troop, seconds: float = _QUIET_SECONDS) -> bool:
    """Wait until nothing is left to do; business time jumps to what waits for its minute."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        troop.reap()
        left = place.rows(
            "SELECT (SELECT count(*) FROM fibonacci_core.queue_messages) AS messages, "
            "(SELECT count(*) FROM fibonacci_core.timers WHERE kind = 'disparo') AS timers"
        )[0]
        if not left.messages and not left.timers:
            return True
        if not left.messages:
            _advance(place)
        time.sleep(0.2)
    return False


def _advance(place: Place) -> None:
    with place.superuser() as connection:
        connection.execute(
            text(
                "UPDATE alquimista_platform.tenants "
                "SET clock_offset = clock_offset + make_interval(mins => :minutes)"
            ),
            {"minutes": _STEP_MINUTES},
        )


def _cut(how: str, world: Outside, rng: random.Random) -> object:
    if how == "cut":
        return world.ask(do="cut", share=rng.uniform(0.3, 1.0))
    if how == "off":
        return world.ask(do="refuse", seconds=rng.uniform(0.2, 1.5))
    seconds, share = rng.uniform(0.5, 4.0), rng.choice((0.3, 0.6, 1.0))
    return world.ask(do="stall", seconds=seconds, share=share, cut=how.endswith("cut"))


def handled(place: Place) -> int:
    """How many effects there are in the database."""
    found: int = place.rows("SELECT count(*) AS n FROM caos.efeitos")[0].n
    return found


def _weighted(kinds: Weighted, total: int) -> list[str]:
    """``total`` kinds in proportion to their weights, each at least once where there is room."""
    ring = [kind for kind, weight in kinds for _ in range(weight)]
    rest = [ring[number % len(ring)] for number in range(max(0, total - len(kinds)))]
    return ([kind for kind, _ in kinds] + rest)[:total]
