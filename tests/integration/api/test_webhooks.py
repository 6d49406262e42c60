"""Messages from outside: proof first, each message once, reports only forwards."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.integration.api.world import (
    address_to_leave_by,
    another_tenant,
    as_owner,
    assert_error,
    audited,
)
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named

NUMBER = "550000000001"
OURS = "vendas@aurora.example.com"


def signature(way: Way, raw: bytes) -> str:
    """What Meta sends beside a body (X-Hub-Signature-256)."""
    secret = way.system.settings.whatsapp.app_secret.encode()
    return "sha256=" + hmac.new(secret, raw, hashlib.sha256).hexdigest()


def whatsapp(number: str = NUMBER, **value: Any) -> bytes:
    """A body as Meta sends it: compact, with escaped accents."""
    change = {
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "5511", "phone_number_id": number},
            **value,
        },
    }
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(body, separators=(",", ":")).encode()


def text_message(sender: str, text: str, identifier: str) -> dict[str, Any]:
    """A text message of Meta's ``messages`` list."""
    return {
        "from": sender,
        "id": identifier,
        "timestamp": "1795000000",
        "type": "text",
        "text": {"body": text},
    }


def deliver(way: Way, raw: bytes, sign: str | None = None) -> TestResponse:
    """Call the WhatsApp webhook, signed as Meta does unless told otherwise."""
    headers = {"X-Hub-Signature-256": signature(way, raw) if sign is None else sign}
    return way.client.post(
        "/webhooks/whatsapp", data=raw, content_type="application/json", headers=headers
    )


def email(way: Way, body: Any, secret: str | None = None) -> TestResponse:
    """Call the e-mail webhook with its secret."""
    chosen = way.system.settings.email_webhook_secret if secret is None else secret
    return way.client.post(
        "/webhooks/email", json=body, headers={"Authorization": f"Bearer {chosen}"}
    )


def received(way: Way, lead_id: str) -> list[str]:
    """What a lead wrote to us, oldest first."""
    items = way.call("GET", f"/api/leads/{lead_id}/interacoes?limite=200")["itens"]
    return [item["mensagem"] for item in items if item["tipo"] == "recebido"]


def lead_with_phone(way: Way) -> dict[str, Any]:
    """A lead of the shared system that has a mobile number."""
    return lead_named(way, "Prensas Vale")


def test_the_verification_gives_the_challenge_back_only_for_our_token(mundo: Way) -> None:
    ours = mundo.system.settings.whatsapp.verify_token
    query = {"hub.mode": "subscribe", "hub.verify_token": ours, "hub.challenge": "1158201444"}
    right = mundo.client.get("/webhooks/whatsapp", query_string=query)
    assert (right.status_code, right.get_data(as_text=True)) == (200, "1158201444")
    assert right.mimetype == "text/plain"
    for wrong in (
        {**query, "hub.verify_token": "outro"},
        {**query, "hub.mode": "unsubscribe"},
        {},
    ):
        assert_error(mundo.client.get("/webhooks/whatsapp", query_string=wrong), 401, hint=wrong)


def test_a_body_whose_signature_is_missing_wrong_or_of_other_bytes_is_refused(mundo: Way) -> None:
    lead = lead_with_phone(mundo)
    raw = whatsapp(messages=[text_message("5511987654321", "não deve entrar", "wamid.recusada")])
    again = json.dumps(json.loads(raw)).encode()
    assert again != raw
    for sign in ("", "sha256=", "sha256=" + "0" * 64, signature(mundo, again), "sha1=abc", "é"):
        assert_error(deliver(mundo, raw, sign), 401, hint=sign)
    assert_error(deliver(mundo, again, signature(mundo, raw)), 401)
    assert_error(mundo.client.post("/webhooks/whatsapp", data=raw), 401)
    assert "não deve entrar" not in received(mundo, lead["id"])


def test_a_message_delivered_twice_arrives_once_and_is_answered_once(mundo: Way) -> None:
    lead = lead_with_phone(mundo)
    said = "Olá, qual é o preço do plano Essencial?"
    raw = whatsapp(messages=[text_message("5511987654321", said, "wamid.preco")])
    first, second = deliver(mundo, raw), deliver(mundo, raw)
    assert first.get_json() == {"mensagens": 1, "status": 0, "ignoradas": 0}
    assert second.get_json() == {"mensagens": 0, "status": 0, "ignoradas": 1}
    assert received(mundo, lead["id"]) == [said]
    mundo.advance(timedelta(minutes=2))
    assert lead_with_phone(mundo)["status"] != "contatado"
    answers = mundo.rows(
        "SELECT canal, mensagem, status FROM nigredo_leads.disparos WHERE tipo = 'resposta' "
        f"AND lead_id = '{lead['id']}'"
    )
    assert [(row.canal, row.status) for row in answers] == [("whatsapp", "enviado")]
    assert "490" in answers[0].mensagem


def test_a_mobile_number_without_its_ninth_digit_is_the_same_lead(mundo: Way) -> None:
    lead = lead_with_phone(mundo)
    raw = whatsapp(messages=[text_message("551187654321", "ainda estou aqui", "wamid.nono")])
    assert deliver(mundo, raw).get_json()["mensagens"] == 1
    assert "ainda estou aqui" in received(mundo, lead["id"])
    mundo.advance(timedelta(minutes=2))


def test_status_reports_only_go_forwards(mundo: Way) -> None:
    deliver(mundo, whatsapp(messages=[text_message("5521998761234", "Bom dia", "wamid.bomdia")]))
    mundo.advance(timedelta(minutes=2))
    lead = lead_named(mundo, "Tubos Leste")
    query = (
        "SELECT provider_id, status, entregue_em, lido_em FROM nigredo_leads.disparos "
        f"WHERE canal = 'whatsapp' AND lead_id = '{lead['id']}' AND provider_id IS NOT NULL"
    )
    [sent] = mundo.rows(query)
    assert sent.status == "enviado"
    for reported, expected in (
        ("read", "lido"),
        ("delivered", "lido"),
        ("sent", "lido"),
        ("read", "lido"),
        ("failed", "falhou"),
        ("delivered", "falhou"),
        ("inventado", "falhou"),
    ):
        status = {"id": sent.provider_id, "status": reported, "timestamp": "1795000001"}
        response = deliver(mundo, whatsapp(statuses=[status]))
        assert response.status_code == 200, reported
        [row] = mundo.rows(query)
        assert row.status == expected, reported
    assert row.lido_em is not None
    unknown = {"id": "wamid.de.ninguem", "status": "read", "timestamp": "1"}
    assert deliver(mundo, whatsapp(statuses=[unknown])).status_code == 200


def test_a_number_that_no_lead_has_is_ignored_and_audited(mundo: Way) -> None:
    before = len(audited(mundo, "mensagem.sem_lead"))
    raw = whatsapp(messages=[text_message("5599999990000", "Quem são vocês?", "wamid.estranho")])
    assert deliver(mundo, raw).get_json() == {"mensagens": 0, "status": 0, "ignoradas": 1}
    [*_, entry] = audited(mundo, "mensagem.sem_lead")
    assert len(audited(mundo, "mensagem.sem_lead")) == before + 1
    assert (entry.resultado, entry.detalhes) == ("ignorada", {"canal": "whatsapp"})
    assert "5599999990000" not in str(entry)


def test_a_message_to_a_number_of_no_tenant_is_ignored(mundo: Way) -> None:
    raw = whatsapp("999", messages=[text_message("5511987654321", "oi", "wamid.outro.numero")])
    assert deliver(mundo, raw).get_json() == {"mensagens": 0, "status": 0, "ignoradas": 1}


def test_other_kinds_of_messages_are_kept_as_what_they_are_and_odd_entries_skipped(
    mundo: Way,
) -> None:
    lead = lead_with_phone(mundo)
    audio = {"from": "5511987654321", "id": "wamid.audio", "timestamp": "1", "type": "audio"}
    raw = whatsapp(messages=[{"type": "text"}, {**audio, "audio": {"id": "9"}}, {"id": "x"}])
    assert deliver(mundo, raw).get_json()["mensagens"] == 1
    assert "áudio" in received(mundo, lead["id"])[-1]
    mundo.advance(timedelta(minutes=2))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"object": "page"}',
        b'{"object": "whatsapp_business_account", "entry": 3}',
        b'{"object": "whatsapp_business_account", "entry": [3]}',
        b"[" * 50_000,
    ],
)
def test_a_signed_body_of_another_shape_answers_400(mundo: Way, raw: bytes) -> None:
    assert_error(deliver(mundo, raw), 400, hint=raw[:30])


def test_an_email_reply_reaches_its_lead_once_without_the_quoted_part(mundo: Way) -> None:
    lead = lead_named(mundo, "Moldes Norte")
    reply = {
        "de": "Contato <CONTATO@moldesnorte.com.br>",
        "para": f"Vendas <{OURS}>",
        "assunto": "Re: proposta",
        "texto": "Qual o prazo de implantação?\n\n"
        f"Em seg., 30 de nov. de 2026 às 09:12, Vendas <{OURS}> escreveu:\n\n> Olá, tudo bem?",
        "message_id": "<um@moldesnorte.com.br>",
    }
    assert email(mundo, reply).get_json() == {"mensagens": 1, "status": 0, "ignoradas": 0}
    assert email(mundo, reply).get_json() == {"mensagens": 0, "status": 0, "ignoradas": 1}
    assert [m for m in received(mundo, lead["id"]) if "implantação" in m] == [
        "Qual o prazo de implantação?"
    ]
    mundo.advance(timedelta(minutes=2))


def test_a_wrong_or_missing_secret_is_refused_before_the_body_is_read(mundo: Way) -> None:
    for secret in ("", "outro", "sandbox-emai", "é"):
        response = mundo.client.post(
            "/webhooks/email",
            data=b"{",
            headers={"Authorization": f"Bearer {secret}".encode().decode("latin-1")},
        )
        assert_error(response, 401, hint=secret)
    assert_error(mundo.client.post("/webhooks/email", json={}), 401)


def fresh_lead(way: Way) -> dict[str, Any]:
    """A lead of this test alone."""
    empresa = f"Retorno {uuid4().hex[:6]}"
    address = f"contato@{uuid4().hex[:10]}.com.br"
    way.call("POST", "/api/leads", {"empresa": empresa, "email": address}, status=202)
    way.drain()
    return lead_named(way, empresa)


@pytest.mark.parametrize("tipo", ["bounce", "complaint"])
def test_a_bounce_or_complaint_suppresses_the_address(mundo: Way, tipo: str) -> None:
    lead = fresh_lead(mundo)
    body = {"tipo": tipo, "de": lead["email"], "para": OURS, "message_id": f"<{uuid4()}@x>"}
    assert email(mundo, body).get_json() == {"mensagens": 0, "status": 1, "ignoradas": 0}
    [blocked] = mundo.rows(
        f"SELECT motivo FROM nigredo_leads.blocklist WHERE lead_id = '{lead['id']}'"
    )
    assert blocked.motivo == tipo
    assert str(audited(mundo, f"email.{tipo}")[-1].alvo_id) == lead["id"]
    mundo.call("POST", "/api/leads", {"empresa": "De novo", "email": lead["email"]}, status=202)
    mundo.drain()
    assert [
        item for item in mundo.call("GET", "/api/leads")["itens"] if item["empresa"] == "De novo"
    ] == []


def test_a_delivery_report_as_it_comes_over_the_wire_suppresses_the_address(mundo: Way) -> None:
    lead = fresh_lead(mundo)
    raw = REPORT.format(address=lead["email"], ours=OURS)
    assert email(mundo, {"rfc822": raw}).get_json()["status"] == 1
    rows = mundo.rows(f"SELECT 1 FROM nigredo_leads.blocklist WHERE lead_id = '{lead['id']}'")
    assert len(rows) == 1


def test_an_out_of_office_notice_is_ignored(mundo: Way) -> None:
    lead = lead_named(mundo, "Moldes Norte")
    before = received(mundo, lead["id"])
    raw = (
        f"From: {lead['email']}\r\nTo: {OURS}\r\nSubject: Ausente\r\n"
        "Auto-Submitted: auto-replied\r\nMessage-ID: <fora@x>\r\n\r\nEstou de férias.\r\n"
    )
    assert email(mundo, {"rfc822": raw}).get_json() == {
        "mensagens": 0,
        "status": 0,
        "ignoradas": 1,
    }
    assert received(mundo, lead["id"]) == before


def test_an_email_of_an_unknown_sender_or_to_an_unknown_box_is_ignored(mundo: Way) -> None:
    body = {"de": "x@y.com", "para": OURS, "texto": "oi", "message_id": "<d@y>"}
    assert email(mundo, body).get_json()["ignoradas"] == 1
    assert email(mundo, {**body, "para": "nada@nada.com"}).get_json()["ignoradas"] == 1
    assert_error(email(mundo, {**body, "de": "sem arroba"}), 400)
    assert_error(email(mundo, {**body, "texto": ""}), 400)
    assert_error(email(mundo, {**body, "texto": 3}), 400)


def test_a_message_reaches_only_the_tenant_that_owns_the_number(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Sem número")
    other.call(
        "POST",
        "/api/leads",
        {"empresa": "Mesmo telefone", "telefone": "11987654321"},
        status=202,
    )
    raw = whatsapp(messages=[text_message("5511987654321", "para a Aurora", "wamid.dono")])
    assert deliver(mundo, raw).get_json()["mensagens"] == 1
    assert other.rows("SELECT 1 FROM nigredo_leads.interacoes") == []
    mundo.advance(timedelta(minutes=2))


def test_a_link_from_before_tokens_were_made_from_ids_still_unsubscribes(mundo: Way) -> None:
    lead, old = fresh_lead(mundo), uuid4().hex
    as_owner(
        mundo.system,
        "UPDATE nigredo_leads.leads SET token_descadastro = :token WHERE id = :lead",
        token=old,
        lead=lead["id"],
    )
    assert mundo.client.post(f"/descadastro/{old}").status_code == 200
    assert mundo.call("GET", f"/api/leads/{lead['id']}")["status"] == "descadastrado"
    mundo.drain()


def test_a_link_of_no_lead_or_with_a_changed_letter_leads_nowhere(mundo: Way) -> None:
    good = address_to_leave_by(mundo, fresh_lead(mundo))
    gone = address_to_leave_by(mundo, {"id": str(uuid4())})
    changed = [
        good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        for at in range(len("/descadastro/"), len(good))
    ]
    for address in (gone, *changed):
        for method in ("GET", "POST"):
            assert mundo.client.open(address, method=method).status_code == 404, address
    mundo.drain()


def test_the_unsubscribe_link_asks_first_and_then_counts_once(mundo: Way) -> None:
    lead = fresh_lead(mundo)
    address = address_to_leave_by(mundo, lead)
    page = mundo.client.get(address)
    assert page.status_code == 200
    assert "<form" in page.get_data(as_text=True)
    assert mundo.call("GET", f"/api/leads/{lead['id']}")["status"] != "descadastrado"
    for _ in range(2):
        done = mundo.client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "não receberá mais mensagens" in done.get_data(as_text=True)
    assert mundo.call("GET", f"/api/leads/{lead['id']}")["status"] == "descadastrado"
    mundo.drain()
    sent = mundo.rows(
        "SELECT mensagem FROM alquimista_platform.sandbox_mensagens "
        f"WHERE destinatario = '{lead['email']}'"
    )
    assert len(sent) == 1
    assert_error(mundo.client.get("/descadastro/inventado"), 404)
    assert_error(mundo.client.post("/descadastro/inventado"), 404)


REPORT = """\
From: MAILER-DAEMON@mx.example.com
To: {ours}
Subject: Undelivered Mail Returned to Sender
Message-ID: <retorno@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="fim"

--fim
Content-Type: text/plain

I could not deliver your message.

--fim
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--fim--
"""
