from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.leads.saida import ler_token, token_de


def digest(purpose: str, value: str) -> str:
    return hmac.digest(b"a key", f"{purpose}:{value}".encode(), hashlib.sha256).hex()


def of_another_server(purpose: str, value: str) -> str:
    return hmac.digest(b"another", f"{purpose}:{value}".encode(), hashlib.sha256).hex()


@given(st.uuids(), st.uuids())
def test_a_token_names_the_lead_it_was_made_for(tenant_id: UUID, lead_id: UUID) -> None:
    token = token_de(digest, tenant_id, lead_id)
    assert ler_token(digest, token) == (tenant_id, lead_id)
    assert len(token) == 64


@given(st.uuids(), st.uuids())
def test_a_token_of_another_key_is_none(tenant_id: UUID, lead_id: UUID) -> None:
    assert ler_token(digest, token_de(of_another_server, tenant_id, lead_id)) is None


@given(st.uuids(), st.uuids(), st.integers(0, 63), st.characters(codec="ascii"))
def test_a_token_with_one_sign_changed_is_none(
    tenant_id: UUID, lead_id: UUID, at: int, sign: str
) -> None:
    token = token_de(digest, tenant_id, lead_id)
    changed = token[:at] + sign + token[at + 1 :]
    assert ler_token(digest, changed) == ((tenant_id, lead_id) if sign == token[at] else None)


@given(st.text(max_size=80) | st.text(st.characters(codec="ascii"), min_size=64, max_size=64))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert ler_token(digest, text) is None
