"""Personal data inside events: sealed under the lead's key, gone with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.runtime.cifra import new_key, seal, seal_detail, unseal, unseal_detail
from alquimista_sdk.errors import CriticalError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.text(max_size=20))
def test_what_is_sealed_opens_again(value: Any, associated: str) -> None:
    key = new_key()
    assert unseal(key, seal(key, value, associated), associated) == value


def test_a_ciphertext_moved_to_another_lead_does_not_open() -> None:
    key = new_key()
    with pytest.raises(CriticalError):
        unseal(key, seal(key, "segredo", "tenant:lead-1"), "tenant:lead-2")


def detail(mensagem: str) -> dict[str, Any]:
    """A lead's event with a message and two facts."""
    return {
        "subject": {"type": "lead", "id": "1"},
        "context": {
            "last_message": mensagem,
            "history": [],
            "metadata": {"campanha_id": "c-1", "contato": "Maria Souza"},
        },
    }


@given(st.text(min_size=8, alphabet="abcdefghijkl", max_size=30))
def test_a_sealed_detail_hides_messages_and_facts_but_not_ids(mensagem: str) -> None:
    key = new_key()
    sealed = seal_detail(key, detail(mensagem), "a")
    assert mensagem not in str({**sealed["context"], "metadata": {}})
    assert "Maria" not in str(sealed)
    assert sealed["context"]["metadata"]["campanha_id"] == "c-1"
    assert unseal_detail(key, sealed, "a") == detail(mensagem)


def test_with_the_key_destroyed_the_personal_parts_stay_empty_and_say_so() -> None:
    sealed = seal_detail(new_key(), detail("oi, sou a Maria"), "a")
    opened = unseal_detail(None, sealed, "a")
    assert opened["context"]["last_message"] == ""
    assert opened["context"]["metadata"] == {"campanha_id": "c-1", "apagado": True}
