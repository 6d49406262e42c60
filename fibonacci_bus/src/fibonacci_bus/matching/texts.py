"""Which conditions a text meets: by hash, by bisection in sorted prefixes, or tried if few.

Exact texts are found by hash, prefixes and reversed suffixes by bisection, wildcards among the few
whose head or tail fits.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from fibonacci_bus.matching.intervals import address_mask, union
from fibonacci_bus.operators import (
    AnythingBut,
    Cidr,
    Condition,
    Equals,
    EqualsIgnoreCase,
    Exists,
    Prefix,
    Suffix,
    Wildcard,
)

Claim: TypeAlias = tuple[int, Condition]
"""A rule's bit and one of its conditions on the field."""
Test: TypeAlias = Callable[[str], bool]
TextMask: TypeAlias = Callable[[str], int]
_FEW = 6
"""So many conditions are tried faster than they are looked up."""
Payload = TypeVar("Payload")


def text_mask(claims: Sequence[Claim], always: int) -> TextMask | int:
    """From a text to the mask of the claims that it meets, or the mask where it never differs.

    ``always`` is in every mask.
    """
    always |= union(bit for bit, condition in claims if isinstance(condition, Exists))
    tests = [(bit, test) for bit, c in claims if (test := _test(c)) is not None]
    if 0 < len(tests) <= _FEW:
        return _tried(tests, always)
    parts = _text_parts(claims)
    for positive, unwanted in _exclusions(claims):
        excluded = _joined(0, _text_parts(unwanted))
        if isinstance(excluded, int):
            always |= positive & ~excluded
        else:
            parts.append(_excluding(positive, excluded))
    return _joined(always, parts)


def _test(condition: Condition) -> Test | None:
    """A condition on a text, given that it is one; None where all texts or none of them meet it."""
    if isinstance(condition, Prefix | Suffix):
        return _affix_test(condition)
    if isinstance(condition, Equals):
        wanted = condition.value
        return (lambda text: text == wanted) if isinstance(wanted, str) else None
    if isinstance(condition, EqualsIgnoreCase):
        folded = condition.folded
        return lambda text: text.lower() == folded
    if isinstance(condition, AnythingBut):
        return _unmet(condition.unwanted)
    if isinstance(condition, Wildcard):
        return _wildcard_test(condition)
    return condition.holds if isinstance(condition, Cidr) else None


def _affix_test(condition: Prefix | Suffix) -> Test:
    affix = condition.text
    if isinstance(condition, Prefix):
        if condition.any_case:
            return lambda text: text.lower().startswith(affix)
        return lambda text: text.startswith(affix)
    if condition.any_case:
        return lambda text: text.lower().endswith(affix)
    return lambda text: text.endswith(affix)


def _wildcard_test(wildcard: Wildcard) -> Test:
    head, pieces, tail = wildcard.head, wildcard.pieces, wildcard.tail
    least = len(head) + len(tail)
    if not pieces:
        return lambda text: text.startswith(head) and text.endswith(tail) and len(text) >= least
    if len(pieces) == 1 and not least:
        (piece,) = pieces
        return lambda text: piece in text
    return wildcard.holds


def _unmet(unwanted: Sequence[Condition]) -> Test:
    """Whether a text meets none of the conditions; one call where all of them are of one kind."""
    texts = tuple(c.text for c in unwanted if isinstance(c, Prefix | Suffix) and not c.any_case)
    if len(texts) == len(unwanted):
        if all(isinstance(condition, Prefix) for condition in unwanted):
            return lambda text: not text.startswith(texts)
        if all(isinstance(condition, Suffix) for condition in unwanted):
            return lambda text: not text.endswith(texts)
    folded = frozenset(c.folded for c in unwanted if isinstance(c, EqualsIgnoreCase))
    if all(isinstance(condition, EqualsIgnoreCase) for condition in unwanted):
        return lambda text: text.lower() not in folded
    values = frozenset(c.value for c in unwanted if isinstance(c, Equals))
    if all(isinstance(condition, Equals) for condition in unwanted):
        return lambda text: text not in values
    tests = [test for condition in unwanted if (test := _test(condition)) is not None]
    if len(tests) == 1:
        (only,) = tests
        return lambda text: not only(text)
    return lambda text: not any(test(text) for test in tests)


def _tried(tests: Sequence[tuple[int, Test]], always: int) -> TextMask:
    if len(tests) == 1:
        ((only, holds),) = tests
        met = always | only
        return lambda text: met if holds(text) else always
    if len(tests) == 2:
        (one, holds), (two, also) = tests
        met = always | one
        return lambda text: (met if holds(text) else always) | (two if also(text) else 0)

    def mask_of(text: str) -> int:
        mask = always
        for bit, holds in tests:
            if holds(text):
                mask |= bit
        return mask

    return mask_of


def _exclusions(claims: Sequence[Claim]) -> Iterator[tuple[int, list[Claim]]]:
    """Anything-but in layers: a rule has one bit, so each of its anything-buts needs its own."""
    layers: list[tuple[int, list[Claim]]] = []
    seen: Counter[int] = Counter()
    for bit, condition in claims:
        if isinstance(condition, AnythingBut):
            if seen[bit] == len(layers):
                layers.append((0, []))
            positive, unwanted = layers[seen[bit]]
            unwanted += ((bit, inner) for inner in condition.unwanted)
            layers[seen[bit]] = (positive | bit, unwanted)
            seen[bit] += 1
    yield from layers


def _excluding(positive: int, excluded: TextMask) -> TextMask:
    return lambda text: positive & ~excluded(text)


def _text_parts(claims: Iterable[Claim]) -> list[TextMask]:
    """A function for each way of finding a text that the claims use."""
    exact: dict[str, int] = {}
    folded: dict[str, int] = {}
    prefixes: tuple[dict[str, int], dict[str, int]] = ({}, {})
    suffixes: tuple[dict[str, int], dict[str, int]] = ({}, {})
    wildcards: list[tuple[int, Wildcard]] = []
    blocks: list[tuple[int, Cidr]] = []
    for bit, condition in claims:
        if isinstance(condition, Equals):
            if isinstance(condition.value, str):
                _add(exact, condition.value, bit)
        elif isinstance(condition, EqualsIgnoreCase):
            _add(folded, condition.folded, bit)
        elif isinstance(condition, Prefix):
            _add(prefixes[condition.any_case], condition.text, bit)
        elif isinstance(condition, Suffix):
            _add(suffixes[condition.any_case], condition.text[::-1], bit)
        elif isinstance(condition, Wildcard):
            wildcards.append((bit, condition))
        elif isinstance(condition, Cidr):
            blocks.append((bit, condition))
    parts = _affix_parts(exact, prefixes[0], suffixes[0])
    in_lower_case = _affix_parts(folded, prefixes[1], suffixes[1])
    if in_lower_case:
        parts.append(_lowering(_joined(0, in_lower_case)))
    if wildcards:
        parts.append(_wildcard_mask(wildcards))
    if blocks:
        parts.append(address_mask(blocks))
    return parts


def _add(masks: dict[str, int], text: str, bit: int) -> None:
    masks[text] = masks.get(text, 0) | bit


def _affix_parts(
    exact: Mapping[str, int], prefixes: Mapping[str, int], suffixes: Mapping[str, int]
) -> list[TextMask]:
    parts: list[TextMask] = []
    if exact:
        parts.append(lambda text: exact.get(text, 0))
    if prefixes:
        parts.append(_by_prefix(prefixes, int.__or__, 0))
    if suffixes:
        parts.append(_reversing(_by_prefix(suffixes, int.__or__, 0)))
    return parts


def _lowering(mask_of: TextMask | int) -> TextMask:
    if isinstance(mask_of, int):
        raise ValueError("a mask that never differs needs no text")
    return lambda text: mask_of(text.lower())


def _reversing(found: Callable[[str], Payload]) -> Callable[[str], Payload]:
    return lambda text: found(text[::-1])


def _joined(always: int, parts: Sequence[TextMask]) -> TextMask | int:
    if not parts:
        return always
    if len(parts) == 1:
        (only,) = parts
        return (lambda text: always | only(text)) if always else only

    def every(text: str) -> int:
        mask = always
        for part in parts:
            mask |= part(text)
        return mask

    return every


def _by_prefix(
    payloads: Mapping[str, Payload],
    join: Callable[[Payload, Payload], Payload],
    nothing: Payload,
) -> Callable[[str], Payload]:
    """From a text to what belongs to all its prefixes, by one bisection in the sorted prefixes.

    The greatest prefix that is not greater than the text begins with every matching prefix, so
    the longest match is that one, or the longest that it begins with, and so on.
    """
    keys = sorted(payloads)
    parents: list[int] = []
    found: list[Payload] = []
    for index, key in enumerate(keys):
        parent = index - 1
        while parent >= 0 and not key.startswith(keys[parent]):
            parent = parents[parent]
        parents.append(parent)
        found.append(payloads[key] if parent < 0 else join(found[parent], payloads[key]))

    def find(text: str) -> Payload:
        at = bisect_right(keys, text) - 1
        while at >= 0:
            if text.startswith(keys[at]):
                return found[at]
            at = parents[at]
        return nothing

    return find


Wildcards: TypeAlias = tuple[tuple[int, Test], ...]


def _wildcard_mask(wildcards: Sequence[tuple[int, Wildcard]]) -> TextMask:
    """Tries the wildcards whose head fits, or whose tail does where fewer share it.

    Those with neither are tried only where the text holds the longest piece of any of them.
    """
    heads: dict[str, Wildcards] = {}
    tails: dict[str, Wildcards] = {}
    inner: Wildcards = ()
    pieces: set[str] = set()
    sharing_head = Counter(wildcard.head for _, wildcard in wildcards)
    sharing_tail = Counter(wildcard.tail for _, wildcard in wildcards)
    for bit, wildcard in wildcards:
        entry = (bit, _wildcard_test(wildcard))
        head, tail = wildcard.head, wildcard.tail[::-1]
        if head and (not tail or sharing_head[head] <= sharing_tail[wildcard.tail]):
            heads[head] = (*heads.get(head, ()), entry)
        elif tail:
            tails[tail] = (*tails.get(tail, ()), entry)
        else:
            inner = (*inner, entry)
            pieces.add(max(wildcard.pieces, key=len))
    ways: list[Callable[[str], Wildcards]] = []
    if heads:
        ways.append(_by_prefix(heads, tuple.__add__, ()))
    if tails:
        ways.append(_reversing(_by_prefix(tails, tuple.__add__, ())))
    if inner:
        ways.append(_holding_a_piece(pieces, inner))

    def mask_of(text: str) -> int:
        mask = 0
        for way in ways:
            for bit, test in way(text):
                if not mask & bit and test(text):
                    mask |= bit
        return mask

    return mask_of


def _holding_a_piece(pieces: Iterable[str], wildcards: Wildcards) -> Callable[[str], Wildcards]:
    search = re.compile("|".join(map(re.escape, pieces))).search
    return lambda text: wildcards if search(text) else ()
