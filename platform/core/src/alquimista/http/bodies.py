"""What callers send, read one way: strict JSON, and text that PostgreSQL can store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Request, request
from webargs.flaskparser import is_json_request

from alquimista_sdk.errors import PermanentError

MAX_DEPTH = 32
MAX_JSON_BYTES = 5_000_000
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00")


class CorpoInvalido(PermanentError):
    """The body is not JSON as RFC 8259 has it, or holds text that cannot be stored."""

    code = "json_invalido"
    http_status = HTTPStatus.BAD_REQUEST


class CorpoGrande(PermanentError):
    """A JSON body of more than ``MAX_JSON_BYTES``."""

    code = "corpo_grande_demais"
    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class _Repeated(ValueError):
    """A key that an object has twice."""


class TipoNaoAceito(PermanentError):
    """The body is announced as something else than JSON."""

    code = "tipo_nao_aceito"
    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def json_body() -> Any:
    """The request's JSON, for views that read it without a schema.

    Raises:
        TipoNaoAceito: the content type is not JSON.
        CorpoInvalido: see ``read_json``.
    """
    if not is_json_request(request):
        raise TipoNaoAceito("Envie o corpo em JSON, com Content-Type: application/json.")
    return read_json(request_bytes(request))


def request_bytes(found: Request) -> bytes:
    """A JSON request's body.

    Raises:
        CorpoGrande: it has more than ``MAX_JSON_BYTES``.
    """
    size = found.content_length
    if size is None or size <= MAX_JSON_BYTES:
        raw = found.get_data(cache=True)
        if len(raw) <= MAX_JSON_BYTES:
            return raw
    raise CorpoGrande(f"Um corpo em JSON tem no máximo {MAX_JSON_BYTES // 1_000_000} MB.")


def read_json(raw: bytes) -> Any:
    """Parse JSON (RFC 8259: no NaN, UTF-8) whose text PostgreSQL can store.

    Raises:
        CorpoInvalido: it is malformed, repeats a key within an object, is nested more than
            ``MAX_DEPTH`` levels deep, or holds NUL or half a surrogate pair.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique
        )
    except _Repeated as error:
        raise CorpoInvalido(
            f"O corpo repete a chave {str(error)[:80]!r} no mesmo objeto."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CorpoInvalido("O corpo da requisição não é um JSON válido.") from error
    if _deeper(value, MAX_DEPTH):
        raise CorpoInvalido(f"O corpo tem mais de {MAX_DEPTH} níveis de aninhamento.")
    if _SUSPECT.search(raw):
        require_storable(value)
    return value


def require_storable_address() -> None:
    """Refuse an address with a NUL, before any view sees it."""
    require_storable(request.path)


def require_storable(value: Any) -> None:
    """Refuse text with a NUL or half a surrogate pair, at any depth of JSON.

    Raises:
        CorpoInvalido: there is one.
    """
    for text in _texts(value):
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise CorpoInvalido("O texto enviado tem um caractere que não pode ser guardado.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two readers of a repeated key could each see another value (RFC 8259, 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return found


def _deeper(value: Any, limit: int) -> bool:
    """Whether objects and lists are nested more than ``limit`` deep."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(inner, dict | list) for inner in level)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
