"""What every list's pages have alike."""

from __future__ import annotations

from alquimista_sdk.errors import PermanentError

LIMITE_PADRAO = 50
LIMITE_MAXIMO = 200


class CursorInvalido(PermanentError):
    """A cursor that this API did not make."""

    code = "cursor_invalido"
