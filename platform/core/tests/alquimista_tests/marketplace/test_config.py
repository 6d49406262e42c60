"""An agent's configuration against its schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.marketplace.config import ConfigInvalida, validate, with_defaults
from alquimista.plataforma.marketplace.service import manifest_json, timer_kind
from alquimista_sdk.manifest import parse_manifest

ESQUEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["chave"],
    "properties": {
        "limite": {"type": "integer", "title": "Limite diário", "default": 10, "minimum": 1},
        "tom": {"type": "string", "title": "Tom", "enum": ["formal", "leve"], "default": "leve"},
        "chave": {"type": "string", "title": "Chave", "minLength": 3, "default": "abc"},
        "agenda": {
            "type": "object",
            "properties": {
                "inicio": {"type": "integer", "default": 9, "maximum": 23},
                "dias": {"type": "array", "minItems": 1},
            },
        },
    },
}


def test_missing_properties_take_their_defaults_at_any_depth() -> None:
    assert with_defaults(ESQUEMA, {"agenda": {"dias": [1]}}) == {
        "limite": 10,
        "tom": "leve",
        "chave": "abc",
        "agenda": {"dias": [1], "inicio": 9},
    }
    assert with_defaults(ESQUEMA, {})["agenda"] == {"inicio": 9}


def test_what_is_stored_is_what_the_person_chose() -> None:
    assert validate(ESQUEMA, {"limite": 3}) == {"limite": 3}


@pytest.mark.parametrize(
    ("config", "mensagem"),
    [
        ({"limite": 0}, "Limite diário: o menor valor é 1."),
        ({"limite": "x"}, "Limite diário: informe um número inteiro."),
        ({"tom": "bravo"}, "Tom: escolha um destes valores: formal, leve."),
        ({"chave": "a"}, "Chave: escreva pelo menos 3 caracteres."),
        ({"agenda": {"inicio": 24}}, "agenda.inicio: o maior valor é 23."),
        ({"agenda": {"dias": []}}, "agenda.dias: informe pelo menos 1 itens."),
        ({"agenda": 3}, "agenda: informe um objeto."),
        ({"cor": 1}, "cor: há um campo que não existe."),
    ],
)
def test_a_fault_is_told_by_the_fields_title_in_portuguese(
    config: dict[str, Any], mensagem: str
) -> None:
    with pytest.raises(ConfigInvalida) as caught:
        validate(ESQUEMA, config)
    assert str(caught.value) == mensagem


def test_a_required_field_without_default_is_named() -> None:
    schema = {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}
    with pytest.raises(ConfigInvalida, match="token: falta um campo obrigatório"):
        validate(schema, {})


def test_every_fault_is_told() -> None:
    with pytest.raises(ConfigInvalida) as caught:
        validate(ESQUEMA, {"limite": 0, "tom": "x"})
    assert str(caught.value).count(";") == 1


def test_an_agent_without_schema_takes_no_configuration() -> None:
    assert validate({}, {}) == {}
    with pytest.raises(ConfigInvalida, match="não tem configurações"):
        validate({}, {"a": 1})


@given(st.dictionaries(st.sampled_from(["limite", "tom", "x"]), st.integers()))
def test_defaults_never_change_what_was_chosen_and_settle_at_once(config: dict[str, Any]) -> None:
    filled = with_defaults(ESQUEMA, config)
    assert {name: filled[name] for name in config} == config
    assert with_defaults(ESQUEMA, filled) == filled


def test_a_manifest_with_a_date_becomes_json() -> None:
    manifest = parse_manifest(
        'slug = "toy_agent"\nname = "toy"\nversion = "1.0.0"\ntitle = "T"\ndescription = "D"\n'
        'category = "c"\npublisher = "p"\nsdk = ">=0.1"\nsource = "toy"\ntimeout_s = 1\n'
        'memory_mb = 128\n[[cards]]\ntitulo = "T"\ndesde = 2026-11-24\n'
    )
    assert manifest_json(manifest)["cards"] == [{"titulo": "T", "desde": "2026-11-24"}]


def test_a_schedules_timer_is_named_as_the_ticker_reads_it() -> None:
    assert timer_kind("nigredo_relatorios", "diario") == "agenda:nigredo_relatorios:diario"
