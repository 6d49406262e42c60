"""No cell of an exported file is a formula, and every cell is read back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.http.csv_export import BOM, lines, safe

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|calc", "%0A=1", " =1", "＝1")


@pytest.mark.parametrize("cell", FORMULAS, ids=range(len(FORMULAS)))
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Ação", "a=b", "1", "", "rita@acos.com.br"])
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert safe(cell) == cell


def test_nothing_is_an_empty_cell() -> None:
    assert safe(None) == ""


@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), max_size=5))
def test_the_file_is_read_back_as_it_was_written(rows: list[list[str]]) -> None:
    written = "".join(lines(("a", "b"), rows)).removeprefix(BOM)
    read = list(csv.reader(io.StringIO(written, newline=""), delimiter=";"))
    assert read == [["a", "b"], *([safe(cell) for cell in row] for row in rows)]
