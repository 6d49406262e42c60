"""The comparison operators of patterns, as conditions on one JSON value that is no object or array.

Source of every rule: "Comparison operators for use in event patterns" of the EventBridge User
Guide, and for what it leaves open the README of aws/event-ruler, the matcher behind EventBridge.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fibonacci_bus.errors import InvalidPattern

NUMERIC_LIMIT = 5_000_000_000
"""EventBridge compares numbers from -5.0e9 to 5.0e9 only; outside it no range holds."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The same JSON value: ``"1"`` is not 1, and true is not 1."""

    value: str | int | float | bool | None

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        wanted = self.value
        if isinstance(wanted, bool) or wanted is None:
            return value is wanted
        if isinstance(value, bool) or isinstance(value, str) != isinstance(wanted, str):
            return False
        return bool(value == wanted)


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """The same text, whatever its case; ``folded`` is in lower case."""

    folded: str

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        return isinstance(value, str) and value.lower() == self.folded


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text that begins so; with ``any_case`` the prefix is in lower case."""

    text: str
    any_case: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        if not isinstance(value, str):
            return False
        return (value.lower() if self.any_case else value).startswith(self.text)


@dataclass(frozen=True, slots=True)
class Suffix:
    """A text that ends so; with ``any_case`` the suffix is in lower case."""

    text: str
    any_case: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        if not isinstance(value, str):
            return False
        return (value.lower() if self.any_case else value).endswith(self.text)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A text of literal pieces with anything between them; no regular expression, so no blow-up."""

    head: str
    pieces: tuple[str, ...]
    tail: str

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition; time is linear in the text for each piece."""
        if not isinstance(value, str):
            return False
        start, end = len(self.head), len(value) - len(self.tail)
        if start > end or not (value.startswith(self.head) and value.endswith(self.tail)):
            return False
        for piece in self.pieces:
            found = value.find(piece, start, end)
            if found < 0:
                return False
            start = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class Between:
    """A number in an interval; an end is open where its flag says so."""

    low: float
    low_open: bool
    high: float
    high_open: bool

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)


@dataclass(frozen=True, slots=True)
class Cidr:
    """A text that is an IPv4 (4 bytes) or IPv6 (16 bytes) address from ``low`` to ``high``."""

    low: bytes
    high: bytes

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        address = packed_address(value) if isinstance(value, str) else None
        return (
            address is not None
            and len(address) == len(self.low)
            and self.low <= address <= self.high
        )


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """A value that is there and meets none of the conditions."""

    unwanted: tuple[Equals | EqualsIgnoreCase | Prefix | Suffix | Wildcard, ...]

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition."""
        return not any(condition.holds(value) for condition in self.unwanted)


@dataclass(frozen=True, slots=True)
class Exists:
    """Any value that is no object and no empty array; null is a value."""

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition: any does."""
        return True


@dataclass(frozen=True, slots=True)
class Absent:
    """No value: the field is missing, an object, or an empty array."""

    def holds(self, value: Any) -> bool:
        """Whether the value meets the condition: none does."""
        return False


Text: TypeAlias = Equals | EqualsIgnoreCase | Prefix | Suffix | Wildcard
Condition: TypeAlias = Text | Between | Cidr | AnythingBut | Exists | Absent


def packed_address(text: str) -> bytes | None:
    """The bytes of an IP address, or nothing where the text is none."""
    if ":" in text:
        family = socket.AF_INET6
    elif text.count(".") == 3:
        family = socket.AF_INET
    else:
        return None
    try:
        return socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None


def parse_condition(item: Any, path: str) -> Condition:
    """One element of a field's list: a JSON value to equal, or an object with one operator.

    Raises:
        InvalidPattern: with the path of the fault.
    """
    if isinstance(item, Mapping):
        if len(item) != 1:
            raise InvalidPattern(path, "one operator at a time")
        name, argument = next(iter(item.items()))
        parse = _OPERATORS.get(name)
        if parse is None:
            raise InvalidPattern(path, f"unknown operator {name!r}")
        return parse(argument, f"{path}.{name}")
    if item is None or isinstance(item, str | bool | int | float):
        return Equals(item)
    raise InvalidPattern(path, "a value is a text, a number, true, false, null or an operator")


def _any_case(argument: Any, path: str) -> tuple[str, bool]:
    """The text of a prefix or suffix, and whether case is ignored."""
    if isinstance(argument, Mapping):
        if set(argument) != {"equals-ignore-case"}:
            raise InvalidPattern(path, "takes a text or equals-ignore-case")
        return _text(argument["equals-ignore-case"], f"{path}.equals-ignore-case").lower(), True
    return _text(argument, path), False


def _text(argument: Any, path: str) -> str:
    if not isinstance(argument, str):
        raise InvalidPattern(path, "must be a text")
    return argument


def _prefix(argument: Any, path: str) -> Prefix:
    return Prefix(*_any_case(argument, path))


def _suffix(argument: Any, path: str) -> Suffix:
    return Suffix(*_any_case(argument, path))


def _equals_ignore_case(argument: Any, path: str) -> EqualsIgnoreCase:
    return EqualsIgnoreCase(_text(argument, path).lower())


def _wildcard(argument: Any, path: str) -> Text:
    """Parse ``*`` and its escapes ``\\*`` and ``\\\\``; what is simpler becomes what it is."""
    pieces = [""]
    text = _text(argument, path)
    at = 0
    while at < len(text):
        character = text[at]
        if character == "*":
            if at and pieces[-1] == "" and len(pieces) > 1:
                raise InvalidPattern(path, "two wildcards in a row")
            pieces.append("")
        elif character == "\\":
            at += 1
            if text[at : at + 1] not in ("*", "\\"):
                raise InvalidPattern(path, "a backslash stands before * or another backslash")
            pieces[-1] += text[at]
        else:
            pieces[-1] += character
        at += 1
    if len(pieces) == 1:
        return Equals(pieces[0])
    head, *middle, tail = pieces
    if not middle and not tail:
        return Prefix(head)
    if not middle and not head:
        return Suffix(tail)
    return Wildcard(head, tuple(middle), tail)


def _numeric(argument: Any, path: str) -> Between:
    if not isinstance(argument, list | tuple) or len(argument) not in (2, 4):
        raise InvalidPattern(path, "numeric takes one or two comparisons")
    for index in range(0, len(argument), 2):
        if argument[index] not in ("=", "<", "<=", ">", ">="):
            raise InvalidPattern(f"{path}[{index}]", f"unknown comparison {argument[index]!r}")
        _number(argument[index + 1], f"{path}[{index + 1}]")
    sign, bound = argument[0], argument[1]
    if len(argument) == 2:
        low = bound if sign in ("=", ">", ">=") else -NUMERIC_LIMIT
        high = bound if sign in ("=", "<", "<=") else NUMERIC_LIMIT
        return Between(low, sign == ">", high, sign == "<")
    if sign not in (">", ">="):
        raise InvalidPattern(f"{path}[0]", "a range begins with > or >=")
    if argument[2] not in ("<", "<="):
        raise InvalidPattern(f"{path}[2]", "a range ends with < or <=")
    if argument[3] <= bound:
        raise InvalidPattern(f"{path}[3]", "the range is empty")
    return Between(bound, sign == ">", argument[3], argument[2] == "<")


def _number(value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidPattern(path, "must be a number")
    if not -NUMERIC_LIMIT <= value <= NUMERIC_LIMIT:
        raise InvalidPattern(path, "numbers go from -5.0e9 to 5.0e9")


def _exists(argument: Any, path: str) -> Exists | Absent:
    if not isinstance(argument, bool):
        raise InvalidPattern(path, "exists takes true or false")
    return Exists() if argument else Absent()


def _cidr(argument: Any, path: str) -> Cidr:
    """A block, its host bits ignored; as in event-ruler a whole address is no block."""
    text = _text(argument, path)
    address, slash, bits = text.partition("/")
    if not slash or "%" in address or not (bits.isascii() and bits.isdigit()):
        raise InvalidPattern(path, "a block is an address, a slash and a number of bits")
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidPattern(path, f"no address block: {error}") from error
    if block.prefixlen == block.max_prefixlen:
        raise InvalidPattern(path, f"a block has fewer than {block.max_prefixlen} bits")
    return Cidr(block.network_address.packed, block.broadcast_address.packed)


def _anything_but(argument: Any, path: str) -> AnythingBut:
    if isinstance(argument, Mapping):
        if len(argument) != 1:
            raise InvalidPattern(path, "one operator at a time")
        name, inner = next(iter(argument.items()))
        parse = _UNWANTED.get(name)
        if parse is None:
            raise InvalidPattern(path, f"anything-but does not take {name!r}")
        texts = _listed(inner, f"{path}.{name}")
        for text in texts:
            if not isinstance(text, str) or not text:
                raise InvalidPattern(f"{path}.{name}", "must be a text that is not empty")
        return AnythingBut(tuple(parse(text, f"{path}.{name}") for text in texts))
    values = _listed(argument, path)
    if not (
        all(isinstance(value, str) for value in values)
        or all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    ):
        raise InvalidPattern(path, "anything-but takes texts or numbers, not both")
    return AnythingBut(tuple(Equals(value) for value in values))


def _listed(argument: Any, path: str) -> Sequence[Any]:
    values = argument if isinstance(argument, list | tuple) else (argument,)
    if not values:
        raise InvalidPattern(path, "an empty list excludes nothing")
    return values


_UNWANTED: Mapping[str, Callable[[Any, str], Text]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
    "equals-ignore-case": _equals_ignore_case,
}
_OPERATORS: Mapping[str, Callable[[Any, str], Condition]] = {
    **_UNWANTED,
    "anything-but": _anything_but,
    "exists": _exists,
    "numeric": _numeric,
    "cidr": _cidr,
}
