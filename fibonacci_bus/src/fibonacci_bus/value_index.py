"""Which rules a value of one field satisfies, as a bit mask, in time that hardly knows how many.

A rule is one bit. Texts are found by hash (exact), by bisection in sorted prefixes and reversed
suffixes, and among the few wildcards whose head or tail fits; numbers and addresses by bisection
in the bounds of all intervals, with the mask of every bound and every gap computed beforehand.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

from fibonacci_bus.operators import (
    AnythingBut,
    Between,
    Cidr,
    Condition,
    Equals,
    EqualsIgnoreCase,
    Exists,
    Prefix,
    Suffix,
    Wildcard,
    packed_address,
)

Claim: TypeAlias = tuple[int, Condition]
"""A rule's bit and one of its conditions on the field."""
TextMask: TypeAlias = Callable[[str], int]
Payload = TypeVar("Payload")
Bound = TypeVar("Bound", float, bytes)


def known_texts(claims: Sequence[Claim], always: int) -> dict[str, int]:
    """The masks of the texts that conditions name; ``always`` is in each of them."""
    named: dict[str, None] = {}
    for _, condition in claims:
        for inner in condition.unwanted if isinstance(condition, AnythingBut) else (condition,):
            if isinstance(inner, Equals) and isinstance(inner.value, str):
                named[inner.value] = None
    mask_of = _text_mask(claims, always)
    return {text: mask_of if isinstance(mask_of, int) else mask_of(text) for text in named}


def other_texts(claims: Sequence[Claim], always: int) -> TextMask | int:
    """From a text that no condition names to its mask, or the mask where it never differs."""
    rest: list[Claim] = []
    for bit, condition in claims:
        if isinstance(condition, AnythingBut):
            kept = tuple(c for c in condition.unwanted if not isinstance(c, Equals))
            rest.append((bit, AnythingBut(kept) if kept else Exists()))
        elif not isinstance(condition, Equals):
            rest.append((bit, condition))
    return _text_mask(rest, always)


def numbers(claims: Sequence[Claim], always: int) -> Callable[[float], int] | int:
    """From a number to its mask, or the mask where it never differs."""
    spans: list[tuple[int, Between]] = []
    barred: list[tuple[int, list[float]]] = []
    for bit, condition in claims:
        if isinstance(condition, Between):
            spans.append((bit, condition))
        elif isinstance(condition, Equals):
            spans += ((bit, Between(n, False, n, False)) for n in _number_in(condition))
        elif isinstance(condition, AnythingBut):
            unwanted = {n for c in condition.unwanted for n in _number_in(c)}
            barred.append((bit, sorted(unwanted)))
        elif isinstance(condition, Exists):
            always |= bit
    bounds = sorted(
        {end for _, span in spans for end in (span.low, span.high)}.union(*(b for _, b in barred))
    )
    place = {bound: 2 * index + 1 for index, bound in enumerate(bounds)}
    slots = [
        (bit, place[span.low] + span.low_open, place[span.high] - span.high_open)
        for bit, span in spans
    ]
    for bit, values in barred:
        edges = [-1, *(place[value] for value in values), 2 * len(bounds) + 1]
        slots += [(bit, a + 1, b - 1) for a, b in pairwise(edges)]
    return _interval_mask(bounds, slots, always)


def constant(claims: Sequence[Claim], value: Any, always: int) -> int:
    """The mask of true, false or null."""
    for bit, condition in claims:
        if condition.holds(value):
            always |= bit
    return always


def _number_in(condition: Condition) -> list[float]:
    """The number that a condition names, if it names one."""
    value = condition.value if isinstance(condition, Equals) else None
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _interval_mask(
    bounds: list[Bound], slots: Iterable[tuple[int, int, int]], always: int
) -> Callable[[Bound], int] | int:
    """Slot 0 lies below the first bound; bound *i* is slot 2i + 1, the gap after it 2i + 2."""
    if not bounds:
        return always | _union(bit for bit, _, _ in slots)
    opened: dict[int, list[int]] = {}
    closed: dict[int, list[int]] = {}
    for bit, first, last in slots:
        if first <= last:
            opened.setdefault(first, []).append(bit)
            closed.setdefault(last + 1, []).append(bit)
    masks: list[int] = []
    depth: Counter[int] = Counter()
    mask = 0
    for slot in range(2 * len(bounds) + 1):
        for bit in closed.get(slot, ()):
            depth[bit] -= 1
            if not depth[bit]:
                mask &= ~bit
        for bit in opened.get(slot, ()):
            depth[bit] += 1
            mask |= bit
        masks.append(mask | always)
    count = len(bounds)

    def find(value: Bound) -> int:
        at = bisect_left(bounds, value)
        if at < count and bounds[at] == value:
            return masks[at + at + 1]
        return masks[at + at]

    return find


def _text_mask(claims: Sequence[Claim], always: int) -> TextMask | int:
    always |= _union(bit for bit, condition in claims if isinstance(condition, Exists))
    parts = _text_parts(claims)
    for positive, unwanted in _exclusions(claims):
        excluded = _joined(0, _text_parts(unwanted))
        if isinstance(excluded, int):
            always |= positive & ~excluded
        else:
            parts.append(_excluding(positive, excluded))
    return _joined(always, parts)


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
        parts.append(_address_mask(blocks))
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


Wildcards: TypeAlias = tuple[tuple[int, Wildcard], ...]


def _wildcard_mask(wildcards: Iterable[tuple[int, Wildcard]]) -> TextMask:
    """Tries the wildcards whose head fits (or tail, where there is no head), and those with none.

    Those with neither are tried only where the text holds the longest piece of any of them.
    """
    heads: dict[str, Wildcards] = {}
    tails: dict[str, Wildcards] = {}
    inner: Wildcards = ()
    for bit, wildcard in wildcards:
        if wildcard.head:
            heads[wildcard.head] = (*heads.get(wildcard.head, ()), (bit, wildcard))
        elif wildcard.tail:
            backward = wildcard.tail[::-1]
            tails[backward] = (*tails.get(backward, ()), (bit, wildcard))
        else:
            inner = (*inner, (bit, wildcard))
    ways: list[Callable[[str], Wildcards]] = []
    if heads:
        ways.append(_by_prefix(heads, tuple.__add__, ()))
    if tails:
        ways.append(_reversing(_by_prefix(tails, tuple.__add__, ())))
    if inner:
        ways.append(_holding_a_piece(inner))

    def mask_of(text: str) -> int:
        mask = 0
        for way in ways:
            for bit, wildcard in way(text):
                if not mask & bit and wildcard.holds(text):
                    mask |= bit
        return mask

    return mask_of


def _holding_a_piece(wildcards: Wildcards) -> Callable[[str], Wildcards]:
    longest = (max(wildcard.pieces, key=len, default="") for _, wildcard in wildcards)
    search = re.compile("|".join(re.escape(piece) for piece in set(longest))).search
    return lambda text: wildcards if search(text) else ()


def _address_mask(blocks: Sequence[tuple[int, Cidr]]) -> TextMask:
    version = {size: _block_mask([b for b in blocks if len(b[1].low) == size]) for size in (4, 16)}

    def mask_of(text: str) -> int:
        address = packed_address(text)
        return 0 if address is None else version[len(address)](address)

    return mask_of


def _block_mask(blocks: Sequence[tuple[int, Cidr]]) -> Callable[[bytes], int]:
    bounds = sorted({end for _, block in blocks for end in (block.low, block.high)})
    place = {bound: 2 * index + 1 for index, bound in enumerate(bounds)}
    found = _interval_mask(
        bounds, [(bit, place[block.low], place[block.high]) for bit, block in blocks], 0
    )
    return (lambda _: found) if isinstance(found, int) else found


def _union(bits: Iterable[int]) -> int:
    mask = 0
    for bit in bits:
        mask |= bit
    return mask
