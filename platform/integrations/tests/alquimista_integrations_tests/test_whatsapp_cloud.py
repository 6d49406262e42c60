"""Sending through a server that speaks as Meta's does."""

from __future__ import annotations

from typing import Any

import pytest

from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_integrations.whatsapp.cloud import MAX_TEXTO, WhatsAppCloud
from alquimista_integrations_tests.servers import HttpService, Reply, Request, http_service
from alquimista_sdk.errors import PermanentError, TransientError

ACCEPTED: dict[str, Any] = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "5511987654321", "wa_id": "5511987654321"}],
    "messages": [{"id": "wamid.ABC"}],
}


def meta(request: Request) -> Reply:
    """Takes what is well formed and authorised."""
    if request.headers.get("authorization") != "Bearer segredo":
        return 401, {"error": {"code": 190, "message": "Invalid OAuth access token"}}
    if request.method != "POST" or request.path != "/123/messages":
        return 404, {"error": {"code": 100}}
    return 200, ACCEPTED


def cloud(service: HttpService, token: str = "segredo") -> WhatsAppCloud:
    """A client of that server."""
    return WhatsAppCloud(service.url, token, "123")


def refusing(status: int, code: int, **more: Any) -> Any:
    """A server that answers an error of Meta's."""
    return lambda _: (status, {"error": {"code": code, **more}})


def test_a_text_carries_its_key_and_answers_metas_id() -> None:
    with http_service(meta) as service:
        found = cloud(service).send_text("+55 (11) 98765-4321", "Olá, Ana!", "chave-1")
    assert found == "wamid.ABC"
    assert service.received[0].body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "5511987654321",
        "type": "text",
        "text": {"preview_url": False, "body": "Olá, Ana!"},
        "biz_opaque_callback_data": "chave-1",
    }


def test_a_template_takes_its_parameters_on_one_line() -> None:
    with http_service(meta) as service:
        cloud(service).send_template("5511987654321", "boas_vindas", ("Ana\nLima",), "c")
    template = service.received[0].body["template"]
    assert template["name"] == "boas_vindas"
    assert template["language"] == {"code": "pt_BR"}
    assert template["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "Ana Lima"}]}
    ]


def test_a_wrong_token_is_final() -> None:
    with http_service(meta) as service, pytest.raises(PermanentError) as caught:
        cloud(service, "errado").send_text("5511987654321", "Olá", "c")
    assert caught.value.code == "whatsapp_190"


@pytest.mark.parametrize(
    "answer",
    [
        refusing(400, 130429),
        refusing(400, 131056),
        refusing(400, 99, is_transient=True),
        refusing(429, 80007),
        refusing(500, 131000),
        refusing(503, 1),
    ],
)
def test_a_limit_or_an_outage_is_worth_another_try(answer: Any) -> None:
    with http_service(answer) as service, pytest.raises(TransientError) as caught:
        cloud(service).send_text("5511987654321", "Olá", "c")
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("answer", [refusing(400, 131026), refusing(403, 10)])
def test_a_refusal_of_the_message_is_final(answer: Any) -> None:
    with http_service(answer) as service, pytest.raises(PermanentError):
        cloud(service).send_text("5511987654321", "Olá", "c")


def test_a_gateway_time_out_leaves_the_outcome_unknown() -> None:
    with http_service(lambda _: (504, "timeout")) as service, pytest.raises(OutcomeUnknown):
        cloud(service).send_text("5511987654321", "Olá", "c")


def test_an_answer_without_an_id_is_refused() -> None:
    empty: dict[str, Any] = {"messages": []}
    with http_service(lambda _: (200, empty)) as service, pytest.raises(PermanentError):
        cloud(service).send_text("5511987654321", "Olá", "c")


@pytest.mark.parametrize(
    ("para", "texto"), [("123", "Olá"), ("5511987654321", " "), ("5511987654321", "x" * 4097)]
)
def test_what_meta_would_refuse_is_not_sent(para: str, texto: str) -> None:
    assert MAX_TEXTO == 4096
    with http_service(meta) as service, pytest.raises(PermanentError):
        cloud(service).send_text(para, texto, "c")
    assert service.received == []
