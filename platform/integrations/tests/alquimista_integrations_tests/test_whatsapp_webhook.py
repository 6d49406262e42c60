"""Meta's webhooks, in the shapes of its documentation."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_integrations.whatsapp.webhook import (
    MensagemRecebida,
    StatusRecebido,
    WebhookInvalid,
    parse,
    verify_challenge,
    verify_signature,
)

SECRET = b"segredo"


def webhook(field: str = "messages", **value: Any) -> dict[str, Any]:
    """One call with one change."""
    metadata = {"display_phone_number": "551130000000", "phone_number_id": "123"}
    whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    change = {"field": field, "value": whole}
    return {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [change]}]}


def message(kind: str, **content: Any) -> dict[str, Any]:
    """One message of a person."""
    return {
        "from": "5511987654321",
        "id": "wamid.1",
        "timestamp": "1764000000",
        "type": kind,
        **content,
    }


def signature(raw: bytes) -> str:
    """What Meta puts into the header."""
    return "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


@given(st.binary(max_size=200))
def test_the_signature_holds_for_exactly_these_bytes(raw: bytes) -> None:
    assert verify_signature(raw, signature(raw), SECRET)
    assert not verify_signature(raw + b" ", signature(raw), SECRET)
    assert not verify_signature(raw, signature(raw), b"outro")


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "não-ascii-é", "sha256=00"])
def test_any_other_header_is_no_proof(header: str) -> None:
    assert not verify_signature(b"{}", header, SECRET)


def test_the_challenge_comes_back_only_for_our_token() -> None:
    args = {"hub.mode": "subscribe", "hub.verify_token": "certo", "hub.challenge": "42"}
    assert verify_challenge(args, "certo") == "42"
    assert verify_challenge(args, "outro") is None
    assert verify_challenge({**args, "hub.mode": "unsubscribe"}, "certo") is None
    assert verify_challenge({"hub.mode": "subscribe", "hub.challenge": "1"}, "") is None


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (message("text", text={"body": "Quero saber o preço"}), "Quero saber o preço"),
        (message("button", button={"payload": "x", "text": "Tenho interesse"}), "Tenho interesse"),
        (
            message(
                "interactive",
                interactive={"type": "button_reply", "button_reply": {"id": "1", "title": "Sim"}},
            ),
            "Sim",
        ),
        (
            message(
                "interactive",
                interactive={"type": "list_reply", "list_reply": {"id": "1", "title": "10h"}},
            ),
            "10h",
        ),
        (message("interactive", interactive={"type": "nfm_reply"}), "[resposta interativa]"),
        (message("image", image={"id": "1", "caption": "Nossa linha"}), "[imagem] Nossa linha"),
        (message("audio", audio={"id": "1"}), "[áudio]"),
        (message("reaction", reaction={"emoji": "👍"}), "[reação 👍]"),
        (message("unsupported"), "[mensagem de tipo não suportado]"),
    ],
)
def test_every_kind_of_message_becomes_text(item: dict[str, Any], wanted: str) -> None:
    (found,) = parse(webhook(messages=[item]))
    assert found == MensagemRecebida("123", "5511987654321", wanted, "wamid.1", 1764000000)


def test_a_person_without_a_number_is_known_by_metas_id() -> None:
    item = message("text", text={"body": "Oi"}, context={"id": "wamid.0"})
    del item["from"]
    (found,) = parse(webhook(messages=[{**item, "from_user_id": "BR.77"}]))
    assert isinstance(found, MensagemRecebida)
    assert (found.de, found.em_resposta_a) == ("BR.77", "wamid.0")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("sent", "enviado"), ("delivered", "entregue"), ("read", "lido"), ("failed", "falhou")],
)
def test_a_status_report_brings_our_key_back(status: str, wanted: str) -> None:
    report = {"id": "wamid.2", "status": status, "biz_opaque_callback_data": "chave"}
    assert parse(webhook(statuses=[report])) == (StatusRecebido("123", "wamid.2", wanted, "chave"),)


def test_a_failed_report_says_why() -> None:
    report = {"id": "wamid.2", "status": "failed", "errors": [{"code": 131026}]}
    (found,) = parse(webhook(statuses=[report]))
    assert isinstance(found, StatusRecebido)
    assert (found.erro, found.chave) == ("131026", None)


def test_an_incomplete_entry_does_not_lose_its_neighbours() -> None:
    whole = message("text", text={"body": "Oi"})
    broken = {k: v for k, v in whole.items() if k != "id"}
    found = parse(webhook(messages=[broken, whole], statuses=[{"status": "sent"}]))
    assert [item.provider_id for item in found] == ["wamid.1"]


def test_other_fields_of_the_subscription_are_skipped() -> None:
    assert parse(webhook("account_update", messages=[message("text")])) == ()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"object": "page"},
        {"object": "whatsapp_business_account", "entry": "x"},
        {"object": "whatsapp_business_account", "entry": [1]},
        webhook(messages={"a": 1}),
    ],
)
def test_what_is_no_webhook_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(WebhookInvalid):
        parse(payload)
