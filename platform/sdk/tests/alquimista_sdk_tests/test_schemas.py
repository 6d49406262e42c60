from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alquimista_sdk.schemas import SchemaValidator

TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)
ITEMS = (
    st.booleans()
    | st.fixed_dictionaries(
        {
            "type": st.sampled_from(TYPES)
            | st.lists(st.sampled_from(TYPES), min_size=1, unique=True)
        },
        optional={"format": st.just("uuid"), "minLength": st.integers(0, 2)},
    )
    | st.just({"$ref": "#/$defs/texto"})
)


def faults(validator: Any, value: Any) -> list[tuple[Any, ...]]:
    return [(*error.absolute_path, error.validator) for error in validator.iter_errors(value)]


@given(
    ITEMS,
    st.lists(st.fixed_dictionaries({"type": st.sampled_from(TYPES)}), min_size=1, max_size=2)
    | st.none(),
    VALUES,
)
def test_a_list_is_judged_as_the_library_judges_it(
    items: Any, prefix: list[Any] | None, value: Any
) -> None:
    schema: dict[str, Any] = {"items": items, "$defs": {"texto": {"type": "string"}}}
    if prefix is not None:
        schema["prefixItems"] = prefix
    assert faults(SchemaValidator(schema), value) == faults(Draft202012Validator(schema), value)


@pytest.mark.parametrize("wrong", [7, None, ["a"]], ids=["number", "null", "list"])
def test_one_item_of_another_type_among_many_is_named(wrong: object) -> None:
    schema = {"properties": {"ids": {"type": "array", "items": {"type": "string"}}}}
    assert faults(SchemaValidator(schema), {"ids": ["a", "b", wrong]}) == [("ids", 2, "type")]
