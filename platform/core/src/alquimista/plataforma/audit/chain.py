"""The hash chain of a tenant's audit log, computed here as the database's trigger computes it.

Each link is SHA-256 (FIPS 180-4) over the link before, the entry's number and every column of the
entry as PostgreSQL prints it, ciphertext included. A field is written as its length in bytes, a
colon and its text, an absent one as a hyphen, so that no two rows are written alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

GENESIS = "0" * 64
"""What stands before the first link."""


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link; ``fields`` is the entry's columns as text, None where the entry is gone."""

    numero: int
    hash: str
    entry_id: str
    fields: Sequence[str | None] | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: ``kind`` is changed, missing, gap, unlinked or truncated."""

    kind: str
    numero: int
    entry_id: str = ""


def digest(before: str, numero: int, fields: Sequence[str | None]) -> str:
    """The link of an entry, as hexadecimal digits."""
    written = "".join(_written(field) for field in (before, str(numero), *fields))
    return hashlib.sha256(written.encode()).hexdigest()


def check(links: Iterable[Link], head: tuple[int, str] | None) -> Iterator[Fault]:
    """Walk a chain in the order of its numbers; yields every fault once.

    After a fault the walk goes on from the stored link, so that one change is one fault.
    """
    before, expected = GENESIS, 1
    for link in links:
        if link.numero != expected:
            yield Fault("gap", expected)
        if link.fields is None:
            yield Fault("missing", link.numero, link.entry_id)
        elif digest(before, link.numero, link.fields) != link.hash and link.numero == expected:
            yield Fault("changed", link.numero, link.entry_id)
        before, expected = link.hash, link.numero + 1
    if head is None:
        if expected > 1:
            yield Fault("truncated", expected)
    elif head != (expected - 1, before):
        yield Fault("truncated", head[0])


def _written(field: str | None) -> str:
    return "-" if field is None else f"{len(field.encode())}:{field}"
