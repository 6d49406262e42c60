"""What every list's pages have alike."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from alquimista_sdk.errors import PermanentError

LIMITE_PADRAO = 50
LIMITE_MAXIMO = 200
INVALIDO = "O cursor não é válido para esta ordem; recomece da primeira página."


class CursorInvalido(PermanentError):
    """A cursor that this API did not make."""

    code = "cursor_invalido"


class PaginaSchema(ma.Schema):
    """A page of a list, to which each resource adds its ``itens``."""

    proximo = ma.fields.String(
        allow_none=True, metadata={"description": "Cursor da próxima página; nulo na última."}
    )


def write_cursor(parts: Sequence[Any]) -> str:
    """A cursor of JSON values: the order, and what tells the last row shown."""
    raw = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str) -> list[Any]:
    """What ``write_cursor`` was given.

    Raises:
        CursorInvalido: it is none.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise CursorInvalido(INVALIDO) from error
    if not isinstance(found, list):
        raise CursorInvalido(INVALIDO)
    return found
