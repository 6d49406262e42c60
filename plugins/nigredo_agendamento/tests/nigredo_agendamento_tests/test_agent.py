"""The agent on the in-memory twin of the platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID

import pytest

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Janela
from alquimista_sdk.testing import AgentContractTests, TwinContext, make_event, run
from alquimista_sdk.testing.agendamentos import TwinAgendamentos
from alquimista_sdk.testing.store import Reserva
from alquimista_sdk.testing.twin import default_tenant
from nigredo_agendamento import agent, frases
from nigredo_agendamento_tests.mesa import (
    LEAD,
    ZONA,
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


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[tuple[AgentEvent, TwinContext]]:
        yield pedido(), gemeo()
        yield resposta("pode ser a 2"), oferecido()
        yield resposta("não entendi"), oferecido()
        yield resposta("prefiro sexta à tarde"), oferecido()
        mudanca = {"status": "cancelado", "calendar_event_id": "abc"}
        yield make_event("alquimista.agendamentos.changed", LEAD, metadata=mudanca), gemeo()


def test_three_slots_are_held_and_offered_on_the_leads_channel() -> None:
    twin = oferecido()
    aberta = proposta(twin)
    assert [h.numero for h in aberta.horarios] == [1, 2, 3]
    assert aberta.expira_em == twin.now + timedelta(minutes=15)
    (oferta,) = twin.replies
    assert (oferta.canal, oferta.tipo) == ("whatsapp", "resposta")
    assert "1) quarta, 25/11, às 9h\n2) quinta, 26/11, às 14h\n3) sexta, 27/11, às 9h" in (
        oferta.mensagem
    )
    (evento,) = twin.published
    assert evento.name == "nigredo.agendamento.proposed"
    assert evento.metadata == {"agendamento_id": str(aberta.id)}


def test_slots_lie_in_the_tenants_windows_and_around_what_is_taken() -> None:
    tenant = replace(
        default_tenant(), disponibilidade=tuple(Janela(d, time(10), time(13)) for d in range(5))
    )
    ocupado = {"inicio": "2026-11-25T13:00:00+00:00", "fim": "2026-11-25T14:00:00Z"}
    twin = oferecido(gemeo(tenant=tenant, ocupados=[ocupado]))
    locais = [h.inicio.astimezone(ZONA) for h in proposta(twin).horarios]
    assert locais[0] == datetime(2026, 11, 25, 11, tzinfo=ZONA)
    assert all(10 <= local.hour < 13 for local in locais)


def test_the_meetings_length_is_the_tenants_choice() -> None:
    twin = oferecido(gemeo(config={"duracao_minutos": 30}))
    assert {h.fim - h.inicio for h in proposta(twin).horarios} == {timedelta(minutes=30)}


def test_an_offer_that_stands_is_repeated_and_holds_nothing_more() -> None:
    twin = oferecido()
    run(agent, pedido(), twin)
    assert len(twin.store.agendamentos) == 1
    assert twin.replies[0].mensagem == twin.replies[1].mensagem


def test_an_offer_that_expired_is_replaced() -> None:
    twin = oferecido()
    twin.advance(timedelta(minutes=20))
    run(agent, pedido(), twin)
    assert sorted(status(twin)) == ["cancelado", "proposto"]


def test_two_leads_are_never_offered_the_same_slot() -> None:
    twin = gemeo(lead(), OUTRO)
    run(agent, pedido(), twin)
    run(agent, pedido(OUTRO), twin)
    primeiros = {h.inicio for h in proposta(twin).horarios}
    segundos = {h.inicio for h in proposta(twin, OUTRO.id).horarios}
    assert len(segundos) == 3
    assert not primeiros & segundos


def test_slots_that_another_lead_was_faster_to_hold_are_searched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twin = gemeo(lead(), OUTRO)
    run(agent, pedido(OUTRO), twin)
    vistos: list[int] = []
    verdadeiro = TwinAgendamentos.busy

    def atrasado(self: TwinAgendamentos, inicio: datetime, fim: datetime) -> Any:
        vistos.append(1)
        return () if len(vistos) == 1 else verdadeiro(self, inicio, fim)

    monkeypatch.setattr(TwinAgendamentos, "busy", atrasado)
    run(agent, pedido(), twin)
    assert len(vistos) == 2
    assert len(proposta(twin).horarios) == 3


def test_the_better_of_two_partial_holds_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = gemeo()
    monkeypatch.setattr(TwinAgendamentos, "busy", lambda self, inicio, fim: ())
    tomado = horario(1, 11, 26, 14)
    twin.store.reservas.append(Reserva(UUID(int=3), 1, tomado.inicio, tomado.fim, "confirmado"))
    run(agent, pedido(), twin)
    assert [h.numero for h in proposta(twin).horarios] == [1, 3]
    assert "2)" not in twin.replies[0].mensagem


def test_without_a_free_slot_a_person_takes_over_and_the_lead_is_told() -> None:
    cheio = {"inicio": "2026-01-01T00:00:00+00:00", "fim": "2027-12-31T00:00:00+00:00"}
    twin = oferecido(gemeo(ocupados=[cheio]))
    assert tipos(twin) == ["unavailable"]
    assert "sem horários" in twin.store.pausas[LEAD]
    # the lead is paused now, and the gate lets only this kind through to a paused lead
    assert [(r.tipo, r.mensagem) for r in twin.replies] == [("transacional", frases.SEM_AGENDA)]


@pytest.mark.parametrize(
    "mudancas", [{"pausado": True}, {"status": "descadastrado"}, {"status": "descartado"}]
)
@pytest.mark.parametrize("evento", [pedido, lambda: resposta("a 2")])
def test_a_lead_that_must_not_be_answered_is_left_alone(
    mudancas: dict[str, Any], evento: Any
) -> None:
    twin = gemeo(lead(**mudancas))
    run(agent, evento(), twin)
    assert not twin.replies
    assert not twin.store.agendamentos


def test_another_time_is_offered_where_the_lead_asks_for_one() -> None:
    twin = oferecido()
    run(agent, resposta("nenhum desses, prefiro segunda depois das 15h"), twin)
    locais = [h.inicio.astimezone(ZONA) for h in proposta(twin).horarios]
    assert locais
    assert all(local.weekday() == 0 and local.hour >= 15 for local in locais)
    assert frases.COM_ESSE_HORARIO in twin.replies[-1].mensagem
    assert sorted(status(twin)) == ["cancelado", "proposto"]


def test_a_day_far_ahead_is_searched_for() -> None:
    twin = oferecido()
    run(agent, resposta("só dia 17/12"), twin)
    dias = {h.inicio.astimezone(ZONA).date().isoformat() for h in proposta(twin).horarios}
    assert dias == {"2026-12-17"}


def test_where_the_time_asked_for_does_not_exist_the_lead_is_told_and_offered_others() -> None:
    twin = oferecido()
    run(agent, resposta("só posso à noite"), twin)
    assert twin.replies[-1].mensagem.startswith(frases.SEM_ESSE_HORARIO)
    assert len(proposta(twin).horarios) == 3


def test_a_lead_that_refuses_all_is_asked_what_suits_and_the_offer_stays() -> None:
    twin = oferecido()
    run(agent, resposta("não, nenhum desses"), twin)
    assert twin.replies[-1].mensagem == frases.O_QUE_SERVE
    assert status(twin) == ["proposto"]


def test_a_lead_that_gives_up_is_thanked_and_its_slots_are_free() -> None:
    twin = oferecido()
    run(agent, resposta("não quero marcar"), twin)
    assert twin.replies[-1].mensagem == frases.DESISTENCIA
    assert status(twin) == ["cancelado"]
    assert {r.estado for r in twin.store.reservas} == {"liberado"}


def test_an_unclear_answer_is_asked_about_once_then_goes_to_a_person() -> None:
    twin = oferecido()
    run(agent, resposta("de manhã"), twin)
    assert "1) quarta" in twin.replies[-1].mensagem
    assert "2) quinta" not in twin.replies[-1].mensagem
    run(agent, resposta("hmm"), twin)
    assert "não ficou claro" in twin.store.pausas[LEAD]
    assert (twin.replies[-1].tipo, twin.replies[-1].mensagem) == (
        "transacional",
        frases.COM_UMA_PESSOA,
    )


def test_a_yes_to_the_one_slot_asked_about_books_it() -> None:
    twin = oferecido()
    run(agent, resposta("só depois das 13h"), twin)
    assert twin.replies[-1].mensagem.startswith("Só para confirmar: quinta, 26/11, às 14h?")
    run(agent, resposta("isso, pode ser"), twin)
    assert status(twin) == ["confirmado"]


def test_another_number_after_the_question_books_that_one() -> None:
    twin = oferecido()
    run(agent, resposta("só depois das 13h"), twin)
    run(agent, resposta("não, a 3"), twin)
    (reuniao,) = twin.store.agendamentos.values()
    assert reuniao.data_hora == horario(3, 11, 27, 9).inicio


def test_an_answer_is_read_against_the_offer_that_the_lead_saw_after_a_crash() -> None:
    twin = oferecido()
    evento = resposta("nenhum desses, prefiro sexta à tarde")
    twin.for_event(evento)
    agent.agent_handle_event(event=evento, context=twin)
    twin.rollback()
    run(agent, evento, twin)
    assert sorted(status(twin)) == ["cancelado", "proposto"]
    assert tipos(twin) == ["proposed", "proposed"]
    assert all(h.inicio.astimezone(ZONA).weekday() == 4 for h in proposta(twin).horarios)


def test_an_answer_without_an_offer_gets_one() -> None:
    twin = gemeo()
    run(agent, resposta("a 2"), twin)
    assert tipos(twin) == ["proposed"]


def test_a_second_answer_after_the_booking_hears_of_the_booking() -> None:
    twin = oferecido()
    run(agent, resposta("a 2"), twin)
    run(agent, resposta("a 2 então"), twin)
    assert status(twin) == ["confirmado"]
    assert "quinta, 26/11, às 14h" in twin.replies[-1].mensagem


def test_a_lead_that_books_again_moves_its_meeting() -> None:
    twin = oferecido()
    run(agent, resposta("a 2"), twin)
    antiga = next(iter(twin.store.agendamentos.values()))
    run(agent, pedido(), twin)
    run(agent, resposta("a 1"), twin)
    assert sorted(status(twin)) == ["confirmado", "remarcado"]
    cancelamentos = [d for nome, d in twin.tool_calls if nome == "calendar.cancel_event"]
    assert [d["event_id"] for d in cancelamentos] == [antiga.calendar_event_id]


@pytest.mark.parametrize(
    ("metadata", "esperado"),
    [
        ({"status": "cancelado", "calendar_event_id": "abc"}, 1),
        ({"status": "remarcado", "calendar_event_id": "abc"}, 1),
        ({"status": "realizado", "calendar_event_id": "abc"}, 0),
        ({"status": "cancelado", "calendar_event_id": None}, 0),
    ],
)
def test_a_meeting_that_a_person_calls_off_leaves_the_calendar(
    metadata: dict[str, Any], esperado: int
) -> None:
    twin = gemeo()
    run(agent, make_event("alquimista.agendamentos.changed", LEAD, metadata=metadata), twin)
    assert len(twin.tool_calls) == esperado


def test_an_event_that_the_agent_does_not_know_is_given_up() -> None:
    with pytest.raises(PermanentError, match="does not know"):
        run(agent, make_event("alquimista.outra.coisa"), gemeo())


def test_what_is_offered_is_in_utc() -> None:
    assert {h.inicio.tzinfo for h in proposta(oferecido()).horarios} == {UTC}
