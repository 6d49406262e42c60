"""What people read: messages, the briefing, the invitation."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from icalendar import Calendar

from alquimista_sdk.models import Historico, Interacao, TenantFacts
from nigredo_agendamento import frases
from nigredo_agendamento.briefing import briefing
from nigredo_agendamento.convite import convite
from nigredo_agendamento_tests.mesa import AGORA, FUSO, LEAD, gemeo, horario, lead

TENANT = TenantFacts(UUID(int=1), "Aurora Consultoria", email_remetente="contato@aurora.example")
SLOT = horario(1, 11, 25, 10)


def test_a_slot_is_said_as_people_say_it() -> None:
    assert frases.quando(SLOT, FUSO) == "quarta, 25/11, às 10h"
    assert frases.quando(horario(1, 11, 24, 9, 30), FUSO) == "terça, 24/11, às 9h30"


def test_every_offer_names_the_zone() -> None:
    assert "horário de Brasília" in frases.proposta("Oi", (SLOT,), FUSO, 60)
    assert frases.nome_do_fuso("America/New_York") == "fuso New York"


def test_an_offer_of_one_slot_does_not_ask_which() -> None:
    assert "Qual prefere" not in frases.proposta("Oi", (SLOT,), FUSO, 60)
    assert "Qual prefere" in frases.proposta("Oi", (SLOT, horario(2, 11, 26, 10)), FUSO, 60)


def test_the_invitation_is_a_request_with_the_events_own_id() -> None:
    anexo = convite("abc123", SLOT, lead(), TENANT, AGORA)
    agenda = Calendar.from_ical(anexo.conteudo)
    (evento,) = agenda.walk("VEVENT")
    assert agenda["METHOD"] == "REQUEST"
    assert evento["UID"] == "abc123"
    assert evento.decoded("DTSTART") == SLOT.inicio
    assert evento.decoded("DTEND") == SLOT.fim
    assert evento["ORGANIZER"] == "mailto:contato@aurora.example"
    assert evento["ATTENDEE"] == "mailto:marina@padaria.example"
    (alarme,) = agenda.walk("VALARM")
    assert alarme.decoded("TRIGGER") == timedelta(minutes=-30)
    assert b"DTSTART:20261125T130000Z" in anexo.conteudo
    assert anexo.tipo_mime.startswith("text/calendar; method=REQUEST")


def test_a_name_cannot_break_out_of_the_invitation() -> None:
    mau = lead(contato='Ana"\r\nATTENDEE:mailto:x@y.example', empresa="X\r\nSUMMARY:Y")
    agenda = Calendar.from_ical(convite("abc", SLOT, mau, TENANT, AGORA).conteudo)
    (evento,) = agenda.walk("VEVENT")
    assert evento["ATTENDEE"] == "mailto:marina@padaria.example"
    assert str(evento["SUMMARY"]).count("SUMMARY") == 1


def test_the_briefing_has_facts_mood_objections_and_what_to_ask() -> None:
    conversa = gemeo().store.interacoes
    texto = briefing(lead(), TENANT, Historico(12, tuple(conversa)), SLOT, 60)
    assert "Padaria Pão Quente: quarta, 25/11, às 10h" in texto
    assert "Contato: Marina Alves" in texto
    assert "12 mensagens no total" in texto
    assert "na última mensagem, positivo" in texto
    assert "OBJEÇÕES\n- Achei caro da outra vez" in texto
    assert "PERGUNTAS DO LEAD\n- Vocês atendem padarias pequenas?" in texto
    assert "O que precisaria mudar para a objeção" in texto
    assert "Qual é o tamanho da equipe" in texto


def test_the_briefing_says_nothing_of_what_is_not_known() -> None:
    texto = briefing(
        lead(contato=None, setor=None, telefone=None), TENANT, Historico(0, ()), SLOT, 60
    )
    assert "None" not in texto
    assert "OBJEÇÕES" not in texto
    assert "Sentimento" not in texto
    assert "Qual é o principal negócio" in texto


def test_a_very_long_conversation_keeps_the_briefing_short() -> None:
    longas = tuple(
        Interacao(UUID(int=n), LEAD, "recebido", "email", "muito " * 500, AGORA, intent="objection")
        for n in range(50)
    )
    texto = briefing(lead(), TENANT, Historico(50, longas), SLOT, 60)
    assert len(texto) <= 6000
    assert texto.endswith("…")
