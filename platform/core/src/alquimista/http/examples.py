"""Examples of the manual, made from the schemas and one table of facts.

An example is built member by member, so it can never lack a field or keep one that is gone; a test
holds each against its own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec, BasePlugin
from jsonschema import Draft202012Validator

from alquimista.http.errors import MENSAGENS
from alquimista.http.example_values import BY_FIELD, BY_NAME, ERRORS, LATER, MOMENT, TRACE

JSON = "application/json"
_DEEPEST = 20
_BY_FORMAT: Mapping[str, str] = {
    "date-time": MOMENT,
    "date": "2026-11-30",
    "uuid": TRACE,
    "binary": "empresas.xlsx",
    "email": "bia@litoral.example.com",
}
_FUTURE = ("expira_em", "prazo_em", "proximo_em")
_NOT_YET = ("revogada_em", "redriven_at", "replay_name", "atendido_em", "finished_at")


UNKNOWN = "…"
"""Stands for a text that no table knows; a test names such fields: add them to the tables."""


class Examples(BasePlugin):
    """Puts an example beside each body; runs after what resolves the schemas."""

    def init_spec(self, spec: APISpec) -> None:
        """Keep the document, whose components the bodies refer to."""
        self._spec = spec
        for code in ERRORS:
            spec.components.response(error_name(code), error_response(code))

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Give the bodies of a path's operations their examples."""
        schemas = self._spec.components.schemas
        for operation in (operations or {}).values():
            bodies = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
            for body in bodies:
                if not isinstance(body, Mapping):
                    continue
                for content in body.get("content", {}).values():
                    if "schema" in content and not {"example", "examples"} & set(content):
                        content["example"] = example(content["schema"], schemas)


def error_name(code: int) -> str:
    """The shared response of an error."""
    return f"Erro{code}"


def error_response(code: int) -> dict[str, Any]:
    """A shared response: when it is answered, its shape, and a body."""
    status, when = ERRORS[code]
    body = {
        "code": code,
        "status": status,
        "message": MENSAGENS[code],
        "errors": {},
        "trace_id": TRACE,
    }
    return {"description": when, "content": {JSON: {"schema": "Error", "example": body}}}


def example(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], owner: str = "", depth: int = 0
) -> Any:
    """A value of a schema; ``owner`` is the component that it stands in."""
    if depth > _DEEPEST:
        return {}
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        owner = schema["$ref"].rsplit("/", 1)[-1]
        return example(schemas[owner], schemas, owner, depth + 1)
    for word in ("allOf", "oneOf", "anyOf"):
        if word in schema:
            arms = schema[word]
            chosen = next((arm for arm in arms if "$ref" in arm), arms[0])
            return example(chosen, schemas, owner, depth + 1)
    if "properties" in schema:
        return {
            name: _member(owner, name, inner, schemas, depth)
            for name, inner in schema["properties"].items()
        }
    if schema.get("type") == "array":
        return [example(schema["items"], schemas, owner, depth + 1)]
    return _plain(owner, "", schema, schemas, depth)


def _member(
    owner: str, name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int
) -> Any:
    for table, key in ((BY_FIELD, f"{owner}.{name}"), (BY_NAME, name)):
        if key in table and "example" not in schema and takes(schema, table[key]):
            return table[key]
    if "example" in schema:
        return schema["example"]
    if name in _NOT_YET and schema.get("nullable"):
        return None
    if schema.get("type") == "array" and "items" in schema:
        return [_member(owner, name, schema["items"], schemas, depth + 1)]
    if {"$ref", "allOf", "oneOf", "anyOf", "properties", "example"} & set(schema):
        return example(schema, schemas, owner, depth + 1)
    return _plain(owner, name, schema, schemas, depth)


def _plain(
    owner: str, name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int
) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "integer":
        return max(int(schema.get("minimum", 1)), 1)
    if kind == "number":
        return 1.5
    if kind == "boolean":
        return False
    if schema.get("format") in _BY_FORMAT:
        return LATER if name in _FUTURE else _BY_FORMAT[schema["format"]]
    inner = schema.get("additionalProperties")
    if isinstance(inner, Mapping) and inner:
        return {"nome": example(inner, schemas, owner, depth + 1)}
    return BY_FIELD.get(f"{owner}.", {}) if kind == "object" else UNKNOWN


def takes(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a plain schema takes a value; a schema that refers to another takes none here."""
    if "$ref" in str(schema):
        return False
    if value is None:
        return bool(schema.get("nullable"))
    return Draft202012Validator(
        {name: part for name, part in schema.items() if name not in ("nullable", "description")}
    ).is_valid(value)
