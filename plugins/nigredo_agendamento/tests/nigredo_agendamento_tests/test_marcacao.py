"""Booking the chosen slot: once, truly free, with the invitation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from alquimista_sdk.errors import TransientError
from alquimista_sdk.testing import run
from alquimista_sdk.testing.store import Reserva
from nigredo_agendamento import agent, frases
from nigredo_agendamento_tests.mesa import (
    LEAD,
    criado,
    gemeo,
    horario,
    lead,
    oferecido,
    pedido,
    proposta,
    resposta,
    status,
    tipos,
)

OUTRO = lead(2, contato="Rui", email="rui@outra.example")
SO_WHATSAPP = lead(email=None)


@pytest.mark.parametrize("texto", ["2", "pode ser a segunda opção", "quinta às 14h", "à tarde"])
def test_the_chosen_slot_becomes_one_confirmed_meeting(texto: str) -> None:
    twin = oferecido()
    run(agent, resposta(texto), twin)
    (reuniao,) = twin.store.agendamentos.values()
    assert reuniao.status == "confirmado"
    assert reuniao.data_hora == horario(2, 11, 26, 14).inicio
    assert "OBJEÇÕES" in (reuniao.briefing or "")
    assert twin.store.leads[LEAD].status == "agendado"
    ocupados = [r for r in twin.store.reservas if r.estado != "liberado"]
    assert [(r.numero, r.estado) for r in ocupados] == [(2, "confirmado")]
    assert tipos(twin) == ["proposed", "confirmed"]


def test_the_calendars_entry_has_the_briefing_and_our_own_id() -> None:
    twin = oferecido()
    run(agent, resposta("a 2"), twin)
    (criacao,) = [dados for nome, dados in twin.tool_calls if nome == "calendar.create_event"]
    (reuniao,) = twin.store.agendamentos.values()
    assert criacao["event_id"] == reuniao.calendar_event_id
    assert criacao["descricao"] == reuniao.briefing
    assert criacao["participantes"] == []
    assert set(str(criacao["event_id"])) <= set("0123456789abcdef")


def test_the_lead_gets_the_invitation_by_mail_and_a_word_on_its_channel() -> None:
    twin = oferecido()
    run(agent, resposta("a 2"), twin)
    _, convite, aviso = twin.replies
    assert (convite.canal, convite.tipo) == ("email", "transacional")
    assert b"METHOD:REQUEST" in convite.anexos[0].conteudo
    assert "Achei caro" not in convite.mensagem + convite.anexos[0].conteudo.decode()
    assert (aviso.canal, aviso.tipo) == ("whatsapp", "resposta")
    assert "quinta, 26/11, às 14h" in aviso.mensagem


def test_a_lead_that_writes_by_mail_gets_one_mail() -> None:
    twin = oferecido(canal="email")
    run(agent, resposta("a 2", canal="email"), twin)
    assert len(twin.replies) == 2
    assert twin.replies[1].anexos


def test_a_lead_without_e_mail_gets_the_word_only() -> None:
    twin = gemeo(SO_WHATSAPP)
    run(agent, pedido(SO_WHATSAPP, canal="web"), twin)
    run(agent, resposta("a 2", SO_WHATSAPP, canal="web"), twin)
    assert [r.canal for r in twin.replies] == ["whatsapp", "whatsapp"]
    assert "convite" not in twin.replies[1].mensagem


def test_a_slot_taken_in_the_calendar_meanwhile_is_not_booked() -> None:
    twin = oferecido()
    slot = horario(2, 11, 26, 14)
    ocupado = {"inicio": slot.inicio.isoformat(), "fim": slot.fim.isoformat()}
    twin.answer_tool("calendar.availability", {"ocupados": [ocupado], "sandbox": True})
    run(agent, resposta("a 2"), twin)
    assert sorted(status(twin)) == ["cancelado", "proposto"]
    assert frases.OCUPADO in twin.replies[-1].mensagem
    assert slot.inicio not in {h.inicio for h in proposta(twin).horarios}
    assert not [nome for nome, _ in twin.tool_calls if nome == "calendar.create_event"]


def test_a_conflict_when_creating_the_entry_offers_other_slots() -> None:
    twin = oferecido()
    twin.answer_tool("calendar.create_event", criado(conflito=True))
    run(agent, resposta("a 2"), twin)
    assert sorted(status(twin)) == ["cancelado", "proposto"]
    assert horario(2, 11, 26, 14).inicio not in {h.inicio for h in proposta(twin).horarios}
    assert twin.store.leads[LEAD].status == "interessado"


def test_a_slot_that_another_lead_took_after_the_hold_expired_is_not_booked() -> None:
    twin = oferecido()
    twin.advance(timedelta(minutes=20))
    slot = horario(2, 11, 26, 14)
    twin.store.reservas = [replace(r, estado="liberado") for r in twin.store.reservas]
    twin.store.reservas.append(Reserva(UUID(int=9), 1, slot.inicio, slot.fim, "confirmado"))
    run(agent, resposta("a 2"), twin)
    assert sorted(status(twin)) == ["cancelado", "proposto"]


def test_a_slot_may_still_be_chosen_after_its_hold_expired() -> None:
    twin = oferecido()
    twin.advance(timedelta(hours=5))
    run(agent, resposta("a 2"), twin)
    assert status(twin) == ["confirmado"]


def test_a_slot_that_has_passed_is_never_booked() -> None:
    twin = oferecido()
    twin.advance(timedelta(days=10))
    run(agent, resposta("a 2"), twin)
    assert frases.PASSOU in twin.replies[-1].mensagem
    assert all(h.inicio > twin.now for h in proposta(twin).horarios)


def test_a_calendar_that_times_out_is_tried_again_and_gives_one_entry() -> None:
    twin = oferecido()

    def cai(payload: Any) -> Any:
        raise TransientError("time-out")

    evento = resposta("a 2")
    twin.answer_tool("calendar.create_event", cai)
    with pytest.raises(TransientError):
        run(agent, evento, twin)
    assert status(twin) == ["proposto"]
    twin.answer_tool("calendar.create_event", criado())
    run(agent, evento, twin)
    assert status(twin) == ["confirmado"]
    ids = {dados["event_id"] for nome, dados in twin.tool_calls if nome == "calendar.create_event"}
    assert len(ids) == 1
