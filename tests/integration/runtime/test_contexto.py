"""What an agent asks of the services, end to end: reads at once, writes at the commit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.prospeccao.agendamentos import service
from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import Horario, NovoDisparo
from tests.integration.runtime.brinquedo import Brinquedo, Oficina
from tests.integration.runtime.conftest import Abrir


def run(oficina: Oficina, toy: Brinquedo, lead_id: UUID) -> None:
    """Let the toy handle one event, without an error."""
    oficina.pede(toy, lead_id)
    oficina.roda()
    assert oficina.mortas() == []


def test_a_message_is_planned_once_and_can_be_taken_back(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()

    def plan(event: Any, context: Any) -> None:
        assert context.disparos.by_lead(lead_id) == ()
        for _ in range(2):
            context.disparos.plan(
                NovoDisparo(
                    lead_id=lead_id,
                    campanha_id=oficina.campanha_id,
                    etapa="topo",
                    tentativa=0,
                    canal="email",
                    assunto="Olá",
                    mensagem="Podemos conversar?",
                    variante="A",
                    enviar_em=context.now - timedelta(days=1),
                )
            )

    toy.handle = plan
    run(oficina, toy, lead_id)

    def take_back(event: Any, context: Any) -> None:
        [planned] = context.disparos.by_lead(lead_id)
        assert planned.status == "planejado"
        assert planned.enviar_em <= context.now, "never before the moment it was planned"
        context.disparos.cancel_pending(lead_id, "pedido do agente")

    toy.handle = take_back
    run(oficina, toy, lead_id)
    [row] = oficina.rows("SELECT status, motivo FROM nigredo_leads.disparos")
    assert (row.status, row.motivo) == ("cancelado", "pedido do agente")
    assert oficina.rows("SELECT 1 FROM fibonacci_core.timers") == []


@pytest.mark.parametrize("status", ["cancelado", "remarcado"])
def test_a_meeting_is_held_booked_and_let_go(abrir: Abrir, status: str) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id, meeting = oficina.lead(), uuid4()
    start = oficina.agora() + timedelta(days=1)
    horario = Horario(1, start, start + timedelta(hours=1))

    def book(event: Any, context: Any) -> None:
        with pytest.raises(PermanentError, match="after it begins"):
            context.agendamentos.hold(
                uuid4(), lead_id, [Horario(1, start, start)], context.now + timedelta(minutes=15)
            )
        held = context.agendamentos.hold(
            meeting, lead_id, [horario], context.now + timedelta(minutes=15)
        )
        assert held == (horario,)
        assert context.agendamentos.take(meeting, horario)
        context.leads.get(lead_id)
        context.agendamentos.confirm(meeting, horario, "evento", "briefing")

    toy.handle = book
    run(oficina, toy, lead_id)
    [lead] = oficina.rows("SELECT status, agendado_em FROM nigredo_leads.leads")
    assert lead.status == "agendado"
    assert lead.agendado_em is not None

    def let_go(event: Any, context: Any) -> None:
        assert context.agendamentos.get(meeting).status == "confirmado"
        assert len(context.agendamentos.busy(start, start + timedelta(hours=1))) == 1
        with pytest.raises(PermanentError, match="not released"):
            context.agendamentos.release(meeting, "realizado")
        with pytest.raises(NotFound):
            context.agendamentos.get(uuid4())
        context.agendamentos.release(meeting, status)

    toy.handle = let_go
    run(oficina, toy, lead_id)
    [row] = oficina.rows("SELECT status FROM nigredo_leads.agendamentos")
    assert row.status == status
    assert (
        oficina.rows("SELECT 1 FROM nigredo_leads.agendamento_horarios WHERE estado <> 'liberado'")
        == []
    )


def test_a_meeting_cancelled_while_the_agent_books_it_stays_cancelled(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id, meeting = oficina.lead(), uuid4()
    start = oficina.agora() + timedelta(days=1)
    horario = Horario(1, start, start + timedelta(hours=1))
    outcome: list[str] = []

    def book(event: Any, context: Any) -> None:
        if len(toy.calls) == 1:
            context.agendamentos.hold(
                meeting, lead_id, [horario], context.now + timedelta(minutes=15)
            )
        if not context.agendamentos.take(meeting, horario):
            outcome.append("gone")
            return
        context.agendamentos.confirm(meeting, horario, "evento", "briefing")
        with oficina.uow() as uow:
            service.cancel_future(oficina.system.services.ports, uow, lead_id)

    toy.handle = book
    run(oficina, toy, lead_id)
    assert (len(toy.calls), outcome) == (2, ["gone"]), "the conflict runs the handler again"
    [row] = oficina.rows("SELECT status FROM nigredo_leads.agendamentos")
    assert row.status == "cancelado"
    [lead] = oficina.rows("SELECT status FROM nigredo_leads.leads")
    assert lead.status == "enriquecido"


def test_a_refused_lead_is_blocked_and_a_paused_one_waits(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    refused, paused = oficina.lead(), oficina.lead()

    def decide(event: Any, context: Any) -> None:
        found = context.leads.get_many([paused, uuid4(), refused])
        assert [lead.id for lead in found] == [paused, refused]
        for _ in range(2):
            context.leads.refuse(refused, "recusa")
        context.leads.pause(paused, "não ficou claro")

    toy.handle = decide
    run(oficina, toy, refused)
    rows = oficina.rows("SELECT id, status, pausado FROM nigredo_leads.leads")
    assert {(row.id, row.status, row.pausado) for row in rows} == {
        (refused, "descartado", False),
        (paused, "enriquecido", True),
    }
    assert len(oficina.rows("SELECT 1 FROM nigredo_leads.blocklist WHERE motivo = 'recusa'")) == 1
