"""An agent that fails harms itself alone: its dead letters tell why, everything else runs."""

from __future__ import annotations

import importlib
import json
import logging
from typing import Any
from uuid import uuid4

import pytest

from alquimista.http.services import Services
from tests.integration.api.world import another_tenant, as_owner, assert_error, audited
from tests.integration.conftest import Way

SEVEN = {
    f"nigredo_{name}"
    for name in (
        "recebimento",
        "estrategia",
        "disparo",
        "atendimento",
        "sentimento",
        "agendamento",
        "relatorios",
    )
}


@pytest.fixture(autouse=True)
def quiet_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the agent raises is no text that a test report could carry from process to process."""
    monkeypatch.setattr(logging.getLogger("fibonacci_bus.delivery"), "disabled", True)


def publish(way: Way, kind: str) -> str:
    """Publish an event that the agent of the tests listens to; answers its id."""
    detail = {"version": "1", "subject": {"type": "tenant", "id": str(way.tenant_id)}}
    event = {"source": "bravo.entrada", "type": kind, "detail": detail}
    found: str = way.call("POST", "/events", event, status=202)["id"]
    return found


def settle(way: Way) -> None:
    """Handle everything; a message that waits for its next try does not have to."""
    worker = way.system.worker()
    for _ in range(60):
        as_owner(
            way.system,
            "UPDATE fibonacci_core.queue_messages SET visible_at = clock_timestamp() "
            "WHERE queue = 'agente_bravo' AND state <> 'paused'",
        )
        way.system.ticker.tick()
        if worker.run_once(20) == 0:
            return
    raise AssertionError("the queues do not empty")


def seen(kind: str) -> list[int]:
    """The attempts of the agent's runs for one kind of event."""
    module = importlib.import_module("agente_bravo.agent")
    return [attempt for heard, attempt, _ in module.SEEN if heard == kind]


def dead(way: Way, event_id: str) -> list[dict[str, Any]]:
    """The dead letters of one event."""
    itens = way.call("GET", "/api/dead-letters?limite=200")["itens"]
    return [item for item in itens if item["event_id"] == event_id]


def alerts(way: Way) -> list[Any]:
    """The e-mails that the operators got."""
    address = way.system.settings.operadores
    return way.rows(
        "SELECT assunto, mensagem FROM alquimista_platform.sandbox_mensagens "
        f"WHERE destinatario = '{address}' ORDER BY ordem"
    )


def import_one(way: Way) -> dict[str, Any]:
    """Let the seven carry a new lead to a drafted campaign."""
    email = f"compras@{uuid4().hex[:10]}.com.br"
    way.call("POST", "/api/leads", {"empresa": "Segue Bem", "email": email}, status=202)
    settle(way)
    itens = way.call("GET", "/api/leads?limite=200")["itens"]
    found: dict[str, Any] = next(item for item in itens if item["email"] == email)
    return found


def test_a_package_that_breaks_at_import_is_listed_and_the_others_are_in(mundo: Way) -> None:
    listed = {agent["id"]: agent for agent in mundo.call("GET", "/api/agents")["itens"]}
    assert set(listed) == SEVEN | {"agente_bravo", "agente_teimoso", "agente_quebrado"}
    broken = listed["agente_quebrado"]
    assert (broken["status"], broken["ativo"]) == ("recusado", False)
    assert broken["erro"] == "RuntimeError: quebrado ao importar"
    assert {slug for slug, agent in listed.items() if agent["status"] == "admitido"} == {
        *SEVEN,
        "agente_bravo",
        "agente_teimoso",
    }
    refused = mundo.response("POST", "/api/agents/agente_quebrado/activate")
    assert "quebrado ao importar" in assert_error(refused, 409)["message"]


def test_an_agent_that_fails_while_it_is_activated_stays_off_and_says_why(mundo: Way) -> None:
    response = mundo.response("POST", "/api/agents/agente_teimoso/activate")
    body = assert_error(response, 409)
    assert body["status"] == "agente_falhou"
    assert "não quero" in body["message"]
    assert mundo.call("GET", "/api/agents/agente_teimoso")["ativo"] is False


@pytest.mark.parametrize(
    ("kind", "attempts", "error_class", "told"),
    [
        ("comum", [1, 2, 3], "transient", "ValueError: quebrou"),
        ("permanente", [1], "permanent", "PermanentError: regra quebrada"),
        ("transitorio", [1, 2, 3], "transient", "TransientError: fora do ar"),
        ("critico", [1], "critical", "CriticalError: dados corrompidos"),
        ("saida", [1], "permanent", "SystemExit: 7"),
        ("surpresa", [1], "permanent", "Surpresa: nem é Exception"),
        ("nulo", [1], "permanent", "PermanentError: ab?c"),
        ("muda", [1, 2, 3], "transient", "Muda: (no text: RuntimeError)"),
        ("sem_escopo", [1], "permanent", "ScopeDenied: agente_bravo has no scope leads:read"),
    ],
)
def test_a_hook_that_raises_leaves_a_dead_letter_with_its_error(
    mundo: Way, kind: str, attempts: list[int], error_class: str, told: str
) -> None:
    before = len(seen(kind))
    event_id = publish(mundo, kind)
    settle(mundo)
    assert seen(kind)[before:] == attempts
    [letter] = dead(mundo, event_id)
    assert (letter["queue"], letter["error_class"]) == ("agente_bravo", error_class)
    assert told in letter["error_text"]
    kept = mundo.rows("SELECT valor FROM alquimista_platform.estado_agentes")
    assert kind not in {row.valor["tipo"] for row in kept}


def test_a_dead_letter_shows_no_personal_data_of_the_error(mundo: Way) -> None:
    event_id = publish(mundo, "comum")
    settle(mundo)
    [letter] = dead(mundo, event_id)
    assert "ana@x.com" not in letter["error_text"]
    assert "987654321" not in letter["error_text"]


def test_an_endless_error_text_is_cut(mundo: Way) -> None:
    event_id = publish(mundo, "longo")
    settle(mundo)
    [letter] = dead(mundo, event_id)
    assert len(letter["error_text"]) < 5000


def test_a_transient_error_that_passes_is_handled_once_and_leaves_no_dead_letter(
    mundo: Way,
) -> None:
    event_id = publish(mundo, "uma_vez")
    settle(mundo)
    assert seen("uma_vez") == [1, 2]
    assert dead(mundo, event_id) == []
    kept = mundo.rows("SELECT valor FROM alquimista_platform.estado_agentes")
    assert {row.valor["tipo"] for row in kept} == {"uma_vez"}


def test_a_critical_error_mails_the_operators_once_without_its_text(mundo: Way) -> None:
    before = len(alerts(mundo))
    event_id = publish(mundo, "critico")
    settle(mundo)
    settle(mundo)
    [mail] = alerts(mundo)[before:]
    assert "crítico" in mail.assunto
    assert event_id in mail.mensagem
    publish(mundo, "permanente")
    settle(mundo)
    assert len(alerts(mundo)) == before + 1


def test_a_call_without_its_scope_is_audited(mundo: Way) -> None:
    before = len(audited(mundo, "escopo.negado"))
    publish(mundo, "sem_escopo")
    settle(mundo)
    entries = audited(mundo, "escopo.negado")[before:]
    assert [(e.ator_tipo, e.agent_id, e.resultado, e.detalhes) for e in entries] == [
        ("agente", "agente_bravo", "recusado", {"escopo": "leads:read"})
    ]


def test_the_seven_go_on_while_another_agent_fails(mundo: Way) -> None:
    for kind in ("comum", "critico", "saida", "transitorio"):
        publish(mundo, kind)
    lead = import_one(mundo)
    assert lead["lote_id"] is not None
    drafts = mundo.call("GET", "/api/campanhas?status=rascunho")["itens"]
    assert lead["lote_id"] in {campanha["lote_id"] for campanha in drafts}
    letters = mundo.call("GET", "/api/dead-letters?limite=200")["itens"]
    assert {letter["queue"] for letter in letters} == {"agente_bravo"}


def test_a_dead_letter_sent_again_is_run_again(mundo: Way) -> None:
    event_id = publish(mundo, "permanente")
    settle(mundo)
    [letter] = dead(mundo, event_id)
    before = len(seen("permanente"))
    assert mundo.response("POST", f"/api/dead-letters/{letter['id']}/redrive").status_code == 202
    settle(mundo)
    assert len(seen("permanente")) == before + 1
    pending = [item for item in dead(mundo, event_id) if item["redriven_at"] is None]
    assert len(pending) == 1


def test_an_agent_switched_off_between_publishing_and_delivery_is_not_called(mundo: Way) -> None:
    event_id = publish(mundo, "tarde_demais")
    mundo.call("POST", "/api/agents/agente_bravo/deactivate")
    settle(mundo)
    assert seen("tarde_demais") == []
    assert dead(mundo, event_id) == []
    publish(mundo, "desligado")
    settle(mundo)
    mundo.call("POST", "/api/agents/agente_bravo/activate")
    settle(mundo)
    assert seen("desligado") == []
    publish(mundo, "ligado")
    settle(mundo)
    assert seen("ligado") == [1]


def test_an_agent_suspended_by_the_platform_is_called_when_the_suspension_ends(mundo: Way) -> None:
    suspend = "UPDATE alquimista_platform.agents SET suspenso = :on WHERE slug = 'agente_bravo'"
    publish(mundo, "suspenso")
    as_owner(mundo.system, suspend, on=True)
    settle(mundo)
    assert seen("suspenso") == []
    as_owner(mundo.system, suspend, on=False)
    mundo.system.resume_suspended()
    settle(mundo)
    assert seen("suspenso") == [1]


def test_a_tenant_that_did_not_activate_an_agent_is_never_seen_by_it(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Sem agentes")
    publish(other, "de_outro")
    settle(mundo)
    assert seen("de_outro") == []
    other.call("POST", "/api/agents/agente_bravo/activate")
    publish(other, "de_outro")
    settle(mundo)
    assert seen("de_outro") == [1]
    module = importlib.import_module("agente_bravo.agent")
    assert module.SEEN[-1][2] == str(other.tenant_id)
    assert other.call("GET", "/api/dead-letters")["itens"] == []


def test_the_health_page_tells_who_was_refused(mundo: Way) -> None:
    services: Services = mundo.system.services
    assert set(services.catalogue.refused) == {"agente_quebrado"}
    ready = mundo.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["componentes"]["agentes"]["detalhes"]["recusados"] == [
        "agente_quebrado"
    ]
    assert "Traceback" not in json.dumps(ready.get_json())
