"""The agent on the in-memory twin of the platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.models import Lead, Mensagem, Mensagens
from alquimista_sdk.testing import AgentContractTests, TwinContext, make_event, run
from nigredo_disparo import agent, varredura
from nigredo_disparo_tests.mesa import CAMPANHA, LOTE, campanha, enviado, gemeo, lead, mensagens

AGORA = datetime(2026, 11, 24, 13, tzinfo=UTC)
VARREDURA = "alquimista.timer.varredura"


def _pronta() -> AgentEvent:
    return make_event(
        "nigredo.estrategia.completed",
        Subject("campanha", CAMPANHA),
        metadata={"campanha_id": str(CAMPANHA), "lote_id": str(LOTE)},
    )


def _enviada(alvo: Lead, etapa: str) -> AgentEvent:
    return make_event(
        "alquimista.disparos.sent",
        alvo.id,
        source_channel="email",
        metadata={
            "disparo_id": str(UUID(int=5)),
            "campanha_id": str(CAMPANHA),
            "etapa": etapa,
            "tentativa": 0,
            "canal": "email",
        },
    )


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[tuple[AgentEvent, TwinContext]]:
        contatado = lead(2, status="contatado")
        yield _pronta(), gemeo(lead(1), lead(3))
        twin = gemeo(contatado, da=campanha("ativa"))
        twin.store.disparos.append(enviado(contatado, "topo", AGORA))
        yield _enviada(contatado, "topo"), twin
        yield make_event(VARREDURA), gemeo(lead(1), da=campanha("ativa"))


def test_a_ready_campaign_gets_its_leads_planned_and_becomes_active() -> None:
    twin = gemeo(lead(1), lead(2), lead(3, email=None), lead(4, status="respondeu"))
    run(agent, _pronta(), twin)
    assert {plano.lead_id for plano in twin.store.planos} == {lead(1).id, lead(2).id}
    assert {(p.etapa, p.tentativa, p.canal) for p in twin.store.planos} == {("topo", 0, "email")}
    assert all("{" not in p.mensagem + p.assunto for p in twin.store.planos)
    assert twin.store.campanhas[CAMPANHA].status == "ativa"


def test_the_lead_of_highest_priority_goes_first() -> None:
    twin = gemeo(*(lead(n, prioridade=n) for n in range(1, 41)))
    run(agent, _pronta(), twin)
    assert twin.store.planos[0].lead_id == lead(40).id
    assert twin.store.planos[0].enviar_em < twin.store.planos[-1].enviar_em


def test_a_lead_of_manaus_is_planned_in_its_own_hours() -> None:
    twin = gemeo(lead(1, telefone="+559233334444", uf="AM"))
    twin.now = datetime(2026, 11, 25, 11, tzinfo=UTC)
    run(agent, _pronta(), twin)
    assert twin.store.planos[0].enviar_em.astimezone(ZoneInfo("America/Manaus")).hour >= 9


@pytest.mark.parametrize("status", ["rascunho", "pausada", "concluida"])
def test_a_campaign_that_may_not_send_plans_nothing(status: str) -> None:
    twin = gemeo(lead(1), da=campanha(status))
    run(agent, _pronta(), twin)
    assert not twin.store.planos
    assert twin.store.campanhas[CAMPANHA].status == status


def test_planning_the_same_campaign_again_plans_no_second_message() -> None:
    twin = gemeo(lead(1), lead(2))
    run(agent, _pronta(), twin)
    run(agent, _pronta(), twin)
    assert len(twin.store.planos) == 2


def test_a_second_campaign_is_planned_around_the_first() -> None:
    twin = gemeo(*(lead(n) for n in range(1, 31)))
    outra = replace(campanha(), id=UUID(int=99), lote_id=UUID(int=98))
    twin.store.campanhas[outra.id] = outra
    for n in range(31, 61):
        twin.store.leads[lead(n).id] = lead(n, lote_id=outra.lote_id)
    run(agent, _pronta(), twin)
    evento = make_event(
        "nigredo.estrategia.completed",
        Subject("campanha", outra.id),
        metadata={"campanha_id": str(outra.id), "lote_id": str(outra.lote_id)},
    )
    run(agent, evento, twin)
    ordem = sorted(plano.enviar_em for plano in twin.store.planos)
    assert len(ordem) == 60
    assert all(b - a >= timedelta(hours=1) for a, b in zip(ordem, ordem[30:], strict=False))


def test_both_variants_are_used() -> None:
    twin = gemeo(*(lead(n) for n in range(1, 31)))
    run(agent, _pronta(), twin)
    assert {plano.variante for plano in twin.store.planos} == {"A", "B"}


def test_a_lead_that_lacks_a_variants_facts_gets_the_other_variant() -> None:
    so_cidade = Mensagem("Clientes em {cidade} perguntam por isto.", "{cidade}")
    textos = replace(mensagens(), topo=(so_cidade, Mensagem("Olá, {empresa}!", "Olá")))
    twin = gemeo(*(lead(n) for n in range(1, 11)), da=campanha(mensagens=textos))
    run(agent, _pronta(), twin)
    assert {plano.variante for plano in twin.store.planos} == {"B"}


def test_a_lead_that_no_variant_fits_is_left_out_and_the_rest_is_planned() -> None:
    textos = replace(mensagens(), topo=(Mensagem("Clientes em {cidade} perguntam.", "Oi"),))
    twin = gemeo(lead(1), lead(2, cidade="Santos"), da=campanha(mensagens=textos))
    run(agent, _pronta(), twin)
    assert [plano.lead_id for plano in twin.store.planos] == [lead(2).id]


def test_a_message_with_an_unknown_fact_gives_the_campaign_up() -> None:
    textos = replace(mensagens(), topo=(Mensagem("Oi {faturamento}", "Oi"),))
    with pytest.raises(PermanentError):
        run(agent, _pronta(), gemeo(lead(1), da=campanha(mensagens=textos)))


def test_a_campaign_without_messages_of_a_stage_is_given_up() -> None:
    vazia = Mensagens((), (), ())
    with pytest.raises(PermanentError, match="topo"):
        run(agent, _pronta(), gemeo(lead(1), da=campanha(mensagens=vazia)))


@pytest.mark.parametrize(
    ("etapa", "proxima", "tentativa"), [("topo", "meio", 1), ("meio", "fundo", 2)]
)
def test_a_sent_message_plans_the_next_stage_two_business_days_later(
    etapa: str, proxima: str, tentativa: int
) -> None:
    alvo = lead(1, status="contatado")
    twin = gemeo(alvo, da=campanha("ativa"))
    twin.store.disparos.append(enviado(alvo, etapa, AGORA))
    run(agent, _enviada(alvo, etapa), twin)
    (plano,) = twin.store.planos
    assert (plano.etapa, plano.tentativa) == (proxima, tentativa)
    assert abs(plano.enviar_em - (AGORA + timedelta(days=2))) <= timedelta(minutes=5)
    (evento,) = twin.published
    assert (evento.name, evento.metadata["etapa"]) == ("nigredo.disparo.sent", etapa)
    assert proxima in evento.decision


def test_after_the_last_stage_nothing_is_planned_and_the_event_is_published() -> None:
    alvo = lead(1, status="contatado")
    twin = gemeo(alvo, da=campanha("ativa"))
    run(agent, _enviada(alvo, "fundo"), twin)
    assert not twin.store.planos
    assert "terminou" in twin.published[0].decision


@pytest.mark.parametrize(
    ("mudancas", "status"),
    [
        ({"status": "respondeu"}, "ativa"),
        ({"status": "contatado", "pausado": True}, "ativa"),
        ({"status": "contatado"}, "pausada"),
        ({"status": "descadastrado"}, "ativa"),
    ],
)
def test_the_sequence_stops_for_an_answer_a_pause_or_a_campaign_that_is_not_active(
    mudancas: dict[str, Any], status: str
) -> None:
    alvo = lead(1, **mudancas)
    twin = gemeo(alvo, da=campanha(status))
    run(agent, _enviada(alvo, "topo"), twin)
    assert not twin.store.planos
    assert len(twin.published) == 1


def test_the_sweep_plans_leads_that_were_left_out() -> None:
    planejado = lead(2)
    twin = gemeo(lead(1), planejado, da=campanha("ativa"))
    twin.store.disparos.append(enviado(planejado, "topo", None, "planejado"))
    run(agent, make_event(VARREDURA), twin)
    assert [plano.lead_id for plano in twin.store.planos] == [lead(1).id]
    assert twin.store.campanhas[CAMPANHA].status == "ativa"


def test_the_sweep_plans_a_follow_up_that_was_missed() -> None:
    alvo = lead(1, status="contatado")
    twin = gemeo(alvo, da=campanha("ativa"))
    twin.store.disparos.append(enviado(alvo, "topo", AGORA - timedelta(days=5)))
    run(agent, make_event(VARREDURA), twin)
    (plano,) = twin.store.planos
    assert plano.etapa == "meio"
    assert plano.enviar_em > AGORA


def test_the_sweep_ends_a_campaign_whose_leads_have_all_finished() -> None:
    ultimo = lead(2, status="contatado")
    twin = gemeo(lead(1, status="agendado"), ultimo, da=campanha("ativa"))
    twin.store.disparos.append(enviado(ultimo, "fundo", AGORA - timedelta(days=3)))
    run(agent, make_event(VARREDURA), twin)
    assert twin.store.campanhas[CAMPANHA].status == "concluida"


def test_the_sweep_leaves_paused_campaigns_alone() -> None:
    twin = gemeo(lead(1), da=campanha("pausada"))
    run(agent, make_event(VARREDURA), twin)
    assert not twin.store.planos
    assert twin.store.campanhas[CAMPANHA].status == "pausada"


def test_a_sweep_that_is_too_long_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(varredura, "LEADS_POR_VARREDURA", 1)
    twin = gemeo(lead(1), da=campanha("ativa"))
    outra = replace(campanha("ativa"), id=UUID(int=99), lote_id=UUID(int=98))
    twin.store.campanhas[outra.id] = outra
    twin.store.leads[lead(2).id] = lead(2, lote_id=outra.lote_id)
    run(agent, make_event(VARREDURA), twin)
    assert len(twin.store.planos) == 1
    run(agent, make_event(VARREDURA), twin)
    assert {plano.lead_id for plano in twin.store.planos} == {lead(1).id, lead(2).id}


def test_an_event_that_the_agent_does_not_know_is_given_up() -> None:
    with pytest.raises(PermanentError, match="does not know"):
        run(agent, make_event("alquimista.outra.coisa"), gemeo())
