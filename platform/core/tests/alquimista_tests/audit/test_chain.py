"""A chain tells every change of an entry, and every entry that is gone, new or out of place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.audit.chain import GENESIS, Link, check, digest

FIELDS = st.lists(st.none() | st.text(max_size=8), min_size=2, max_size=4)


def chain(entries: list[list[str | None]]) -> list[Link]:
    """An untouched chain."""
    before, links = GENESIS, []
    for numero, fields in enumerate(entries, start=1):
        before = digest(before, numero, fields)
        links.append(Link(numero, before, f"e{numero}", fields))
    return links


def head_of(links: list[Link]) -> tuple[int, str]:
    """The head that belongs to a chain."""
    return (links[-1].numero, links[-1].hash) if links else (0, GENESIS)


@given(st.lists(FIELDS, max_size=6))
def test_an_untouched_chain_has_no_fault(entries: list[list[str | None]]) -> None:
    links = chain(entries)
    assert list(check(links, head_of(links))) == []


@given(st.lists(FIELDS, min_size=1, max_size=6), st.data())
def test_one_changed_entry_is_one_fault_and_is_named(
    entries: list[list[str | None]], data: st.DataObject
) -> None:
    links = chain(entries)
    at = data.draw(st.integers(0, len(links) - 1))
    other = data.draw(FIELDS.filter(lambda found: found != entries[at]))
    changed = [*links]
    changed[at] = Link(links[at].numero, links[at].hash, links[at].entry_id, other)
    [fault] = check(changed, head_of(links))
    assert (fault.kind, fault.entry_id) == ("changed", f"e{at + 1}")


@given(st.lists(FIELDS, min_size=2, max_size=6, unique_by=tuple), st.data())
def test_two_entries_that_changed_places_are_both_named(
    entries: list[list[str | None]], data: st.DataObject
) -> None:
    links = chain(entries)
    one, two = sorted(data.draw(st.permutations(range(len(links))))[:2])
    swapped = [*links]
    swapped[one] = Link(one + 1, links[two].hash, links[two].entry_id, links[two].fields)
    swapped[two] = Link(two + 1, links[one].hash, links[one].entry_id, links[one].fields)
    kinds = [(fault.kind, fault.entry_id) for fault in check(swapped, head_of(links))]
    assert ("changed", f"e{two + 1}") in kinds
    assert ("changed", f"e{one + 1}") in kinds


@given(st.lists(FIELDS, min_size=1, max_size=6), st.data())
def test_a_link_that_is_gone_is_a_gap_or_a_cut_tail(
    entries: list[list[str | None]], data: st.DataObject
) -> None:
    links = chain(entries)
    at = data.draw(st.integers(0, len(links) - 1))
    left = links[:at] + links[at + 1 :]
    [fault] = check(left, head_of(links))
    assert fault.kind == ("truncated" if at == len(links) - 1 else "gap")


@given(st.lists(FIELDS, min_size=1, max_size=6), st.data())
def test_an_entry_that_is_gone_is_missing(
    entries: list[list[str | None]], data: st.DataObject
) -> None:
    links = chain(entries)
    at = data.draw(st.integers(0, len(links) - 1))
    links[at] = Link(links[at].numero, links[at].hash, links[at].entry_id, None)
    [fault] = check(links, head_of(links))
    assert (fault.kind, fault.numero) == ("missing", at + 1)


@given(FIELDS, FIELDS)
def test_two_entries_are_never_written_alike(one: list[str | None], two: list[str | None]) -> None:
    assert (digest(GENESIS, 1, one) == digest(GENESIS, 1, two)) == (one == two)


def test_a_chain_without_its_head_is_cut() -> None:
    [fault] = check(chain([["a"]]), None)
    assert fault.kind == "truncated"
    assert list(check([], None)) == []
