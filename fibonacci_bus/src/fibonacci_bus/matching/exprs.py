"""Conditions as Python source: tests in a row where they are few, a look-up where they are many.

Names and texts of patterns enter the source as ``repr`` of a plain text; everything else is bound
to a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fibonacci_bus.matching.fields import Field
from fibonacci_bus.matching.texts import Claim, text_mask
from fibonacci_bus.matching.values import unnamed
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
)

FEW = 8
"""So many conditions of one kind are tried in a row; more are looked up."""
_TEXTS = (EqualsIgnoreCase, Prefix, Suffix, Wildcard, Cidr)
_IPV4_BYTES = 4


class Source:
    """Functions as they are written, and the objects that they name."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._lines: list[str] = []

    def bound(self, value: Any) -> str:
        """A name for any object."""
        name = f"k{len(self._names)}"
        self._names[name] = value
        return name

    def constant(self, value: Any) -> str:
        """A text or a whole number as it is written; a name for anything else."""
        return repr(value) if value.__class__ in (str, int) else self.bound(value)

    def function(self, arguments: str, body: Sequence[str]) -> str:
        """Write a function; answers its name."""
        name = f"f{len(self._lines)}"
        self._lines += [f"def {name}({arguments}):", *indented(body)]
        return name

    def compiled(self, function: str) -> Any:
        """The function itself."""
        exec(compile("\n".join(self._lines), "<patterns>", "exec"), self._names)
        return self._names[function]


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one block deeper."""
    return ["    " + line for line in lines]


def asks_text(claims: Sequence[Claim]) -> bool:
    """Whether a condition speaks of texts."""
    for _, condition in claims:
        for inner in condition.unwanted if isinstance(condition, AnythingBut) else (condition,):
            value = inner.value if isinstance(inner, Equals) else None
            if isinstance(value, str) or isinstance(inner, _TEXTS):
                return True
    return False


def text_lines(field: Field, source: Source) -> list[str]:
    """What the text ``value`` leaves of ``alive``."""
    known = source.bound(field.known.get) if field.known else None
    if field.other is not None:
        mask = f"{known}(value, {field.other:#x})" if known else f"{field.other:#x}"
        return [f"alive &= {mask}"]
    lines = _other_texts(field, source)
    if known:
        lines = [f"mask = {known}(value)", "if mask is None:", *indented(lines)]
    return [*lines, "alive &= mask"]


def number_lines(field: Field, source: Source) -> list[str]:
    """What the number ``value`` leaves of ``alive``."""
    if field.number is not None:
        return [f"alive &= {field.number:#x}"]
    claims = [claim for c in field.claims if (claim := _of_numbers(c)) is not None]
    if len({condition for _, condition in claims}) > FEW:
        return [f"alive &= {source.bound(field.numbers)}(value)"]
    lines = _mask_lines(claims, field.passing, lambda c: _number_test(c, source))
    return [*lines, "alive &= mask"]


def _other_texts(field: Field, source: Source) -> list[str]:
    """Lines from a text that no condition names to its mask."""
    claims = [c for c in unnamed(field.claims) if isinstance(c[1], (*_TEXTS, AnythingBut, Exists))]
    kinds = Counter(type(condition) for condition in {c for _, c in claims})
    many = tuple(kind for kind, count in kinds.items() if count > FEW)
    few = [claim for claim in claims if not isinstance(claim[1], many)]
    lines = _mask_lines(few, field.passing, lambda c: _text_test(c, source))
    if any(_in_lower_case(condition) for _, condition in few):
        lines.insert(0, "lower = value.lower()")
    for kind in many:
        found = text_mask([claim for claim in claims if isinstance(claim[1], kind)], 0)
        mask = f"{found:#x}" if isinstance(found, int) else f"{source.bound(found)}(value)"
        lines.append(f"mask |= {mask}")
    return lines


def _mask_lines(
    claims: Sequence[Claim], always: int, test: Callable[[Condition], str]
) -> list[str]:
    """Lines that leave the mask of the claims in ``mask``.

    An anything-but is mostly met, so its bit is there from the start and is taken away; where a
    branch has several of them each adds the bit.
    """
    often = Counter(bit for bit, condition in claims if isinstance(condition, AnythingBut))
    added: dict[Condition, int] = {}
    taken: dict[Condition, int] = {}
    for bit, condition in claims:
        if isinstance(condition, Exists):
            always |= bit
        else:
            alone = isinstance(condition, AnythingBut) and often[bit] == 1
            masks = taken if alone else added
            masks[condition] = masks.get(condition, 0) | bit
    first = always
    lines: list[str] = []
    for condition, bits in taken.items():
        if left := bits & ~always:
            first |= left
            lines += [f"if {test(condition)}:", f"    mask ^= {left:#x}"]
    for condition, bits in added.items():
        if left := bits & ~always:
            unless = "not " if isinstance(condition, AnythingBut) else ""
            lines += [f"if {unless}({test(condition)}):", f"    mask |= {left:#x}"]
    return [f"mask = {first:#x}", *lines]


def _text_test(condition: Condition, source: Source) -> str:
    """Whether ``value``, or ``lower``, meets a condition; for an anything-but, what it bars."""
    if isinstance(condition, AnythingBut):
        return " or ".join(_text_test(inner, source) for inner in condition.unwanted)
    if isinstance(condition, Prefix | Suffix):
        name = "lower" if condition.any_case else "value"
        method = "startswith" if isinstance(condition, Prefix) else "endswith"
        return f"{name}.{method}({source.constant(condition.text)})"
    if isinstance(condition, EqualsIgnoreCase):
        return f"lower == {source.constant(condition.folded)}"
    if isinstance(condition, Wildcard):
        return _wildcard_test(condition, source)
    if isinstance(condition, Cidr):
        head, holds = _octets(condition), f"{source.bound(condition.holds)}(value)"
        return f"value.startswith({head!r}) and {holds}" if head else holds
    raise TypeError(f"no condition on a text: {condition}")


def _wildcard_test(wildcard: Wildcard, source: Source) -> str:
    head, pieces, tail = wildcard.head, wildcard.pieces, wildcard.tail
    tests = []
    if tail:
        tests.append(f"value.endswith({source.constant(tail)})")
    if head:
        tests.append(f"value.startswith({source.constant(head)})")
    if not pieces:
        tests.append(f"len(value) >= {len(head) + len(tail)}")
    else:
        tests.append(f"{source.constant(max(pieces, key=len))} in value")
        if len(pieces) > 1 or head or tail:
            tests.append(f"{source.bound(wildcard.holds)}(value)")
    return f"({' and '.join(tests)})"


def _octets(block: Cidr) -> str:
    """What every address of an IPv4 block begins with: its whole octets; nothing for IPv6."""
    if len(block.low) != _IPV4_BYTES:
        return ""
    same = 0
    while same < _IPV4_BYTES - 1 and block.low[same] == block.high[same]:
        same += 1
    return "".join(f"{octet}." for octet in block.low[:same])


def _number_test(condition: Condition, source: Source) -> str:
    """Whether ``value`` meets a condition; for an anything-but, what it bars."""
    if isinstance(condition, AnythingBut):
        return " or ".join(_number_test(inner, source) for inner in condition.unwanted)
    if isinstance(condition, Equals):
        return f"value == {source.constant(condition.value)}"
    if isinstance(condition, Between):
        low, high = source.constant(condition.low), source.constant(condition.high)
        if condition.low == condition.high:
            return f"value == {low}"
        above = "<" if condition.low_open else "<="
        below = "<" if condition.high_open else "<="
        return f"{low} {above} value {below} {high}"
    raise TypeError(f"no condition on a number: {condition}")


def _of_numbers(claim: Claim) -> Claim | None:
    """What a claim says of numbers; None where no number meets it."""
    bit, condition = claim
    if isinstance(condition, AnythingBut):
        kept = tuple(c for c in condition.unwanted if isinstance(c, Equals) and _is_number(c.value))
        return (bit, AnythingBut(kept) if kept else Exists())
    if isinstance(condition, Between | Exists):
        return claim
    return claim if isinstance(condition, Equals) and _is_number(condition.value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_lower_case(condition: Condition) -> bool:
    if isinstance(condition, AnythingBut):
        return any(_in_lower_case(inner) for inner in condition.unwanted)
    if isinstance(condition, Prefix | Suffix):
        return condition.any_case
    return isinstance(condition, EqualsIgnoreCase)
