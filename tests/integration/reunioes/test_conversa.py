"""From a lead's words to a meeting and out of it again, with the real agents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.sandbox import inquilino_demo
from tests.integration.conftest import Way
from tests.integration.envio.bancada import Bancada

DOIS_MINUTOS = timedelta(minutes=2)


@pytest.fixture
def bancada(way: Way) -> Bancada:
    """The demo tenant on a Monday morning."""
    way.advance_to_monday()
    way.advance(timedelta(hours=2))
    return Bancada(way.system, way.tenant_id)


def says(way: Way, lead_id: UUID, *words: str, provider_id: str | None = None) -> None:
    """E-mails of a lead, as a mail server delivers them."""
    [lead] = way.rows(f"SELECT email FROM nigredo_leads.leads WHERE id = '{lead_id}'")
    for text in words:
        answer = way.response(
            "POST",
            "/webhooks/email",
            {
                "de": lead.email,
                "para": inquilino_demo.REMETENTE,
                "assunto": "Re: Olá",
                "texto": text,
                "message_id": provider_id or f"<{uuid4()}@cliente.example.com>",
            },
            headers={"Authorization": f"Bearer {way.system.settings.email_webhook_secret}"},
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)


def received(way: Way) -> list[Any]:
    """The events that tell agents of a lead's words."""
    return way.rows(
        "SELECT detail FROM fibonacci_core.events WHERE source = 'alquimista.conversas'"
    )


def answers(way: Way, lead_id: UUID) -> list[Any]:
    """What was sent to a lead, in order."""
    return way.rows(
        "SELECT tipo, mensagem FROM nigredo_leads.disparos WHERE status = 'enviado' "
        f"AND lead_id = '{lead_id}' ORDER BY enviado_em"
    )


def book(way: Way, lead_id: UUID) -> Any:
    """Let a lead ask for a meeting and choose the first hour; the meeting's row."""
    says(way, lead_id, "Tenho interesse, vamos agendar")
    way.advance(DOIS_MINUTOS)
    says(way, lead_id, "a primeira opção")
    way.advance(DOIS_MINUTOS)
    [meeting] = way.rows(
        "SELECT id, status, calendar_event_id FROM nigredo_leads.agendamentos "
        f"WHERE lead_id = '{lead_id}'"
    )
    assert meeting.status == "confirmado"
    return meeting


def test_three_messages_within_eight_seconds_are_answered_once_with_all_three(
    way: Way, bancada: Bancada
) -> None:
    lead_id = bancada.lead(status="contatado")
    for text in ("Bom dia!", "Quanto custa o plano?", "E qual o prazo de implantação?"):
        says(way, lead_id, text)
        way.advance(timedelta(seconds=5))
    assert received(way) == []
    way.advance(DOIS_MINUTOS)
    [event] = received(way)
    assert len(event.detail["context"]["metadata"]["interacao_ids"]) == 3
    [answer] = answers(way, lead_id)
    assert answer.tipo == "resposta"
    assert "490" in answer.mensagem or "15 dias" in answer.mensagem
    read = way.rows("SELECT intent FROM nigredo_leads.interacoes WHERE tipo = 'recebido'")
    assert len(read) == 3
    assert {row.intent for row in read} == {"question"}


def test_a_message_after_the_pause_is_another_burst(way: Way, bancada: Bancada) -> None:
    lead_id = bancada.lead(status="contatado")
    says(way, lead_id, "Quanto custa o plano?")
    way.advance(timedelta(seconds=9))
    says(way, lead_id, "E qual o prazo de implantação?")
    way.advance(timedelta(seconds=9))
    assert [len(e.detail["context"]["metadata"]["interacao_ids"]) for e in received(way)] == [1, 1]
    assert len(answers(way, lead_id)) == 2


def test_a_message_delivered_twice_is_one(way: Way, bancada: Bancada) -> None:
    lead_id = bancada.lead(status="contatado")
    for _ in range(2):
        says(way, lead_id, "Quanto custa o plano?", provider_id="<uma@cliente.example.com>")
    way.advance(DOIS_MINUTOS)
    says(way, lead_id, "Quanto custa o plano?", provider_id="<uma@cliente.example.com>")
    way.advance(DOIS_MINUTOS)
    assert len(received(way)) == 1
    assert len(answers(way, lead_id)) == 1


def test_who_has_opted_out_gets_no_answer_to_anything(way: Way, bancada: Bancada) -> None:
    lead_id = bancada.lead(status="contatado")
    says(way, lead_id, "Não quero mais receber mensagens de vocês")
    way.advance(DOIS_MINUTOS)
    assert [a.tipo for a in answers(way, lead_id)] == ["confirmacao"]
    for text in (
        "Quanto custa o plano?",
        "Parem de me escrever!",
        "Tenho interesse, vamos agendar",
    ):
        says(way, lead_id, text)
        way.advance(DOIS_MINUTOS)
    way.advance(timedelta(days=5))
    assert len(answers(way, lead_id)) == 1
    assert way.rows("SELECT 1 FROM nigredo_leads.agendamentos") == []
    assert bancada.mortas() == []


def test_an_opt_out_cancels_the_meeting_and_clears_the_calendar(way: Way, bancada: Bancada) -> None:
    lead_id = bancada.lead(status="contatado")
    meeting = book(way, lead_id)
    [entry] = way.rows("SELECT event_id FROM alquimista_platform.sandbox_eventos")
    assert entry.event_id == meeting.calendar_event_id

    says(way, lead_id, "Não quero mais receber mensagens de vocês")
    way.advance(DOIS_MINUTOS)
    [row] = way.rows("SELECT status FROM nigredo_leads.agendamentos")
    assert row.status == "cancelado"
    assert way.rows("SELECT event_id FROM alquimista_platform.sandbox_eventos") == []
    held = way.rows("SELECT 1 FROM nigredo_leads.agendamento_horarios WHERE estado <> 'liberado'")
    assert held == []
    assert bancada.mortas() == []


def test_a_meeting_that_a_person_cancels_leaves_the_calendar_too(
    way: Way, bancada: Bancada
) -> None:
    meeting = book(way, bancada.lead(status="contatado"))
    way.call("PATCH", f"/api/agendamentos/{meeting.id}", {"status": "cancelado"})
    way.drain()
    assert way.rows("SELECT event_id FROM alquimista_platform.sandbox_eventos") == []
    again = way.response("PATCH", f"/api/agendamentos/{meeting.id}", {"status": "realizado"})
    assert again.status_code == 409


def test_two_leads_are_never_offered_one_hour(way: Way, bancada: Bancada) -> None:
    leads = [bancada.lead(status="contatado") for _ in range(3)]
    for lead_id in leads:
        says(way, lead_id, "Tenho interesse, vamos agendar")
    way.advance(DOIS_MINUTOS)
    held = way.rows(
        "SELECT inicio, agendamento_id FROM nigredo_leads.agendamento_horarios "
        "WHERE estado = 'segurado'"
    )
    assert len(held) == 9
    assert len({row.inicio for row in held}) == 9
    assert len({row.agendamento_id for row in held}) == 3
