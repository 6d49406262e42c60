"""Cursors of pages: opaque to clients, a moment and an id for us."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from alquimista_sdk.errors import PermanentError

LIMITE_PADRAO = 50
LIMITE_MAXIMO = 200


class CursorInvalido(PermanentError):
    """A cursor that this API did not make."""

    code = "cursor_invalido"


def encode(moment: datetime, row_id: UUID) -> str:
    """The cursor behind which the next page begins."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def decode(cursor: str | None) -> tuple[datetime, UUID] | None:
    """What a cursor holds; None for none.

    Raises:
        CursorInvalido: it is not one of ours.
    """
    if not cursor:
        return None
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        return _utc(moment), UUID(row_id)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise CursorInvalido("O cursor não é válido; recomece da primeira página.") from error


def encode_event(moment: datetime, depth: int, row_id: UUID) -> str:
    """The cursor of a page of events, which are ordered by depth where moments are equal."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{depth}|{row_id}".encode()).decode()


def decode_event(cursor: str | None) -> tuple[datetime, int, UUID] | None:
    """What a cursor of events holds; None for none.

    Raises:
        CursorInvalido: it is not one of ours.
    """
    if not cursor:
        return None
    try:
        moment, depth, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        when, level = _utc(moment), int(depth)
        if not 0 <= level < 2**31:
            raise ValueError("out of range")
        return when, level, UUID(row_id)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise CursorInvalido("O cursor não é válido; recomece da primeira página.") from error


def _utc(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("naive moment")
    return moment.astimezone(UTC)
