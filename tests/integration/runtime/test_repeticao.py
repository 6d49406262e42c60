"""Replays as agents see them: the database as before, the world outside untouched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from alquimista.runtime.topology import PLATFORM_QUEUE, SENDER_QUEUE
from alquimista_sdk.events import Subject
from alquimista_sdk.models import LeadChanges, NovaResposta, NovoDisparo
from fibonacci_bus import Replayed, Selection, run_replay
from tests.integration.runtime.brinquedo import Brinquedo, Oficina
from tests.integration.runtime.conftest import Abrir

CALENDARIO = "tools:calendar.create_event"


def replay(
    oficina: Oficina, name: str = "de-novo", pattern: Any = None, effects: bool = False
) -> Replayed:
    """Replay what the tenant has, by default what asks the toy to work."""
    chosen = Selection(oficina.tenant_id, pattern=pattern or {"detail-type": ["faz"]})
    system = oficina.system
    return run_replay(system.database.scope, system.topology, chosen, name, effects=effects)


def count(oficina: Oficina, table: str) -> int:
    """Rows of a table of the tenant."""
    found: int = oficina.rows(f"SELECT count(*) AS n FROM {table}")[0].n
    return found


def reply(context: Any, event: Any, text: str = "Olá") -> None:
    """Ask for an answer to the event's lead."""
    context.conversas.reply(
        NovaResposta(event.subject.id, "email", text, "resposta", chave=str(event.id))
    )


def published(oficina: Oficina) -> list[Any]:
    """What the toy published."""
    return oficina.rows(
        "SELECT id, replay_name, effects FROM fibonacci_core.events WHERE type = 'feito'"
    )


def test_the_second_time_has_the_same_ids_and_changes_nothing_twice(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    ids: list[UUID] = []

    def handle(event: Any, context: Any) -> None:
        ids.append(context.new_id("coisa"))
        reply(context, event)
        context.events.publish("feito", event.subject, decision="feito")

    toy.handle = handle
    event_id = oficina.pede(toy, oficina.lead())
    oficina.roda()
    before = (count(oficina, "nigredo_leads.disparos"), published(oficina))
    assert replay(oficina, effects=True).events == 1
    oficina.roda()
    assert [(call.id, call.replayed) for call in toy.calls] == [(event_id, False), (event_id, True)]
    assert ids[0] == ids[1]
    assert (count(oficina, "nigredo_leads.disparos"), published(oficina)) == before


def test_without_effects_no_message_is_planned_of_any_kind(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()
    oficina.pede(toy, lead_id)
    oficina.roda()

    def handle(event: Any, context: Any) -> None:
        context.leads.get(lead_id)
        reply(context, event)
        context.disparos.plan(
            NovoDisparo(
                lead_id, oficina.campanha_id, "topo", 0, "A", "email", "Oi", "Olá", context.now
            )
        )
        context.relatorios.mail_managers("Relatório", "Segue.", (), "hoje")
        context.leads.opt_out(lead_id, "pedido")

    toy.handle = handle
    replay(oficina)
    oficina.roda()
    assert len(toy.calls) == 2
    assert oficina.mortas() == []
    assert count(oficina, "nigredo_leads.disparos") == 0
    [lead] = oficina.rows("SELECT status FROM nigredo_leads.leads")
    assert lead.status == "descadastrado", "what stays in the database is done"
    replay(oficina, "com-efeitos", effects=True)
    oficina.roda()
    assert count(oficina, "nigredo_leads.disparos") > 0


def test_what_a_replay_causes_is_marked_and_has_no_effects_either(abrir: Abrir) -> None:
    first, second = Brinquedo("um"), Brinquedo("dois")
    oficina = abrir(first, second)
    oficina.pede(first, oficina.lead())
    oficina.roda()

    def cause(event: Any, context: Any) -> None:
        context.events.publish("feito", event.subject, decision="novo desta vez")

    first.handle = cause
    replay(oficina)
    oficina.roda()
    assert [(row.replay_name, row.effects) for row in published(oficina)] == [("de-novo", False)]


def test_a_tool_that_changes_the_world_is_not_called(abrir: Abrir) -> None:
    answers: list[Any] = []
    toy = Brinquedo(extra_scopes=(CALENDARIO,))
    oficina = abrir(toy)
    oficina.pede(toy, oficina.lead())
    oficina.roda()

    def handle(event: Any, context: Any) -> None:
        answers.append(
            context.tools.call(
                "calendar.create_event",
                {
                    "calendario_id": "agenda",
                    "event_id": context.new_id("evento").hex,
                    "resumo": "Reunião",
                    "inicio": context.now.isoformat(),
                    "fim": (context.now + timedelta(hours=1)).isoformat(),
                },
            )
        )

    toy.handle = handle
    replay(oficina)
    oficina.roda()
    assert count(oficina, "alquimista_platform.sandbox_eventos") == 0
    replay(oficina, "com-efeitos", effects=True)
    oficina.roda()
    assert count(oficina, "alquimista_platform.sandbox_eventos") == 1
    assert [answer["criado"] for answer in answers] == [False, True]
    assert answers[0]["sandbox"], "a made-up answer says so"


@pytest.mark.parametrize("queue", [SENDER_QUEUE, PLATFORM_QUEUE])
def test_due_moments_do_not_fire_again_without_effects(abrir: Abrir, queue: str) -> None:
    oficina = abrir(Brinquedo())
    disparo_id = oficina.planeja(oficina.lead())
    rules = {SENDER_QUEUE: ["disparo"], PLATFORM_QUEUE: ["rajada", "reserva", "arquivo"]}
    replay(oficina, pattern={"source": ["alquimista.timer"], "detail-type": rules[queue]})
    worker = oficina.system.worker((queue,))
    with oficina.owner() as connection:
        connection.exec_driver_sql(
            "DELETE FROM fibonacci_core.queue_messages q USING fibonacci_core.events e "
            "WHERE e.id = q.event_id AND e.replayed_from IS NULL"
        )
    while worker.run_once():
        continue
    assert oficina.disparo(disparo_id).status == "planejado"
    assert oficina.mortas() == []


def test_a_leads_history_shows_what_happened_and_not_its_replays(abrir: Abrir) -> None:
    from alquimista.prospeccao.leads import timeline

    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()
    oficina.pede(toy, lead_id)
    oficina.roda()

    def change(event: Any, context: Any) -> None:
        context.leads.get(lead_id)
        context.leads.update(lead_id, LeadChanges(setor="Indústria"))
        assert event.subject == Subject.lead(lead_id)

    toy.handle = change
    replay(oficina)
    oficina.roda()
    with oficina.uow() as uow:
        kinds = [
            entry.titulo
            for entry in timeline.build(uow, lead_id, lambda _, event: event.detail)
            if entry.tipo == "evento"
        ]
    assert kinds == ["nigredo.um.faz"]
    [lead] = oficina.rows("SELECT setor FROM nigredo_leads.leads")
    assert lead.setor == "Indústria"
