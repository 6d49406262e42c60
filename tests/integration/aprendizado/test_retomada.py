"""A lead that a doubt had paused goes on once a person has read that there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from alquimista.prospeccao.leads import service as leads
from alquimista_sdk.models import LEITURA_INCERTA
from tests.integration.api.world import another_tenant, assert_error, audited
from tests.integration.aprendizado.conversa import AGENTE, corrects, new_lead, says
from tests.integration.conftest import Way
from tests.integration.test_main_way import import_leads, lead_named

DUVIDA = "LGPD"
INTERESSE = {"intent": "interest", "descadastro": "nao"}
MINUTOS = timedelta(minutes=2)


def paused(way: Way, lead: dict[str, Any]) -> bool:
    """Whether the lead is paused, as its people see it."""
    found: bool = way.call("GET", f"/api/leads/{lead['id']}")["pausado"]
    return found


def pause(way: Way, lead: dict[str, Any], causa: str | None) -> None:
    """What an agent does where a person must decide."""
    with way.uow() as uow:
        ports = way.system.services.ports
        leads.pause(ports, uow, UUID(lead["id"]), "a pessoa decide", AGENTE, uuid4(), causa)


def doubted(way: Way) -> tuple[dict[str, Any], dict[str, Any]]:
    """A lead that is paused for an uncertain reading, and the message."""
    lead = new_lead(way)
    message = says(way, lead, DUVIDA)
    assert message["descadastro"] == "incerto"
    pause(way, lead, LEITURA_INCERTA)
    return lead, message


def resumed(way: Way, lead: dict[str, Any]) -> list[Any]:
    """The audit's entries of pauses of the lead that ended."""
    return [entry for entry in audited(way, "retomada") if str(entry.alvo_id) == lead["id"]]


def answers(way: Way, lead: dict[str, Any], mensagem: str) -> None:
    """The lead answers by the sandbox, and what follows is handled."""
    body = {"lead_id": lead["id"], "mensagem": mensagem}
    way.call("POST", "/api/sandbox/respostas", body, status=202)
    way.advance(MINUTOS)


def test_from_doubt_to_a_booked_meeting_by_one_correction(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    answers(way, lead, DUVIDA)
    assert paused(way, lead)
    meetings = f"/api/agendamentos?lead_id={lead['id']}"
    assert way.call("GET", meetings)["itens"] == []
    [message] = way.call("GET", f"/api/leads/{lead['id']}/interacoes?tipo=recebido")["itens"]
    shown = corrects(way, message, INTERESSE)
    assert (shown["bloqueado"], paused(way, lead)) == (False, False)
    way.advance(MINUTOS)
    assert not paused(way, lead), "the machine's doubt does not come back"
    assert [item["status"] for item in way.call("GET", meetings)["itens"]] == ["proposto"]
    answers(way, lead, "pode ser o 2")
    assert [item["status"] for item in way.call("GET", meetings)["itens"]] == ["confirmado"]
    [entry] = resumed(way, lead)
    assert entry.ator_tipo == "pessoa"
    assert way.call("GET", "/api/dead-letters")["itens"] == []


def test_a_correction_that_is_undone_pauses_the_lead_again(mundo: Way) -> None:
    lead, message = doubted(mundo)
    corrects(mundo, message, INTERESSE)
    assert not paused(mundo, lead)
    mundo.call("DELETE", f"/api/interacoes/{message['id']}/correcao")
    assert paused(mundo, lead)
    corrects(mundo, message, INTERESSE)
    assert not paused(mundo, lead)
    assert len(resumed(mundo, lead)) == 2


def test_another_message_that_may_ask_to_stop_keeps_the_lead_paused(mundo: Way) -> None:
    lead, first = doubted(mundo)
    second = says(mundo, lead, "não quero mais isso")
    assert second["descadastro"] == "incerto"
    corrects(mundo, first, INTERESSE)
    assert paused(mundo, lead)
    corrects(mundo, second, {"intent": "question", "descadastro": "nao"})
    assert not paused(mundo, lead)


def test_another_cause_keeps_the_lead_paused_whichever_came_first(mundo: Way) -> None:
    for causes in ((None, LEITURA_INCERTA), (LEITURA_INCERTA, None)):
        lead = new_lead(mundo)
        message = says(mundo, lead, DUVIDA)
        for causa in causes:
            pause(mundo, lead, causa)
        corrects(mundo, message, INTERESSE)
        assert paused(mundo, lead)
        assert resumed(mundo, lead) == []


def test_a_doubt_that_becomes_a_refusal_or_an_opt_out_is_no_reason_to_go_on(mundo: Way) -> None:
    for body in ({"descadastro": "certo"}, {"intent": "refusal", "descadastro": "nao"}):
        lead, message = doubted(mundo)
        assert corrects(mundo, message, body)["bloqueado"] is True
        assert paused(mundo, lead)


def test_who_may_not_answer_leads_ends_no_pause(mundo: Way) -> None:
    lead, message = doubted(mundo)
    viewer = another_tenant(mundo.system, "Só olha", papel="viewer")
    path = f"/api/interacoes/{message['id']}/correcao"
    assert_error(viewer.response("POST", path, INTERESSE), 403)
    admin_elsewhere = another_tenant(mundo.system, "De fora")
    assert_error(admin_elsewhere.response("POST", path, INTERESSE), 404)
    assert paused(mundo, lead)
