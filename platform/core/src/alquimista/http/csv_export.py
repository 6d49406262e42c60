"""CSV that spreadsheets open without running anything (OWASP, "CSV Injection")."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
BOM = "\ufeff"
"""Excel takes a file without it for its own code page."""


def safe(value: Any) -> str:
    """A cell's text; one that a spreadsheet would take for a formula gets an apostrophe."""
    found = "" if value is None else str(value)
    return f"'{found}" if found.lstrip(" \u00a0").startswith(_FORMULA) else found


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The file, line by line: semicolons, as spreadsheets in Brazil expect (RFC 4180 otherwise)."""
    yield BOM
    yield _line(header)
    for row in rows:
        yield _line([safe(cell) for cell in row])


def attachment(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """The file as a streamed download."""
    response = Response(
        stream_with_context(lines(header, rows)), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _line(row: Sequence[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(row)
    return out.getvalue()
