"""Cursors of pages: what a list made it reads again, and nothing else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, DateTime, Integer, Uuid, column, table
from sqlalchemy.dialects import postgresql

from alquimista.http.cursor import CursorInvalido
from alquimista.http.listing import Listing

ROWS = table(
    "rows",
    column("tenant_id", Uuid()),
    column("id", Uuid()),
    column("moment", DateTime(timezone=True)),
    column("depth", Integer()),
    column("ordem", BigInteger()),
)
LISTA = Listing(
    table=ROWS,
    ordens={"moment": ROWS.c.moment, "ordem": ROWS.c.ordem},
    padrao="-moment",
    desempate=ROWS.c.depth,
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
SMALL = st.integers(-(2**31), 2**31 - 1)


class _Rows:
    """Stands for a connection that answers two rows, and remembers what it was asked."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = SimpleNamespace(_mapping=row, **row)
        self.asked: dict[str, Any] = {}

    def execute(self, statement: Any) -> Any:
        self.asked = statement.compile(dialect=postgresql.dialect()).params
        return SimpleNamespace(all=lambda: [self._row, self._row])


def page(row: dict[str, Any], ordenar: str, cursor: str | None) -> tuple[str, dict[str, Any]]:
    """The cursor after a page of one such row, and the values that the page's query asked for."""
    connection = _Rows(row)
    uow: Any = SimpleNamespace(tenant_id=uuid4(), connection=connection)
    found = LISTA.page(uow, {"ordenar": ordenar, "limite": 1, "cursor": cursor})
    assert found.proximo is not None
    return found.proximo, connection.asked


@given(MOMENTS, SMALL, st.integers(-(2**63), 2**63 - 1), st.uuids(), st.sampled_from(["", "-"]))
def test_a_page_begins_behind_the_row_that_its_cursor_was_made_of(
    moment: datetime, depth: int, ordem: int, row_id: UUID, sign: str
) -> None:
    row = {"moment": moment, "depth": depth, "ordem": ordem, "id": row_id}
    for name in ("moment", "ordem"):
        cursor, _ = page(row, sign + name, None)
        again, asked = page(row, sign + name, cursor)
        assert again == cursor
        values = list(asked.values())
        assert row[name] in values and depth in values and row_id in values


@given(MOMENTS, st.uuids())
def test_a_cursor_needs_no_escaping_in_an_address(moment: datetime, row_id: UUID) -> None:
    cursor, _ = page({"moment": moment, "depth": 0, "ordem": 1, "id": row_id}, "moment", None)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(min_size=1))
def test_anything_else_is_refused_as_ours_alone(cursor: str) -> None:
    row = {"moment": datetime.now(UTC), "depth": 0, "ordem": 1, "id": uuid4()}
    with pytest.raises(CursorInvalido, match="recomece da primeira página"):
        page(row, "moment", cursor)


NOBODY = str(UUID(int=0))
AT = "2026-11-30T10:00:00+00:00"


@pytest.mark.parametrize(
    "inside",
    [
        ["moment", "2026-11-30T10:00:00", 0, NOBODY],
        ["moment", AT, 0, "nada"],
        ["moment", "ontem", 0, NOBODY],
        ["moment", AT, NOBODY],
        ["moment", AT, 0, 0, NOBODY],
        ["moment", AT, 2**31, NOBODY],
        ["moment", AT, "x", NOBODY],
        ["moment", AT, None, NOBODY],
        ["-moment", AT, 0, NOBODY],
        ["ordem", AT, 0, NOBODY],
        {"moment": AT},
        None,
    ],
)
def test_a_cursor_that_somebody_wrote_is_refused(inside: Any) -> None:
    row = {"moment": datetime.now(UTC), "depth": 0, "ordem": 1, "id": uuid4()}
    written = base64.urlsafe_b64encode(json.dumps(inside).encode()).decode()
    with pytest.raises(CursorInvalido):
        page(row, "moment", written)


def test_a_number_that_its_column_cannot_hold_is_refused() -> None:
    row = {"moment": datetime.now(UTC), "depth": 0, "ordem": 1, "id": uuid4()}
    for number in (2**63, -(2**63) - 1):
        written = json.dumps(["ordem", number, 0, NOBODY]).encode()
        with pytest.raises(CursorInvalido):
            page(row, "ordem", base64.urlsafe_b64encode(written).decode())
