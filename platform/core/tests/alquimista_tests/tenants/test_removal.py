"""The order in which tables are emptied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.tenants.lifecycle import SituacaoErrada
from alquimista.plataforma.tenants.removal import referring_first

_NAMES = [f"t{number}" for number in range(8)]


@given(st.permutations(_NAMES), st.data())
def test_each_table_comes_before_what_it_refers_to(names: list[str], data: st.DataObject) -> None:
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    references = data.draw(st.lists(st.sampled_from(pairs), max_size=12))
    ordered = referring_first(sorted(names), references)
    assert sorted(ordered) == sorted(names)
    for source, target in references:
        assert ordered.index(source) < ordered.index(target)


def test_a_circle_is_told_and_a_stranger_is_no_matter() -> None:
    with pytest.raises(SituacaoErrada, match="circle"):
        referring_first(["a", "b"], [("a", "b"), ("b", "a")])
    assert referring_first(["a"], [("a", "outside"), ("outside", "a")]) == ["a"]
