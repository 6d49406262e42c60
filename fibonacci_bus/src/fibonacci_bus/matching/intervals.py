"""Which intervals hold a number or an address: bisection in the bounds of all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from fibonacci_bus.operators import Cidr, packed_address

Bound = TypeVar("Bound", float, bytes)


def interval_mask(
    bounds: list[Bound], slots: Iterable[tuple[int, int, int]], always: int
) -> Callable[[Bound], int] | int:
    """From a value to the bits of the spans of slots that hold it, or the mask if none differs.

    Slot 0 lies below the first bound; bound *i* is slot 2i + 1, the gap after it 2i + 2.
    ``always`` is in every mask.
    """
    if not bounds:
        return always | union(bit for bit, _, _ in slots)
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
    if len(set(masks[::2])) == 1:
        at_bounds, elsewhere = dict(zip(bounds, masks[1::2], strict=True)), masks[0]
        return lambda value: at_bounds.get(value, elsewhere)
    count = len(bounds)

    def find(value: Bound) -> int:
        at = bisect_left(bounds, value)
        if at < count and bounds[at] == value:
            return masks[at + at + 1]
        return masks[at + at]

    return find


def address_mask(blocks: Sequence[tuple[int, Cidr]]) -> Callable[[str], int]:
    """From a text to the bits of the blocks that hold the address that it is."""
    version = {size: _block_mask([b for b in blocks if len(b[1].low) == size]) for size in (4, 16)}

    def mask_of(text: str) -> int:
        address = packed_address(text)
        return 0 if address is None else version[len(address)](address)

    return mask_of


def _block_mask(blocks: Sequence[tuple[int, Cidr]]) -> Callable[[bytes], int]:
    bounds = sorted({end for _, block in blocks for end in (block.low, block.high)})
    place = {bound: 2 * index + 1 for index, bound in enumerate(bounds)}
    found = interval_mask(
        bounds, [(bit, place[block.low], place[block.high]) for bit, block in blocks], 0
    )
    return (lambda _: found) if isinstance(found, int) else found


def union(bits: Iterable[int]) -> int:
    """All the bits."""
    mask = 0
    for bit in bits:
        mask |= bit
    return mask
