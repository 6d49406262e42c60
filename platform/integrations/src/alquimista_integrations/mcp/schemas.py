"""JSON Schemas that strangers wrote, made harmless before anything is validated by them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from alquimista_sdk.errors import PermanentError

_LARGEST = 32_768
_DEEPEST = 40
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_EXPRESSIONS = ("pattern", "patternProperties", "format")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")


class EsquemaRecusado(PermanentError):
    """The schema is none, is too large, or points outside itself."""

    code = "esquema_recusado"


def harmless(schema: Any) -> Mapping[str, Any]:
    """A schema of an object that fetches nothing and runs no regular expression.

    A reference to an address would be fetched by the validator; a regular expression can take for
    ever (OWASP, "ReDoS"). Expressions are left out: the server that wrote them holds to them.

    Raises:
        EsquemaRecusado: see there.
    """
    if not isinstance(schema, Mapping):
        raise EsquemaRecusado("o esquema não é um objeto")
    try:
        size = len(json.dumps(schema))
    except (TypeError, ValueError, RecursionError) as error:
        raise EsquemaRecusado("o esquema não é JSON") from error
    if size > _LARGEST:
        raise EsquemaRecusado("o esquema é grande demais")
    found: dict[str, Any] = {"type": "object", **_cleaned(schema, 0, named=False)}
    if found["type"] != "object":
        raise EsquemaRecusado("o esquema não é de um objeto")
    try:
        Draft202012Validator.check_schema(found)
    except SchemaError as error:
        raise EsquemaRecusado("o esquema não segue JSON Schema") from error
    return found


def _cleaned(value: Any, depth: int, *, named: bool) -> Any:
    """``named``: the keys are names that somebody chose, not keywords."""
    if depth > _DEEPEST:
        raise EsquemaRecusado("o esquema tem níveis demais")
    if isinstance(value, list):
        return [_cleaned(item, depth + 1, named=False) for item in value]
    if not isinstance(value, Mapping):
        return value
    found = {}
    for key, inner in value.items():
        if not named:
            if key in _EXPRESSIONS or key in ("$schema", "$id"):
                continue
            if key in _REFERENCES and not str(inner).startswith("#"):
                raise EsquemaRecusado("o esquema aponta para fora de si")
            if key in ("const", "enum", "default", "examples"):
                found[key] = inner
                continue
        found[key] = _cleaned(inner, depth + 1, named=not named and key in _NAMED)
    return found
