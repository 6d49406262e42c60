"""Answers that no schema of ours makes, as the manual shows them: pages, files, plain text.

Each is what ``Blueprint.response`` takes beside the status code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Documented = Mapping[str, Any]
_PAGE = (
    '<!doctype html><html lang="pt-BR"><head><title>{0}</title></head>'
    "<body><main><h1>{0}</h1></main></body></html>"
)


def html_page(descricao: str, titulo: str) -> Documented:
    """A page for people, in pt-BR, without scripts."""
    return {
        "schema": {"type": "string"},
        "content_type": "text/html",
        "description": descricao,
        "example": _PAGE.format(titulo),
    }


def csv_file(descricao: str, header: Sequence[str], row: Sequence[str]) -> Documented:
    """A CSV as ``csv_export`` writes it, with one row of it."""
    lines = [";".join(header), ";".join(row)]
    return {
        "schema": {"type": "string"},
        "content_type": "text/csv",
        "description": f"{descricao} UTF-8 com BOM, separado por ponto e vírgula.",
        "example": "\ufeff" + "".join(f"{line}\r\n" for line in lines),
    }


def binary_file(descricao: str, content_type: str) -> Documented:
    """A file of bytes; its description says what is inside, since an example cannot."""
    return {
        "schema": {"type": "string", "format": "binary"},
        "content_type": content_type,
        "description": descricao,
        "example": f"(bytes de {content_type})",
    }


def plain_text(descricao: str, example: str) -> Documented:
    """A line of text."""
    return {
        "schema": {"type": "string"},
        "content_type": "text/plain",
        "description": descricao,
        "example": example,
    }


def json_object(descricao: str, example: Any) -> Documented:
    """JSON whose members depend on what is there: the view answers a ``Response``."""
    array = isinstance(example, list)
    shape = {"type": "array", "items": {"type": "object"}} if array else {"type": "object"}
    return {"schema": shape, "description": descricao, "example": example}
