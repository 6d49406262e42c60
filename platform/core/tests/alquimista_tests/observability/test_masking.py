"""No personal data survives masking; ids and moments do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.observability.masking import OCULTO, is_personal, mask, mask_text

_AROUND = st.text(max_size=30)
_TWO = st.from_regex(r"\A[1-9][1-9]\Z")
_FOUR = st.from_regex(r"\A[0-9]{4}\Z")
_FIRST = st.from_regex(r"\A[2-5][0-9]{3}\Z") | st.from_regex(r"\A9[0-9]{4}\Z")
_FORMS = (
    "+55{ddd}{a}{b}",
    "55{ddd}{a}{b}",
    "+55 {ddd} {a}-{b}",
    "+55 ({ddd}) {a}-{b}",
    "({ddd}) {a}-{b}",
    "({ddd}){a}{b}",
    "{ddd} {a} {b}",
    "{ddd}{a}{b}",
    "0{ddd} {a}-{b}",
    "{ddd}.{a}.{b}",
    "{a}-{b}",
    "tel:+55-{ddd}-{a}-{b}",
)
_PHONES = st.builds(
    lambda form, ddd, a, b: (form.format(ddd=ddd, a=a, b=b), a + b),
    st.sampled_from(_FORMS),
    _TWO,
    _FIRST,
    _FOUR,
)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


@given(_AROUND, st.emails(), _AROUND)
def test_no_email_survives(before: str, email: str, after: str) -> None:
    assert email not in mask_text(f"{before}{email}{after}")
    assert email not in json.dumps(mask({"campo": [{"x": f"{before} {email}"}]}))


@given(
    _PHONES, st.sampled_from(["", "ligue ", "tel=", "(", "é: "]), st.sampled_from(["", ".", ")"])
)
def test_no_phone_survives(phone: tuple[str, str], before: str, after: str) -> None:
    written, number = phone
    assert number not in _digits(mask_text(f"{before}{written}{after}"))
    assert number not in _digits(json.dumps(mask({"campo": [{"x": written}]})))


@given(st.integers(10_000_000, 9_999_999_999_999))
def test_no_phone_survives_as_a_number(phone: int) -> None:
    assert str(phone) not in json.dumps(mask({"campo": phone}))


@pytest.mark.parametrize(
    "documento",
    [
        "529.982.247-25",
        "52998224725",
        "11.222.333/0001-81",
        "11222333000181",
        "12.ABC.345/01DE-35",
        "12ABC34501DE35",
    ],
)
def test_no_document_survives(documento: str) -> None:
    for text in (documento, f"cnpj {documento}, ok", f"({documento})", f"doc={documento};"):
        masked = mask_text(text)
        assert documento not in masked
        assert documento[:6] not in masked


@given(st.uuids(), st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_ids_and_moments_stay_readable(identity: UUID, moment: datetime) -> None:
    text = f"lead {identity} em {moment.isoformat()} e {moment.date()}"
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "text", ["3 tentativas em 120 s", "status 503", "porta 5432", "500 linhas, 12,5 %", "v1.2.3"]
)
def test_plain_numbers_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "telefone",
        "telefone_norm",
        "email",
        "e_mail",
        "emailRemetente",
        "contato",
        "mensagem",
        "last_message",
        "lastMessage",
        "X-Api-Token",
        "senha",
        "Authorization",
        "destinatarios",
    ],
)
def test_fields_named_as_personal_are_hidden_whatever_they_hold(name: str) -> None:
    assert mask({name: "Fulano"}) == {name: OCULTO}
    assert mask({"a": [{name: {"b": "Fulano"}}]}) == {"a": [{name: OCULTO}]}


@pytest.mark.parametrize("name", ["lead_id", "mensagem_id", "leadId", "status", "quantidade", "id"])
def test_other_fields_are_shown(name: str) -> None:
    assert not is_personal(name)


def test_a_key_that_holds_personal_data_is_masked_too() -> None:
    assert "@" not in json.dumps(mask({"ana@acme.com.br": 1}))


def test_what_is_no_json_becomes_masked_text() -> None:
    class Thing:
        def __str__(self) -> str:
            return "ana@acme.com.br"

    assert mask({"coisa": Thing(), "vazio": None, "sim": True, "n": 1.5}) == {
        "coisa": "[e-mail]",
        "vazio": None,
        "sim": True,
        "n": 1.5,
    }


def test_endless_nesting_ends() -> None:
    value: dict[str, Any] = {}
    value["x"] = value
    assert OCULTO in json.dumps(mask(value))


def test_a_long_text_is_masked_in_time_that_grows_with_it() -> None:
    assert len(mask_text("a" * 300_000 + " " + "1" * 300_000)) < 400_000
