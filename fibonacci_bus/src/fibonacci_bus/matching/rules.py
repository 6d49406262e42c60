"""Many patterns as one index: which of them an event matches, hardly slower for more of them.

Source and type come first: what they leave over is an index of its own, made when a pair of them
is first seen. In it every field knows, for any value, the mask of the branches that the value
satisfies or that do not ask (``values``), and the masks of all fields are joined by *and*.
The fields that settle most at least cost come first; a field that no branch still alive asks for
is passed over. Where rules name more fields than events have, the event's own fields lead, and the
mask of those that it lacks is kept by its shape. An event whose fields lie in arrays of objects is
first matched as if its objects were one, and the few branches that remain are tried one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from fibonacci_bus.matching.fields import Field, Irregular, Plan
from fibonacci_bus.matching.texts import Claim
from fibonacci_bus.pattern import Branch, Path, Pattern, elements

SOURCE: Path = ("source",)
TYPE: Path = ("detail-type",)
DETAIL = "detail"
_KEPT = 4096
"""Entries of each lazily filled table; a full one starts again."""

_WIDE = 64
"""More fields than this are asked as the event names them, not one after the other."""

Entry: TypeAlias = tuple[Branch, str]
Walk: TypeAlias = tuple[Mapping[str, Any], dict[str, Field]]

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Branches:
    """An index over some branches. Results are the labels of what matches, in order, each once."""

    __slots__ = (
        "_all",
        "_answers",
        "_entries",
        "_fields",
        "_in_detail",
        "_leaves",
        "_plan",
        "_shapes",
        "_wide",
    )

    def __init__(self, entries: Sequence[Entry], decided: frozenset[Path]) -> None:
        """``decided`` are fields that are known to be met."""
        self._entries = tuple(entries)
        self._all = (1 << len(entries)) - 1
        self._fields: dict[str, Field] = {}
        self._leaves: list[Field] = []
        for path, claims in _claims(entries, decided).items():
            self._plant(path, claims)
        self._in_detail = set(self._fields) <= {DETAIL} and not any(
            field.leaf for field in self._fields.values()
        )
        fields = self._fields
        if self._in_detail:
            fields = self._fields[DETAIL].below if self._fields else {}
        self._plan = Plan(fields)
        self._wide = fields if self._plan.width > _WIDE else None
        self._shapes: dict[int, int] = {}
        self._answers: dict[int, tuple[str, ...]] = {}

    def _plant(self, path: Path, claims: Sequence[Claim]) -> None:
        fields = self._fields
        for name in path:
            field = fields.setdefault(name, Field())
            fields = field.below
        field.ask(claims, 1 << len(self._leaves), self._all)
        self._leaves.append(field)

    def labels(
        self, detail: Mapping[str, Any] | None, envelope: Callable[[], Mapping[str, Any]]
    ) -> tuple[str, ...]:
        """The labels of the matching branches; ``envelope`` is only called where it is needed."""
        if not self._in_detail:
            detail = envelope()
        elif detail is None:
            detail = envelope().get(DETAIL)
            if not isinstance(detail, Mapping):
                return self._answer(self._tried(envelope()))
        try:
            if self._wide is None:
                found = self._plan.ask(self._all, detail)
            else:
                found = self._walk(detail, self._wide)
        except Irregular:
            found = self._tried(envelope())
        answer = self._answers.get(found)
        return self._answer(found) if answer is None else answer

    def _walk(self, found: Mapping[str, Any], fields: dict[str, Field]) -> int:
        """As ``Plan.ask``, for more fields than events have: led by the event's fields."""
        alive = self._all
        seen = 0
        pending: list[Walk] = [(found, fields)]
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
        """The branches that match an event with arrays of objects: narrowed, then tried."""
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
        for bit, (branch, _) in _set_bits(alive, self._entries):
            if not branch.matches(envelope):
                alive ^= bit
        return alive

    def _answer(self, found: int) -> tuple[str, ...]:
        answer = tuple(dict.fromkeys(label for _, (_, label) in _set_bits(found, self._entries)))
        _keep(self._answers, found, answer)
        return answer


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
