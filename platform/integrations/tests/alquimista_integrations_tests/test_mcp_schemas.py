"""A stranger's schema fetches nothing, runs no expression, and still holds to the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alquimista_integrations.mcp.schemas import EsquemaRecusado, harmless

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("$ref", "pattern", "properties", "type", "items", "a", "enum")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def keywords(value: Any, named: bool = False) -> list[str]:
    """Every keyword of a schema; names that somebody chose are none."""
    if isinstance(value, list):
        return [word for item in value for word in keywords(item)]
    if not isinstance(value, dict):
        return []
    own = [] if named else list(value)
    return own + [
        word
        for key, inner in value.items()
        if named or key not in ("enum", "const")
        for word in keywords(inner, not named and key in ("properties", "$defs"))
    ]


@given(_JSON)
def test_whatever_is_given_is_refused_or_made_harmless(value: Any) -> None:
    try:
        found = harmless(value)
    except EsquemaRecusado:
        return
    assert found["type"] == "object"
    assert not {"pattern", "patternProperties"} & set(keywords(dict(found)))
    assert "http" not in str(found.get("$ref", ""))
    Draft202012Validator.check_schema(found)


def test_expressions_go_and_a_property_of_their_name_stays() -> None:
    found = harmless(
        {
            "properties": {
                "pattern": {"type": "string", "pattern": "^(a+)+$"},
                "x": {"items": {"patternProperties": {"(b+)+": {}}, "minimum": 3}},
            }
        }
    )
    assert found["properties"] == {
        "pattern": {"type": "string"},
        "x": {"items": {"minimum": 3}},
    }


def test_a_reference_within_the_schema_stays() -> None:
    found = harmless(
        {"$defs": {"N": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/N"}}}
    )
    assert not Draft202012Validator(found).is_valid({"a": "x"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://169.254.169.254/x"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"anyOf": [{"$dynamicRef": "https://mau.example.com"}]},
        {"type": "array"},
        {"type": "nada"},
        {"properties": {"a": {"description": "x" * 40_000}}},
        [],
        "texto",
    ],
    ids=["ref", "nested", "dynamic", "array", "no-type", "large", "list", "text"],
)
def test_what_points_outside_or_is_no_schema_of_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(EsquemaRecusado):
        harmless(schema)


def test_a_schema_without_an_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"not": deep}
    with pytest.raises(EsquemaRecusado):
        harmless(deep)
