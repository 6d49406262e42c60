"""Writing an e-mail so that nothing in the data can add to its headers."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_integrations.email.message import (
    EmailInvalid,
    EmailMessageData,
    build,
    message_id,
)
from alquimista_sdk.models import Anexo

CONVITE = Anexo(
    "convite.ics",
    "text/calendar; charset=utf-8",
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Reuni\xc3\xa3o\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n",
)
DADOS = EmailMessageData(
    remetente="vendas@aurora.example",
    remetente_nome="Metalúrgica Aurora",
    destinatarios=("ana@cliente.example",),
    assunto="Redução de perdas na produção",
    texto="Olá, Ana!\n\nPodemos conversar?\n",
    chave="tenant-lead-campanha-topo-0",
    data=datetime(2026, 11, 23, 12, 30, tzinfo=UTC),
)
KNOWN = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "content-type",
    "content-transfer-encoding",
    "mime-version",
}


def test_the_same_key_gives_the_same_id_and_hides_what_it_is_made_of() -> None:
    first = message_id("tenant-lead", "vendas@aurora.example")
    assert first == message_id("tenant-lead", "vendas@aurora.example")
    assert first != message_id("tenant-lead2", "vendas@aurora.example")
    assert first.startswith("<") and first.endswith("@aurora.example>")
    assert "tenant" not in first


def test_accents_survive_the_wire() -> None:
    parsed = email.message_from_bytes(build(DADOS).as_bytes(), policy=default)
    assert parsed["Subject"] == DADOS.assunto
    assert parsed["From"].addresses[0].display_name == "Metalúrgica Aurora"
    assert parsed["Date"].datetime == DADOS.data
    assert parsed.get_content() == DADOS.texto.replace("\n", "\r\n")


def test_one_click_unsubscribe_has_both_headers() -> None:
    message = build(replace(DADOS, link_descadastro="https://a.example/descadastro/x"))
    assert message["List-Unsubscribe"] == "<https://a.example/descadastro/x>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_message_without_a_link_has_no_unsubscribe_header() -> None:
    assert build(DADOS)["List-Unsubscribe"] is None


def test_a_reply_names_the_message_that_it_answers() -> None:
    message = build(replace(DADOS, em_resposta_a="<abc@cliente.example>"))
    assert message["In-Reply-To"] == message["References"] == "<abc@cliente.example>"


def test_an_invitation_is_an_alternative_part_with_its_method() -> None:
    pdf = Anexo("relatório.pdf", "application/pdf", b"%PDF-1.7")
    message = build(replace(DADOS, anexos=(pdf, CONVITE)))
    parsed = email.message_from_bytes(message.as_bytes(), policy=default)
    assert parsed.get_content_type() == "multipart/mixed"
    alternative, attached = parsed.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    plain, calendar = alternative.iter_parts()
    assert plain.get_content().splitlines() == DADOS.texto.splitlines()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "REQUEST"
    assert "Reunião" in calendar.get_content()
    assert attached.get_filename() == "relatório.pdf"
    assert attached.get_content() == b"%PDF-1.7"


def test_a_file_of_no_known_type_travels_as_bytes() -> None:
    message = build(replace(DADOS, anexos=(Anexo("x", "estranho", b"\x00\x01"),)))
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "application/octet-stream"


@pytest.mark.parametrize(
    "bad",
    [
        replace(DADOS, destinatarios=("ana@cliente.example\r\nBcc: todos@x.example",)),
        replace(DADOS, destinatarios=("sem arroba",)),
        replace(DADOS, destinatarios=("@x.example",)),
        replace(DADOS, remetente="a b@x.example"),
        replace(DADOS, em_resposta_a="<a@b>\r\nBcc: x@y.example"),
        replace(DADOS, link_descadastro="https://x.example/a>\r\nBcc: x@y.example"),
        replace(DADOS, link_descadastro="javascript:alert(1)"),
        replace(DADOS, cabecalhos={"Bcc": "x@y.example"}),
    ],
)
def test_what_could_add_a_header_is_refused(bad: EmailMessageData) -> None:
    with pytest.raises(EmailInvalid):
        build(bad)


def test_an_accented_domain_is_written_in_ascii() -> None:
    message = build(replace(DADOS, destinatarios=("ana@padaria-são-joão.example",)))
    assert str(message["To"]).isascii()


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_no_subject_name_or_file_name_adds_a_header(assunto: str, nome: str, arquivo: str) -> None:
    """Whatever people type, the headers stay the known ones."""
    dados = replace(
        DADOS,
        assunto=assunto + "\r\nBcc: x@y.example",
        remetente_nome=nome + "\nBcc: x@y.example",
        anexos=(Anexo(arquivo + "\r\nX-Mal: 1", "application/pdf", b"x"),),
    )
    try:
        raw = build(dados).as_bytes()
    except (EmailInvalid, UnicodeEncodeError):
        return
    parsed = email.message_from_bytes(raw, policy=default)
    assert {name.lower() for name, _ in parsed.items()} <= KNOWN
    (attached,) = parsed.iter_attachments()
    assert "x-mal" not in {name.lower() for name, _ in attached.items()}
