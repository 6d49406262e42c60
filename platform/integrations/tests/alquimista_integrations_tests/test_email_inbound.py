"""Reading replies, bounces and complaints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_integrations.email.inbound import (
    InboundIgnored,
    InboundInvalid,
    parse_inbound,
    parse_rfc822,
)
from alquimista_integrations.email.quoting import strip_quoted

JSON: dict[str, Any] = {
    "de": "Ana Lima <Ana@Cliente.example>",
    "para": "vendas@aurora.example",
    "assunto": "Re: Perdas",
    "texto": "Tenho interesse!\n\nEm seg., 23 de nov. de 2026 às 09:30, Aurora\n"
    "<vendas@aurora.example> escreveu:\n> Olá, Ana!",
    "message_id": "<r1@cliente.example>",
    "em_resposta_a": "abc@aurora.example",
}
BOUNCE = b"""From: MAILER-DAEMON@mx.example\r
To: vendas@aurora.example\r
Subject: Undelivered\r
Message-ID: <b1@mx.example>\r
Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r
\r
--x\r
Content-Type: text/plain\r
\r
It failed.\r
--x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Final-Recipient: rfc822; Ana@cliente.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 no such user\r
\r
--x\r
Content-Type: message/rfc822\r
\r
From: Aurora <vendas@aurora.example>\r
To: ana@cliente.example\r
Message-ID: <abc@aurora.example>\r
\r
Texto\r
--x--\r
"""
COMPLAINT = b"""From: fbl@mx.example\r
To: abuse@aurora.example\r
Message-ID: <c1@mx.example>\r
Content-Type: multipart/report; report-type=feedback-report; boundary="x"\r
\r
--x\r
Content-Type: message/feedback-report\r
\r
Feedback-Type: abuse\r
Original-Rcpt-To: ana@cliente.example\r
\r
--x\r
Content-Type: text/rfc822-headers\r
\r
From: vendas@aurora.example\r
Message-ID: <abc@aurora.example>\r
\r
--x--\r
"""


def test_a_reply_keeps_only_what_the_person_wrote() -> None:
    found = parse_inbound(JSON)
    assert (found.tipo, found.de, found.para) == (
        "resposta",
        "ana@cliente.example",
        "vendas@aurora.example",
    )
    assert found.texto == "Tenho interesse!"
    assert found.message_id == "<r1@cliente.example>"
    assert found.em_resposta_a == "<abc@aurora.example>"


@pytest.mark.parametrize(
    "change",
    [
        {"de": ""},
        {"para": "sem arroba"},
        {"texto": ""},
        {"message_id": ""},
        {"tipo": "outro"},
        {"texto": 7},
        {"assunto": ["x"]},
    ],
)
def test_a_reply_that_lacks_something_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InboundInvalid) as caught:
        parse_inbound({**JSON, **change})
    assert caught.value.http_status == 400


def test_a_bounce_needs_no_text() -> None:
    found = parse_inbound({**JSON, "tipo": "bounce", "texto": "", "message_id": ""})
    assert (found.tipo, found.em_resposta_a) == ("bounce", "<abc@aurora.example>")


def test_a_whole_message_may_come_in_one_field() -> None:
    raw = "From: a@x.example\r\nTo: b@y.example\r\nMessage-ID: <1@x>\r\n\r\nOlá\r\n"
    assert parse_inbound({"rfc822": raw}).texto == "Olá"


def test_a_delivery_report_names_the_address_and_our_message() -> None:
    found = parse_rfc822(BOUNCE)
    assert (found.tipo, found.de, found.para) == (
        "bounce",
        "ana@cliente.example",
        "vendas@aurora.example",
    )
    assert found.em_resposta_a == "<abc@aurora.example>"
    assert "550" in found.texto


@pytest.mark.parametrize(
    ("old", "new"), [(b"5.1.1", b"4.2.2"), (b"Action: failed", b"Action: delayed")]
)
def test_a_delay_is_no_bounce(old: bytes, new: bytes) -> None:
    with pytest.raises(InboundIgnored):
        parse_rfc822(BOUNCE.replace(old, new))


def test_a_complaint_names_who_complained() -> None:
    found = parse_rfc822(COMPLAINT)
    assert (found.tipo, found.de, found.para) == (
        "complaint",
        "ana@cliente.example",
        "vendas@aurora.example",
    )
    assert found.em_resposta_a == "<abc@aurora.example>"


def test_a_report_of_another_kind_is_ignored() -> None:
    with pytest.raises(InboundIgnored):
        parse_rfc822(BOUNCE.replace(b"delivery-status;", b"disposition-notification;"))


def test_an_out_of_office_answer_is_nobody_writing() -> None:
    with pytest.raises(InboundIgnored):
        parse_rfc822(
            b"From: a@x.example\r\nTo: b@y.example\r\nAuto-Submitted: auto-replied\r\n\r\nX\r\n"
        )


def test_an_html_only_message_is_read_without_markup_and_quotation() -> None:
    raw = (
        "From: a@x.example\r\nTo: b@y.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        "<style>p{}</style><p>Quero saber o <b>preço</b></p><p>Abraço<br>Ana</p>"
        "<blockquote>Olá, Ana! <p>texto nosso</p></blockquote>"
    ).encode()
    found = parse_rfc822(raw)
    assert found.texto == "Quero saber o preço\nAbraço\nAna"
    assert found.message_id.endswith("@sem-id.invalid>")


@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_a_text_without_a_charset_keeps_its_accents(charset: str) -> None:
    raw = "From: a@x.example\r\nTo: b@y.example\r\n\r\nNão é isso".encode(charset)
    assert parse_rfc822(raw).texto == "Não é isso"


def test_a_message_without_words_is_refused() -> None:
    with pytest.raises(InboundInvalid):
        parse_rfc822(b"From: a@x.example\r\nTo: b@y.example\r\n\r\n   \r\n")


def test_an_unknown_charset_is_refused_and_not_guessed() -> None:
    with pytest.raises(InboundInvalid):
        parse_rfc822(
            b"From: a@x.example\r\nTo: b@y.example\r\n"
            b"Content-Type: text/plain; charset=x-nada\r\n\r\noi\r\n"
        )


@pytest.mark.parametrize(
    ("texto", "wanted"),
    [
        ("Sim\n\nOn Mon, Nov 23, 2026 at 9:30 AM A <a@x> wrote:\n> b", "Sim"),
        ("Sim\n\n-----Mensagem original-----\nDe: A\nb", "Sim"),
        ("Sim\n________________________________\nDe: A <a@x>\nEnviado: hoje\nb", "Sim"),
        ("Sim\n\nDe: A <a@x>\nEnviada em: segunda\nPara: B\n\nb", "Sim"),
        ("Sim\r\n\r\nEnviado do meu iPhone", "Sim"),
        ("Sim\n-- \nAna Lima\nDiretora", "Sim"),
        ("Em 2026 vamos crescer e quero conversar.", "Em 2026 vamos crescer e quero conversar."),
        ("> Pode ser às 10?\nPode sim", "Pode sim"),
        ("Em 23/11/2026 A <a@x> escreveu:\n> Pode?\n\nPode sim", "Pode sim"),
        ("> só citação", "> só citação"),
    ],
)
def test_quotations_are_cut_and_words_are_kept(texto: str, wanted: str) -> None:
    assert strip_quoted(texto) == wanted


@given(st.text(max_size=200))
def test_stripping_twice_changes_nothing_more(texto: str) -> None:
    once = strip_quoted(texto)
    assert once == once.strip()
    assert bool(once) == bool(texto.replace("\u200b", "").strip())
