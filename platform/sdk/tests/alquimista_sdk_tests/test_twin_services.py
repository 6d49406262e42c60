"""The twin's campaigns, messages, conversations, knowledge and reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.models import (
    Anexo,
    Interacao,
    Leitura,
    Mensagem,
    Mensagens,
    MetricasFunil,
    NovaCampanha,
    NovaResposta,
    NovoDisparo,
    Ritmo,
    Template,
    Trecho,
)
from alquimista_sdk.testing import TwinNotPrepared
from alquimista_sdk_tests.twins import DAY, LEAD, OTHER, twin_with_leads

CAMPAIGN = UUID("44444444-4444-4444-8444-444444444444")
LOTE = UUID("55555555-5555-4555-8555-555555555555")


def draft() -> NovaCampanha:
    messages = (Mensagem("Olá, {empresa}", "Assunto"),)
    return NovaCampanha(
        CAMPAIGN,
        "Varejo",
        "varejo",
        "email",
        Mensagens(messages, messages, messages),
        Ritmo(),
        LOTE,
        ("Olá, A",),
    )


def planned(etapa: str = "topo", tentativa: int = 0) -> NovoDisparo:
    return NovoDisparo(LEAD, CAMPAIGN, etapa, tentativa, "A", "email", "Assunto", "Olá", DAY)


def test_a_campaign_is_created_once_as_a_draft() -> None:
    twin = twin_with_leads()
    twin.campanhas.create(draft())
    twin.campanhas.create(draft())
    twin.aprovacoes.request("campanha", CAMPAIGN, "Aprovar?")
    twin.aprovacoes.request("campanha", CAMPAIGN, "Aprovar?")
    twin.commit()
    (campanha,) = twin.campanhas.by_lote(LOTE)
    assert (campanha.status, campanha.versao, campanha.aprovada) == ("rascunho", 1, False)
    assert campanha == twin.campanhas.get(CAMPAIGN)
    assert len(campanha.conteudo_hash) == 64
    assert twin.store.previas[CAMPAIGN] == ("Olá, A",)
    assert [item.resumo for item in twin.store.aprovacoes] == ["Aprovar?"]


def test_campaigns_are_found_by_status() -> None:
    twin = twin_with_leads()
    twin.campanhas.create(draft())
    twin.commit()
    assert [item.id for item in twin.campanhas.by_status("rascunho")] == [CAMPAIGN]
    assert twin.campanhas.by_status("ativa") == ()


def test_a_campaign_moves_only_where_it_may() -> None:
    twin = twin_with_leads()
    twin.campanhas.create(draft())
    twin.commit()
    with pytest.raises(PermanentError, match="without being read"):
        twin.campanhas.set_status(CAMPAIGN, "aprovada")
    twin.campanhas.get(CAMPAIGN)
    with pytest.raises(PermanentError, match="no status"):
        twin.campanhas.set_status(CAMPAIGN, "feliz")
    twin.campanhas.set_status(CAMPAIGN, "ativa")
    with pytest.raises(PermanentError, match="rascunho não pode passar a ativa"):
        twin.commit()
    twin.campanhas.get(CAMPAIGN)
    twin.campanhas.set_status(CAMPAIGN, "aprovada")
    twin.commit()
    assert twin.campanhas.get(CAMPAIGN).status == "aprovada"
    assert twin.campanhas.get(CAMPAIGN).versao == 2


def test_a_campaign_that_changed_meanwhile_is_a_conflict() -> None:
    twin = twin_with_leads()
    twin.campanhas.create(draft())
    twin.commit()
    twin.campanhas.get(CAMPAIGN)
    twin.campanhas.set_status(CAMPAIGN, "rascunho")
    twin.touch(CAMPAIGN)
    with pytest.raises(VersionConflict):
        twin.commit()


def test_what_does_not_exist_is_not_found() -> None:
    twin = twin_with_leads()
    with pytest.raises(NotFound):
        twin.campanhas.get(CAMPAIGN)
    with pytest.raises(NotFound):
        twin.conversas.get(uuid4())
    with pytest.raises(NotFound):
        twin.agendamentos.get(uuid4())
    twin.aprovacoes.request("campanha", CAMPAIGN, "Aprovar?")
    with pytest.raises(NotFound):
        twin.commit()
    with pytest.raises(PermanentError, match="can be approved"):
        twin.aprovacoes.request("lead", LEAD, "Aprovar?")


def test_templates_come_by_channel_stage_and_variant() -> None:
    twin = twin_with_leads()
    order = [("topo", "B"), ("fundo", "A"), ("topo", "A")]
    twin.store.add(*(Template(uuid4(), "n", "email", e, v, "t") for e, v in order))
    twin.store.add(Template(uuid4(), "n", "whatsapp", "topo", "A", "t"))
    found = [(item.etapa, item.variante) for item in twin.campanhas.templates("email")]
    assert found == [("fundo", "A"), ("topo", "A"), ("topo", "B")]


@given(
    st.lists(st.tuples(st.sampled_from(["topo", "meio", "fundo"]), st.integers(0, 2)), max_size=10)
)
def test_one_message_is_planned_per_lead_campaign_stage_and_attempt(
    asked: list[tuple[str, int]],
) -> None:
    twin = twin_with_leads()
    for etapa, tentativa in asked:
        twin.disparos.plan(planned(etapa, tentativa))
    twin.commit()
    found = [(item.etapa, item.tentativa) for item in twin.disparos.by_lead(LEAD)]
    assert found == list(dict.fromkeys(asked))
    assert len(twin.store.planos) == len(found)


def test_a_message_is_not_planned_in_the_past() -> None:
    twin = twin_with_leads()
    twin.now = DAY + timedelta(days=1)
    twin.disparos.plan(planned())
    twin.commit()
    assert twin.disparos.by_lead(LEAD)[0].enviar_em == twin.now


def test_a_cancelled_message_stays_so_unless_its_campaign_was_edited() -> None:
    twin = twin_with_leads()
    twin.disparos.plan(planned())
    twin.disparos.cancel_pending(LEAD, "respondeu")
    twin.disparos.plan(planned())
    twin.commit()
    (disparo,) = twin.store.disparos
    assert disparo.status == "cancelado"
    assert twin.store.motivos == {disparo.id: "respondeu"}
    twin.store.motivos[disparo.id] = "campanha_editada"
    twin.disparos.plan(planned())
    twin.commit()
    assert [item.status for item in twin.store.disparos] == ["planejado"]


@pytest.mark.parametrize(
    "changes",
    [{"etapa": "final"}, {"canal": "fax"}, {"enviar_em": DAY.replace(tzinfo=None)}],
)
def test_a_message_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PermanentError):
        twin_with_leads().disparos.plan(replace(planned(), **changes))


def message(
    number: int, lead_id: UUID = LEAD, *, tipo: str = "recebido", intent: str | None = None
) -> Interacao:
    created = DAY + timedelta(minutes=number)
    return Interacao(
        UUID(int=number + 1), lead_id, tipo, "email", f"m{number}", created, intent=intent
    )


def test_the_history_is_the_last_messages_oldest_first() -> None:
    twin = twin_with_leads()
    twin.store.add(*(message(number) for number in (3, 1, 2)), message(9, OTHER))
    history = twin.conversas.history(LEAD, 2)
    assert history.total == 3
    assert [item.mensagem for item in history.interacoes] == ["m2", "m3"]
    assert len(twin.conversas.history(LEAD).interacoes) == 3


def test_a_message_keeps_how_it_was_read() -> None:
    twin = twin_with_leads()
    twin.store.add(message(1))
    leitura = Leitura("irritado", 80, "refusal", "nao", ("tom",))
    twin.conversas.classify(UUID(int=2), leitura)
    twin.commit()
    read = twin.conversas.get(UUID(int=2))
    assert (read.sentimento, read.intensidade, read.intent) == ("irritado", 80, "refusal")
    assert twin.store.leituras == {UUID(int=2): leitura}


def test_a_reply_is_asked_for_once_per_key() -> None:
    twin = twin_with_leads()
    resposta = NovaResposta(LEAD, "email", "Olá", "resposta", "evento-1")
    twin.conversas.reply(resposta)
    twin.conversas.reply(resposta)
    twin.conversas.reply(NovaResposta(OTHER, "email", "Olá", "resposta", "evento-1"))
    twin.commit()
    assert [item.lead_id for item in twin.replies] == [LEAD, OTHER]
    assert [item.tipo for item in twin.disparos.by_lead(LEAD)] == ["resposta"]


@pytest.mark.parametrize(("tipo", "canal"), [("prospeccao", "email"), ("resposta", "fax")])
def test_a_reply_of_another_kind_is_refused(tipo: str, canal: str) -> None:
    with pytest.raises(PermanentError):
        twin_with_leads().conversas.reply(NovaResposta(LEAD, canal, "Olá", tipo, "c"))


def test_knowledge_is_found_by_shared_words_without_accents() -> None:
    twin = twin_with_leads()
    twin.store.add(
        Trecho(uuid4(), "Preço", "O plano básico custa R$ 90."),
        Trecho(uuid4(), "Prazo", "A implantação leva dez dias."),
    )
    found = twin.conhecimento.search("qual o preco do plano?")
    assert [item.titulo for item in found] == ["Preço"]
    assert found[0].relevancia > 0
    assert twin.conhecimento.search("bom dia") == ()


def figures(day: date) -> MetricasFunil:
    return MetricasFunil(day, day, 1, 1, 0, 1, 1, 1, 1, 0, 0, ())


def test_figures_come_from_the_test() -> None:
    twin = twin_with_leads()
    day = date(2026, 11, 26)
    with pytest.raises(TwinNotPrepared):
        twin.relatorios.metrics(day, day)
    twin.store.metricas = figures(day)
    assert twin.relatorios.metrics(day, day).inicio == day
    twin.store.metricas = lambda inicio, fim: figures(fim)
    assert twin.relatorios.metrics(day, date(2026, 11, 27)).fim == date(2026, 11, 27)


def test_a_report_of_a_day_is_replaced_and_mailed_once() -> None:
    twin = twin_with_leads()
    day = date(2026, 11, 26)
    anexo = Anexo("r.pdf", "application/pdf", b"2")
    for content in (b"1", b"2"):
        twin.relatorios.publish(day, figures(day), content)
        twin.relatorios.mail_managers("Assunto", "Texto", [anexo], "dia")
    twin.commit()
    assert twin.store.relatorios[day].pdf == b"2"
    assert [(item.chave, item.anexos) for item in twin.store.emails] == [("dia", (anexo,))]


def test_objections_are_those_of_the_days_in_the_tenants_zone() -> None:
    twin = twin_with_leads()
    late = 15 * 60 - 1
    twin.store.add(
        message(0, intent="objection"),
        message(late, intent="objection"),
        message(late + 1, intent="objection"),
        message(1, intent="question"),
        message(2, intent="objection", tipo="enviado"),
    )
    day = date(2026, 11, 26)
    assert [item.mensagem for item in twin.relatorios.objections(day, day)] == ["m0", f"m{late}"]
