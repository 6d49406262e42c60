"""The dedupe key, the phone's identity, and the funnel's one direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.leads.domain import (
    FINAL,
    chave_dedupe,
    proximo_status,
    telefone_identidade,
)
from alquimista_sdk.models import LEAD_STATUS

STATUS = st.sampled_from(LEAD_STATUS)


@given(STATUS, STATUS)
def test_final_statuses_stay_whatever_is_asked(atual: str, pedido: str) -> None:
    after = proximo_status(atual, pedido)
    assert after in (atual, pedido)
    if atual in FINAL:
        assert after == atual


@given(STATUS, STATUS)
def test_asking_twice_changes_nothing_more(atual: str, pedido: str) -> None:
    once = proximo_status(atual, pedido)
    assert proximo_status(once, pedido) == once


def test_the_funnel_does_not_go_back() -> None:
    assert proximo_status("agendado", "contatado") == "agendado"
    assert proximo_status("contatado", "agendado") == "agendado"
    assert proximo_status("agendado", "descartado") == "descartado"
    assert proximo_status("descartado", "respondeu") == "respondeu"


def test_the_same_email_and_phone_are_one_and_another_email_is_two() -> None:
    key = chave_dedupe("test@example.com", "+551187654321")
    assert key == chave_dedupe("test@example.com", "+551187654321")
    assert key != chave_dedupe("other@example.com", "+551187654321")
    assert chave_dedupe("a@b.com", None) != chave_dedupe(None, "a@b.com")


@pytest.mark.parametrize(
    ("e164", "identity"),
    [
        ("+5511987654321", "+551187654321"),
        ("+551187654321", "+551187654321"),
        ("+551132241234", "+551132241234"),
        ("+351912345678", "+351912345678"),
    ],
)
def test_a_mobile_with_and_without_the_ninth_digit_is_one(e164: str, identity: str) -> None:
    assert telefone_identidade(e164) == identity
