"""What callers send, read one way: strict JSON, storable text, faults told in pt-BR.

Every blueprint is made with this module's ``Blueprint``, so that no endpoint reads otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NoReturn

import flask_smorest
import marshmallow as ma
from flask import Request, request
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from alquimista.http.faults import translated
from alquimista_sdk.errors import PermanentError

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00")


class CorpoInvalido(PermanentError):
    """The body is not JSON as RFC 8259 has it, or holds text that cannot be stored."""

    code = "json_invalido"
    http_status = HTTPStatus.BAD_REQUEST


class TipoNaoAceito(PermanentError):
    """The body is announced as something else than JSON."""

    code = "tipo_nao_aceito"
    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Parser(FlaskParser):
    """webargs' parser with our reading of JSON and our words."""

    def _raw_load_json(self, req: Request) -> Any:
        if not is_json_request(req):
            return missing
        return read_json(req.get_data(cache=True))

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query, where its text can be stored."""
        _require_storable([*req.args.values()])
        return super().load_querystring(req, schema)

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """The form, where its text can be stored."""
        _require_storable([*req.form.values()])
        return super().load_form(req, schema)

    def load_files(self, req: Request, schema: ma.Schema) -> Any:
        """The files, where their names can be stored."""
        _require_storable([file.filename for file in req.files.values()])
        return super().load_files(req, schema)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Tell each field's fault in pt-BR."""
        told = ma.ValidationError(translated(error.messages))
        super().handle_error(
            told,
            req,
            schema,
            error_status_code=error_status_code,
            error_headers=error_headers,
        )


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """flask-smorest's blueprint with our parser."""

    ARGUMENTS_PARSER = Parser()


def json_body() -> Any:
    """The request's JSON, for views that read it without a schema.

    Raises:
        TipoNaoAceito: the content type is not JSON.
        CorpoInvalido: see ``read_json``.
    """
    if not is_json_request(request):
        raise TipoNaoAceito("Envie o corpo em JSON, com Content-Type: application/json.")
    return read_json(request.get_data())


def read_json(raw: bytes) -> Any:
    """Parse JSON (RFC 8259: no NaN, UTF-8) whose text PostgreSQL can store.

    Raises:
        CorpoInvalido: it is malformed, nested too deeply, or holds NUL or half a surrogate pair.
    """
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CorpoInvalido("O corpo da requisição não é um JSON válido.") from error
    if _SUSPECT.search(raw):
        _require_storable(value)
    return value


def require_storable_address() -> None:
    """Refuse an address with a NUL, before any view sees it."""
    _require_storable(request.path)


def _require_storable(value: Any) -> None:
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


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
