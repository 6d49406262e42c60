"""One run of an agent: conflicts, retries, deadlines, switches."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest

from alquimista.prospeccao.leads import service as leads
from alquimista_sdk.errors import (
    CriticalError,
    DeadlineExceeded,
    PermanentError,
    ScopeDenied,
    TransientError,
)
from alquimista_sdk.events import Subject
from alquimista_sdk.models import LeadChanges
from tests.integration.runtime.brinquedo import Brinquedo, Oficina
from tests.integration.runtime.conftest import Abrir


def published(oficina: Oficina) -> list[Any]:
    """What the toys published."""
    return oficina.rows("SELECT * FROM fibonacci_core.events WHERE type = 'feito'")


def note(context: Any, event: Any) -> None:
    """Publish that the work is done."""
    context.events.publish("feito", event.subject, decision="feito")


@pytest.mark.parametrize("conflicts", [1, 3])
def test_a_version_conflict_runs_the_handler_again_and_burns_no_attempt(
    abrir: Abrir, conflicts: int
) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()

    def handle(event: Any, context: Any) -> None:
        lead = context.leads.get(lead_id)
        if len(toy.calls) <= conflicts:
            oficina.muda_lead(lead_id, cidade=f"Cidade {len(toy.calls)}")
        context.leads.update(lead_id, LeadChanges(setor=f"{lead.cidade} lida"))
        note(context, event)

    toy.handle = handle
    event_id = oficina.pede(toy, lead_id)
    oficina.roda()
    assert len(toy.calls) == conflicts + 1
    assert {call.attempt for call in toy.calls} == {1}
    assert oficina.caixa(event_id).attempts == 1
    [lead] = oficina.rows("SELECT setor, versao FROM nigredo_leads.leads")
    assert lead.setor == f"Cidade {conflicts} lida", "the run that committed read the newest row"
    assert len(published(oficina)) == 1


def test_conflicts_without_end_wait_and_are_tried_again(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()

    def handle(event: Any, context: Any) -> None:
        context.leads.get(lead_id)
        if len(toy.calls) <= 4:
            oficina.muda_lead(lead_id, cidade=str(len(toy.calls)))
        context.leads.update(lead_id, LeadChanges(setor="Indústria"))

    toy.handle = handle
    event_id = oficina.pede(toy, lead_id)
    oficina.roda()
    assert len(toy.calls) == 4, "the first run and three more"
    oficina.esquece_quedas()
    oficina.roda()
    assert len(toy.calls) == 5
    assert (oficina.caixa(event_id).attempts, oficina.caixa(event_id).status) == (2, "done")
    assert oficina.mortas() == []


def test_a_transient_error_discards_the_writes_and_is_run_three_times(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()

    def handle(event: Any, context: Any) -> None:
        context.leads.get(lead_id)
        context.leads.update(lead_id, LeadChanges(setor="Indústria"))
        note(context, event)
        raise TransientError("ainda não")

    toy.handle = handle
    oficina.pede(toy, lead_id)
    for _ in range(4):
        oficina.roda()
        oficina.esquece_quedas()
    assert [call.attempt for call in toy.calls] == [1, 2, 3]
    [letter] = oficina.mortas()
    assert letter.error_class == "transient"
    assert "ainda não" in letter.error_text
    assert published(oficina) == []
    [lead] = oficina.rows("SELECT setor FROM nigredo_leads.leads")
    assert lead.setor is None


@pytest.mark.parametrize(
    ("error", "kind", "alerts"),
    [(PermanentError("nunca"), "permanent", 0), (CriticalError("socorro"), "critical", 1)],
)
def test_a_final_error_is_a_dead_letter_at_once(
    abrir: Abrir, error: Exception, kind: str, alerts: int
) -> None:
    def handle(event: Any, context: Any) -> None:
        raise error

    toy = Brinquedo(handle=handle)
    oficina = abrir(toy)
    oficina.pede(toy)
    oficina.roda()
    assert len(toy.calls) == 1
    assert [letter.error_class for letter in oficina.mortas()] == [kind]
    alarms = oficina.rows("SELECT assunto FROM nigredo_leads.disparos WHERE tipo = 'interno'")
    assert len(alarms) == alerts


def test_a_run_past_its_deadline_writes_nothing_and_is_tried_again(abrir: Abrir) -> None:
    toy = Brinquedo(timeout_s=1)
    oficina = abrir(toy)

    def handle(event: Any, context: Any) -> None:
        note(context, event)
        if len(toy.calls) == 1:
            time.sleep(1.05)

    toy.handle = handle
    event_id = oficina.pede(toy)
    oficina.roda()
    assert published(oficina) == []
    assert "DeadlineExceeded" in oficina.caixa(event_id).last_error
    oficina.esquece_quedas()
    oficina.roda()
    assert len(published(oficina)) == 1
    assert oficina.caixa(event_id).attempts == 2


def test_a_late_run_is_stopped_at_its_next_call_of_the_context(abrir: Abrir) -> None:
    stopped: list[str] = []

    def handle(event: Any, context: Any) -> None:
        time.sleep(1.05)
        for name, call in (
            ("read", lambda: context.leads.get(uuid4())),
            ("write", lambda: context.state.put("a", {})),
            ("tool", lambda: context.tools.call("x", {})),
        ):
            try:
                call()
            except DeadlineExceeded:
                stopped.append(name)

    toy = Brinquedo(handle=handle, timeout_s=1, extra_scopes=("tools:x",))
    oficina = abrir(toy)
    oficina.pede(toy)
    oficina.roda()
    assert stopped == ["read", "write", "tool"]


OFF = {
    "agent": "UPDATE alquimista_platform.agents SET suspenso = true",
    "tenant": "UPDATE alquimista_platform.tenants SET status = 'suspenso'",
    "refusal": "UPDATE alquimista_platform.agents SET status = 'recusado'",
    "activation": "UPDATE alquimista_platform.agent_activations SET ativo = false",
}
ON = {
    "agent": "UPDATE alquimista_platform.agents SET suspenso = false",
    "tenant": "UPDATE alquimista_platform.tenants SET status = 'ativo'",
    "refusal": "UPDATE alquimista_platform.agents SET status = 'admitido'",
    "activation": "UPDATE alquimista_platform.agent_activations SET ativo = true",
}


@pytest.mark.parametrize("switch", OFF)
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_switched_off_agent_does_nothing(abrir: Abrir, switch: str, when: str) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    off = [when == "before"]

    def handle(event: Any, context: Any) -> None:
        context.state.put("visto", {"sim": True})
        note(context, event)
        if when == "during" and not off[0]:
            off[0] = True
            oficina.executa(OFF[switch])

    toy.handle = handle
    if when == "before":
        oficina.executa(OFF[switch])
    event_id = oficina.pede(toy)
    oficina.roda()
    assert len(toy.calls) == (0 if when == "before" else 1)
    assert published(oficina) == []
    assert oficina.rows("SELECT 1 FROM alquimista_platform.estado_agentes") == []
    assert oficina.mortas() == []
    assert oficina.system.resume_suspended() == 0, "nothing goes on before it is switched on"
    oficina.executa(ON[switch])
    waited = 0 if switch == "activation" else 1
    assert oficina.system.resume_suspended() == waited, (
        "a suspension keeps, a tenant's choice drops"
    )
    oficina.roda()
    assert len(published(oficina)) == waited
    if waited:
        assert (oficina.caixa(event_id).status, oficina.caixa(event_id).attempts) == ("done", 1)


def test_what_waits_is_dropped_where_the_tenant_switches_the_agent_off(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    oficina.executa(OFF["agent"])
    oficina.pede(toy)
    oficina.roda()
    oficina.executa(OFF["activation"])
    assert oficina.system.resume_suspended() == 1
    oficina.roda()
    assert toy.calls == []
    assert oficina.rows("SELECT 1 FROM fibonacci_core.queue_messages") == []


def test_a_failing_agent_does_not_stop_the_others(abrir: Abrir) -> None:
    def boom(event: Any, context: Any) -> None:
        raise ZeroDivisionError

    bad, good = Brinquedo("mau", handle=boom), Brinquedo("bom", handle=lambda e, c: note(c, e))
    oficina = abrir(bad, good)
    oficina.pede(bad)
    oficina.pede(good)
    oficina.roda()
    assert (len(bad.calls), len(good.calls)) == (1, 1)
    assert len(published(oficina)) == 1


def test_a_call_without_its_scope_is_denied_and_audited(abrir: Abrir) -> None:
    def handle(event: Any, context: Any) -> None:
        with pytest.raises(ScopeDenied):
            context.leads.get(uuid4())
        with pytest.raises(ScopeDenied):
            context.tools.call("llm.write", {})
        with pytest.raises(AttributeError):
            context.state.apaga_tudo()

    toy = Brinquedo(handle=handle, scopes=frozenset({"state:read"}))
    oficina = abrir(toy)
    oficina.pede(toy)
    oficina.roda()
    assert oficina.mortas() == []
    denied = oficina.rows(
        "SELECT detalhes FROM alquimista_platform.audit_logs WHERE action_type = 'escopo.negado'"
    )
    assert sorted(row.detalhes["escopo"] for row in denied) == ["leads:read", "tools:llm.write"]


def test_an_agent_publishes_only_what_its_manifest_lists(abrir: Abrir) -> None:
    def handle(event: Any, context: Any) -> None:
        with pytest.raises(ScopeDenied):
            context.events.publish("outro", event.subject, decision="não")
        context.events.publish("feito", event.subject, decision="sim", last_message="segredo")

    toy = Brinquedo(handle=handle)
    oficina = abrir(toy)
    lead_id = oficina.lead()
    cause = oficina.pede(toy, lead_id)
    oficina.roda()
    [event] = published(oficina)
    assert (event.source, event.causation_id, event.depth) == ("nigredo.um", cause, 1)
    assert "segredo" not in str(event.detail), "what a lead wrote is sealed under its key"
    assert event.ordering_key == str(lead_id)


def test_own_memory_is_kept_by_lead_and_goes_with_it(abrir: Abrir) -> None:
    seen: list[Any] = []
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()

    def handle(event: Any, context: Any) -> None:
        seen.append((context.state.get("n"), context.state.get("n", lead_id)))
        context.state.put("n", {"v": len(toy.calls)})
        context.state.put("n", {"v": -len(toy.calls)} if len(toy.calls) < 3 else None, lead_id)

    toy.handle = handle
    for _ in range(4):
        oficina.pede(toy, lead_id)
        oficina.roda()
    assert seen == [
        (None, None),
        ({"v": 1}, {"v": -1}),
        ({"v": 2}, {"v": -2}),
        ({"v": 3}, None),
    ]
    with oficina.uow() as uow:
        assert oficina.system.services.registry.erase(uow, lead_id)["estado_agentes"] == 0
        assert leads.find(uow, lead_id).contato == leads.ANONIMIZADO


def test_an_event_of_an_erased_lead_arrives_empty_and_says_so(abrir: Abrir) -> None:
    toy = Brinquedo()
    oficina = abrir(toy)
    lead_id = oficina.lead()
    oficina.pede(toy, lead_id, fato="pessoal", canal="email")
    with oficina.uow() as uow:
        oficina.system.services.registry.erase(uow, lead_id)
    oficina.roda()
    [event] = toy.calls
    assert event.subject == Subject.lead(lead_id)
    assert event.metadata == {"canal": "email", "apagado": True}
