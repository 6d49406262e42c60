"""Many patterns as one index: which of them an event matches, hardly slower for more of them.

Source and type come first: what they leave over is an index of its own, made when a pair of them
is first seen. Where that is still large and most of its branches name texts of one field (a
customer, a campaign), the event's text leads on to a smaller index, again made when first met. Few
branches are tried one by one until events keep coming. Then, in an index, every field knows for any
value the mask of the branches that the value satisfies or that do not ask (``values``), and the
masks of all fields are joined by *and*, in one function that is written for the index (``code``).
Where rules name more fields than events have, the event's own fields lead, and the mask of those
that it lacks is kept by its shape. An event whose fields lie in arrays of objects is first matched
as if its objects were one, and the few branches that remain are tried one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, TypeAlias, TypeVar

from fibonacci_bus.matching.code import Matcher, compile_fields, width
from fibonacci_bus.matching.fields import Field, Irregular
from fibonacci_bus.matching.labels import Labels
from fibonacci_bus.matching.texts import Claim
from fibonacci_bus.operators import Condition, Equals
from fibonacci_bus.pattern import Branch, Path, Pattern, elements

SOURCE: Path = ("source",)
TYPE: Path = ("detail-type",)
DETAIL = "detail"
_KEPT = 4096
"""Entries of each lazily filled table; a full one starts again."""

_SPLIT = 8
"""More branches than this are split by the texts of a field, where that leaves half of them."""

_COLD = 2
"""So many events are tried branch by branch before a function is written for few branches."""

_WIDE = 64
"""More fields than this are asked as the event names them, not one after the other."""

_MAKING = Lock()
"""Fields are made by one thread at a time; made ones are read by any."""

Entry: TypeAlias = tuple[Branch, str]
Walk: TypeAlias = tuple[Mapping[str, Any], dict[str, Field]]

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Branches:
    """An index over some branches. Results are the labels of what matches, in order, each once."""

    __slots__ = (
        "_all",
        "_ask",
        "_cold",
        "_decided",
        "_entries",
        "_fields",
        "_in_detail",
        "_labels",
        "_leaves",
        "_parts",
        "_parts_by_text",
        "_shapes",
        "_split",
        "_wide",
    )

    def __init__(self, entries: Sequence[Entry], decided: frozenset[Path]) -> None:
        """``decided`` are fields that are known to be met."""
        self._entries = tuple(entries)
        self._decided = decided
        self._all = (1 << len(entries)) - 1
        self._cold = _COLD if len(entries) <= _SPLIT else 0
        claims = _claims(entries, decided)
        self._in_detail = all(len(path) > 1 and path[0] == DETAIL for path in claims)
        self._split = _splitting(claims, len(entries)) if len(entries) > _SPLIT else None
        self._labels = Labels([label for _, label in entries])
        self._parts: dict[int, _Branches] = {}
        self._parts_by_text: dict[str, _Branches] = {}
        self._ask: Matcher | None = None
        self._fields: dict[str, Field] = {}
        self._leaves: list[Field] = []
        self._wide: dict[str, Field] = {}
        self._shapes: dict[int, int] = {}

    def labels(
        self, detail: Mapping[str, Any] | None, envelope: Callable[[], Mapping[str, Any]]
    ) -> tuple[str, ...]:
        """The labels of the matching branches; ``envelope`` is only called where it is needed."""
        if not self._in_detail:
            detail = envelope()
        elif detail is None:
            detail = envelope().get(DETAIL)
            if not isinstance(detail, Mapping):
                return self._labels.of(self._tried(envelope()))
        if self._split is not None:
            part = self._part(detail, *self._split)
            if part is not None:
                return part.labels(detail if self._in_detail else None, envelope)
        if self._ask is None:
            if self._cold > 0:
                self._cold -= 1
                return self._labels.of(self._tried(envelope()))
            self._ask = self._compiled()
        try:
            found = self._ask(self._all, detail)
        except Irregular:
            found = self._tried(envelope())
        return self._labels.of(found)

    def _compiled(self) -> Matcher:
        with _MAKING:
            if self._ask is not None:
                return self._ask
            self._plant()
            fields = self._fields
            if self._in_detail:
                fields = fields[DETAIL].below if fields else {}
            if width(fields) <= _WIDE:
                return compile_fields(fields)
            self._wide = fields
            return self._walk

    def _plant(self) -> None:
        """Make the fields, once."""
        if self._leaves:
            return
        leaves: list[Field] = []
        for path, claims in _claims(self._entries, self._decided).items():
            fields = self._fields
            for name in path:
                field = fields.setdefault(name, Field())
                fields = field.below
            field.ask(claims, 1 << len(leaves), self._all)
            leaves.append(field)
        self._leaves = leaves

    def _part(self, found: Mapping[str, Any], path: Path, field: Field) -> _Branches | None:
        """The smaller index that the event's text leads to; None where it has no such text."""
        value: Any = found
        for name in path[1:] if self._in_detail else path:
            if value.__class__ is not dict:
                return None
            value = value.get(name)
        if value.__class__ is not str:
            return None
        part = self._parts_by_text.get(value)
        return self._made_part(value, path, field) if part is None else part

    def _made_part(self, value: str, path: Path, field: Field) -> _Branches:
        alive = field.mask(value)
        part = self._parts.get(alive)
        if part is None:
            left = [entry for _, entry in _set_bits(alive, self._entries)]
            part = _Branches(left, self._decided | {path})
            _keep(self._parts, alive, part)
        if value in field.known:
            _keep(self._parts_by_text, value, part)
        return part

    def _walk(self, alive: int, found: Mapping[str, Any]) -> int:
        """As a compiled function, for more fields than events have: led by the event's fields."""
        seen = 0
        pending: list[Walk] = [(found, self._wide)]
        for found, fields in pending:
            for name, value in found.items():
                field = fields.get(name)
                if field is None:
                    continue
                if field.below:
                    _descend(value, field.below, pending)
                mask = field.mask_of_leaves(value)
                if mask is not None:
                    alive &= mask
                    seen |= field.bit
        shape = self._shapes.get(seen)
        return alive & (self._shape(seen) if shape is None else shape)

    def _shape(self, seen: int) -> int:
        """The branches that ask for none of the fields that an event of this shape lacks."""
        mask = self._all
        for field in self._leaves:
            if not field.bit & seen:
                mask &= field.absent
        _keep(self._shapes, seen, mask)
        return mask

    def _tried(self, envelope: Mapping[str, Any]) -> int:
        """The branches that match: narrowed where there are fields, then tried one by one."""
        alive = self._narrowed(envelope) if self._leaves else self._all
        for bit, (branch, _) in _set_bits(alive, self._entries):
            if not branch.matches(envelope):
                alive ^= bit
        return alive

    def _narrowed(self, envelope: Mapping[str, Any]) -> int:
        """The branches that match as if the objects of each array were one, and perhaps others."""
        masks: dict[Field, int] = {}
        pending = [(envelope, self._fields, False)]
        for found, fields, inside in pending:
            for name, value in found.items():
                field = fields.get(name)
                if field is None:
                    continue
                for element in elements(value):
                    if isinstance(element, Mapping):
                        many = inside or element is not value
                        pending.append((element, field.below, many))
                    else:
                        start = masks.get(field, field.absent if inside else 0)
                        masks[field] = start | field.mask(element)
        alive = self._all
        for field in self._leaves:
            alive &= masks.get(field, field.absent)
        return alive


def _descend(value: Any, below: dict[str, Field], pending: list[Walk]) -> None:
    if isinstance(value, Mapping):
        pending.append((value, below))
    elif any(isinstance(element, Mapping) for element in elements(value)):
        raise Irregular


class RuleIndex:
    """Patterns, each with a label; the same label may stand for several patterns."""

    __slots__ = ("_entries", "_narrowed", "_pairs", "_sources", "_types", "_whole")

    def __init__(self, rules: Iterable[tuple[Pattern, str]]) -> None:
        self._entries = [(branch, label) for pattern, label in rules for branch in pattern.branches]
        self._sources = self._lead(SOURCE)
        self._types = self._lead(TYPE)
        self._pairs: dict[tuple[str, str], _Branches] = {}
        self._narrowed: dict[int, _Branches] = {}
        self._whole: _Branches | None = None

    def _lead(self, path: Path) -> Field:
        field = Field()
        claims = _claims(self._entries, frozenset()).get(path)
        if claims:
            field.ask(claims, 0, (1 << len(self._entries)) - 1)
        return field

    def labels(
        self,
        source: str,
        type_: str,
        detail: Mapping[str, Any] | None,
        envelope: Callable[[], Mapping[str, Any]],
    ) -> tuple[str, ...]:
        """The labels of the patterns that an event matches, in their order, each once.

        ``envelope`` makes the whole event, and is only called where a pattern asks for more than
        source, type and detail, or where the detail has arrays of objects.
        """
        branches = self._pairs.get((source, type_))
        if branches is None:
            branches = self._narrow(source, type_)
        return branches.labels(detail, envelope)

    def matching(self, envelope: Mapping[str, Any]) -> tuple[str, ...]:
        """The labels of the patterns that any JSON object matches, in their order, each once."""
        source, type_ = envelope.get(SOURCE[0]), envelope.get(TYPE[0])
        if isinstance(source, str) and isinstance(type_, str):
            return self.labels(source, type_, None, lambda: envelope)
        if self._whole is None:
            self._whole = _Branches(self._entries, frozenset())
        return self._whole.labels(None, lambda: envelope)

    def _narrow(self, source: str, type_: str) -> _Branches:
        alive = self._sources.mask(source) & self._types.mask(type_)
        branches = self._narrowed.get(alive)
        if branches is None:
            left = [entry for _, entry in _set_bits(alive, self._entries)]
            branches = _Branches(left, frozenset({SOURCE, TYPE}))
            _keep(self._narrowed, alive, branches)
        _keep(self._pairs, (source, type_), branches)
        return branches


def _claims(entries: Sequence[Entry], decided: frozenset[Path]) -> dict[Path, list[Claim]]:
    """By field, what each branch asks of it."""
    claims: dict[Path, list[Claim]] = {}
    for number, (branch, _) in enumerate(entries):
        for path, conditions in branch.fields.items():
            if path not in decided:
                found = claims.setdefault(path, [])
                found += ((1 << number, condition) for condition in conditions)
    return claims


def _splitting(claims: Mapping[Path, Sequence[Claim]], count: int) -> tuple[Path, Field] | None:
    """The field whose texts leave the fewest branches over; None where none leaves half."""
    best: tuple[Path, Field] | None = None
    least = count / 2
    for path, asked in claims.items():
        if len({bit for bit, condition in asked if _names_text(condition)}) < least:
            continue
        field = Field()
        field.ask(asked, 0, (1 << count) - 1)
        left = sum(mask.bit_count() for mask in field.known.values()) / len(field.known)
        if left <= least:
            best, least = (path, field), left
    return best


def _names_text(condition: Condition) -> bool:
    return isinstance(condition, Equals) and isinstance(condition.value, str)


def _set_bits(mask: int, entries: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    """The bits of a mask from the lowest, each with its entry."""
    if mask < 0:
        mask &= (1 << len(entries)) - 1
    while mask:
        bit = mask & -mask
        yield bit, entries[bit.bit_length() - 1]
        mask ^= bit


def _keep(table: dict[Key, Value], key: Key, value: Value) -> None:
    if len(table) >= _KEPT:
        table.clear()
    table[key] = value
