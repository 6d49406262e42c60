"""Faults of fields are told in pt-BR, whichever field and validator finds them."""

from __future__ import annotations

import inspect
from typing import Any

import marshmallow as ma
import pytest
from flask_smorest import Blueprint
from marshmallow import validate

from alquimista.app import BLUEPRINTS, SANDBOX_BLUEPRINTS
from alquimista.http import blueprint as ours
from alquimista.http.faults import translated

VALIDATORS = (
    (validate.OneOf(("a", "b")), "x"),
    (validate.Length(min=2, max=3), "x"),
    (validate.Length(min=2), "x"),
    (validate.Length(max=2), "xxx"),
    (validate.Length(equal=2), "x"),
    (validate.Range(min=1, max=3), 9),
    (validate.Range(min=1), 0),
    (validate.Range(max=1), 2),
    (validate.Regexp("^a$"), "b"),
)
USED_FIELDS = (
    ma.fields.AwareDateTime,
    ma.fields.Boolean,
    ma.fields.Date,
    ma.fields.Dict,
    ma.fields.Integer,
    ma.fields.List,
    ma.fields.Nested,
    ma.fields.String,
    ma.fields.UUID,
)


@pytest.mark.parametrize(("validator", "value"), VALIDATORS, ids=lambda item: repr(item)[:40])
def test_a_validators_message_is_translated(validator: Any, value: object) -> None:
    with pytest.raises(ma.ValidationError) as caught:
        validator(value)
    assert translated(caught.value.messages) != caught.value.messages


@pytest.mark.parametrize("field", USED_FIELDS, ids=lambda field: field.__name__)
def test_every_message_of_a_field_is_translated(field: type[ma.fields.Field[Any]]) -> None:
    for owner in inspect.getmro(field):
        for code, message in getattr(owner, "default_error_messages", {}).items():
            if code == "format":
                continue  # of writing, which no caller's input reaches
            shown = message.format(obj_type="datetime", awareness="aware", input="x")
            assert translated(shown) != shown, shown


def test_messages_keep_their_place_and_our_own_words_pass() -> None:
    told = translated({"json": {"a": {0: ["Unknown field."]}, "b": ["Já existe."], "c": [3]}})
    assert told == {"json": {"a": {0: ["Campo desconhecido."]}, "b": ["Já existe."], "c": [3]}}


def test_every_blueprint_of_the_app_reads_by_our_parser() -> None:
    for blueprint in (*BLUEPRINTS, *SANDBOX_BLUEPRINTS):
        assert isinstance(blueprint, Blueprint)
        assert isinstance(blueprint.ARGUMENTS_PARSER, ours.Parser), blueprint.name
