"""Cursors of pages."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.http.cursor import CursorInvalido, decode, encode

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS, st.uuids())
def test_a_cursor_gives_back_what_it_was_made_of(moment: datetime, row_id: UUID) -> None:
    assert decode(encode(moment, row_id)) == (moment, row_id)


@given(MOMENTS, st.uuids())
def test_a_cursor_needs_no_escaping_in_an_address(moment: datetime, row_id: UUID) -> None:
    assert set(encode(moment, row_id)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    )


@pytest.mark.parametrize("cursor", [None, ""])
def test_no_cursor_is_the_first_page(cursor: str | None) -> None:
    assert decode(cursor) is None


@given(st.text(min_size=1))
def test_anything_else_is_refused_as_ours_alone(cursor: str) -> None:
    with pytest.raises(CursorInvalido, match="recomece da primeira página"):
        decode(cursor)


@pytest.mark.parametrize(
    "inside",
    [
        "2026-11-30T10:00:00|00000000-0000-0000-0000-000000000000",
        "2026-11-30T10:00:00+00:00|nada",
        "ontem|00000000-0000-0000-0000-000000000000",
        "2026-11-30T10:00:00+00:00",
    ],
)
def test_a_cursor_that_somebody_wrote_is_refused(inside: str) -> None:
    with pytest.raises(CursorInvalido):
        decode(base64.urlsafe_b64encode(inside.encode()).decode())
