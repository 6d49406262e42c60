"""JSON as callers send it: what is read, what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.http.bodies import CorpoInvalido, read_json, require_storable

STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | STORABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STORABLE, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_every_storable_value_is_read_as_it_was_written(value: object, escaped: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(VALUES, st.sampled_from(["\x00", "\ud800", "a\udfffb"]))
def test_text_that_cannot_be_stored_is_found_at_any_depth(value: object, bad: str) -> None:
    for hidden in ([value, {"a": [bad]}], {bad: value}, bad):
        with pytest.raises(CorpoInvalido):
            read_json(json.dumps(hidden).encode())
        with pytest.raises(CorpoInvalido):
            require_storable(hidden)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"NaN", b"[Infinity]", b"9" * 5000, b"[" * 100_000, b"{'a': 1}", b"[1,]"],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(CorpoInvalido, match="não é um JSON válido"):
        read_json(raw)


def test_an_escaped_backslash_before_zeros_is_text_like_any_other() -> None:
    assert read_json(b'"\\\\u0000"') == "\\u0000"


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == "\U0001f600"
