"""The count, event by event, after everything is quiet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.place import DONE, ORDERS, Place
from tests.faults.publishing import lines
from tests.faults.roles import can_be_asked


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be zero."""

    name: str
    figure: int


@dataclass
class Count:
    """What was found. ``totals`` are for people; ``targets`` must all be zero."""

    totals: dict[str, int] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def expect_none(self, name: str, found: Any) -> None:
        """A target: nothing of the kind was found."""
        items = sorted(str(item) for item in found)
        self.targets.append(Target(name, len(items)))
        self.examples.extend(f"{name}: {item}" for item in items[:3])


def count(place: Place, arrived: Mapping[str, int] | None, *, ordered: bool = True) -> Count:
    """Compare the publishers' logs, the database and the outside world.

    ``ordered`` where the home promises order; ``arrived`` None where nothing was sent outside.
    """
    found = Count()
    tried, committed = _published(place)
    orders = {str(row.event_id): row for row in place.rows("SELECT * FROM caos.pedidos")}
    stored = {
        str(row.id): row
        for row in place.rows("SELECT id, source, causation_id FROM fibonacci_core.events")
    }
    published = {i for i, row in stored.items() if row.source == "caos.pedido"}
    caused = {i: str(row.causation_id) for i, row in stored.items() if row.source == "caos.feito"}
    effects = place.rows("SELECT * FROM caos.efeitos ORDER BY ordem")
    happened = Counter((row.consumer, str(row.event_id)) for row in effects)
    wanted = {(ORDERS, i) for i in published} | {(DONE, i) for i in caused}
    found.totals |= {
        "events tried": len(tried),
        "events known as committed": len(committed),
        "events committed": len(published),
        "events caused": len(caused),
        "effects in the database": len(effects),
        "events run more than once": sum(row.attempt > 1 for row in effects),
        "most runs of one event": max((row.attempt for row in effects), default=0),
    }
    found.expect_none("lost", (committed - published) | (published - set(orders)))
    found.expect_none("from nowhere", (published - tried) | (set(orders) - published))
    found.expect_none("not handled", wanted - set(happened))
    found.expect_none("handled twice", [key for key, times in happened.items() if times > 1])
    found.expect_none("handled, not published", set(happened) - wanted)
    causes = Counter(caused.values())
    if caused or arrived is not None:
        missing = {i for i in published if causes[i] != 1}
        found.expect_none("causes without their one event", missing)
    if ordered:
        found.expect_none("out of order", _out_of_order(effects))
    _left_over(place, found)
    if arrived is not None:
        _outside(place, found, published, arrived)
    return found


def _published(place: Place) -> tuple[set[str], set[str]]:
    tried: set[str] = set()
    committed: set[str] = set()
    for path in place.folder.glob("tried-*.jsonl"):
        for line in lines(path):
            tried.update(line.get("ids", ()))
            committed.update(line.get("committed", ()))
    return tried, committed


def _out_of_order(effects: list[Any]) -> list[str]:
    """Per consumer and key, the numbers must rise in the order of the effects."""
    last: dict[tuple[str, str], int] = defaultdict(int)
    wrong = []
    for row in effects:
        lane = (row.consumer, row.chave)
        if row.numero < last[lane]:
            wrong.append(f"{row.consumer} {row.chave}: {row.numero} after {last[lane]}")
        last[lane] = max(last[lane], row.numero)
    return wrong


def _left_over(place: Place, found: Count) -> None:
    for name, sql in (
        ("left on a queue", "SELECT * FROM fibonacci_core.queue_messages"),
        ("left leases", "SELECT * FROM fibonacci_core.leases"),
        ("left unfinished", "SELECT * FROM fibonacci_core.inbox WHERE status <> 'done'"),
        ("dead letters", "SELECT queue, error_class, error_text FROM fibonacci_core.dead_letters"),
    ):
        found.expect_none(name, place.rows(sql))


def _outside(place: Place, found: Count, published: set[str], arrived: Mapping[str, int]) -> None:
    rows = place.rows("SELECT chave_idempotencia AS key, status FROM nigredo_leads.disparos")
    by_key = {row.key: row.status for row in rows}
    statuses = Counter(by_key.values())
    found.totals |= {"effects outside": sum(arrived.values())}
    found.totals |= {f"messages {status}": n for status, n in sorted(statuses.items())}
    found.expect_none("sent twice", [key for key, times in arrived.items() if times > 1])
    found.expect_none("messages not planned once", published ^ set(by_key))
    known = {"enviado": {1}, "incerto": {0, 1}, "falhou": {0}}
    found.expect_none(
        "messages in no known state",
        [
            f"{key} {status}, arrived {arrived.get(key, 0)}"
            for key, status in by_key.items()
            if arrived.get(key, 0) not in known.get(status, set())
        ],
    )
    found.expect_none(
        "uncertain though they could be asked about",
        [key for key, status in by_key.items() if status == "incerto" and can_be_asked(key)],
    )
