"""What changed between planning and sending decides; the timeline says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.leads import service as leads
from alquimista_sdk.models import NovaResposta
from tests.integration.envio.bancada import Bancada
from tests.integration.envio.canais import CanalDeTeste

Mudar = Callable[[Bancada, UUID], None]


def suppress(bancada: Bancada, lead_id: UUID) -> None:
    """The address of the lead is blocked, through another lead of the same person."""
    other = bancada.lead(email=f"outro-{uuid4()}@cliente.example.com")
    with bancada.uow() as uow:
        row = leads.find(uow, lead_id)
        twin = leads.find(uow, other)
    bancada.muda_lead(other, email=row.email, email_norm=row.email_norm)
    with bancada.uow() as uow:
        leads.suppress(bancada.system.services.ports, uow, leads.find(uow, twin.id), "descadastro")


CASES: dict[str, tuple[Mudar, str, str]] = {
    "blocked address": (suppress, "supressao", "não receber mensagens"),
    "opted out": (
        lambda b, i: b.muda_lead(i, status="descadastrado"),
        "supressao",
        "não receber mensagens",
    ),
    "refused": (lambda b, i: b.muda_lead(i, status="descartado"), "supressao", "recusou"),
    "no legal basis": (lambda b, i: b.muda_lead(i, base_legal=None), "base_legal", "base legal"),
    "answered": (lambda b, i: b.recebe(i), "resposta_recebida", "já respondeu"),
    "person took over": (
        lambda b, i: b.muda_lead(i, assumido_por=uuid4(), token_conversa=1),
        "intervencao_humana",
        "uma pessoa assumiu",
    ),
    "paused": (lambda b, i: b.muda_lead(i, pausado=True), "intervencao_humana", "pessoa"),
    "edited campaign": (
        lambda b, _: b.muda_campanha(conteudo_hash="b" * 64),
        "aprovacao",
        "não está aprovada",
    ),
    "draft campaign": (
        lambda b, _: b.muda_campanha(status="rascunho"),
        "aprovacao",
        "não está aprovada",
    ),
    "no address": (lambda b, i: b.muda_lead(i, email=None), "canal", "endereço"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_planned_message_is_refused_in_words(
    bancada: Bancada, canal: CanalDeTeste, name: str
) -> None:
    change, code, words = CASES[name]
    lead_id = bancada.lead()
    disparo_id = bancada.planeja(lead_id, em=timedelta(minutes=5))
    change(bancada, lead_id)
    bancada.ate_o_fim(threads=1)
    row = bancada.disparo(disparo_id)
    assert (row.status, row.motivo) == ("recusado", code)
    assert words in bancada.recusas(disparo_id)[code]
    assert {c["codigo"] for c in row.verificacoes} >= {"supressao", "aprovacao", "limites"}
    assert canal.chegaram == []
    assert row.autorizado_em is None


def test_a_paused_campaign_holds_its_messages_until_it_goes_on(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(minutes=5))
    bancada.muda_campanha(status="pausada")
    bancada.ate_o_fim(threads=1)
    assert bancada.disparo(disparo_id).status == "planejado"
    assert bancada.recusas(disparo_id) == {"aprovacao": "a campanha está pausada"}
    bancada.muda_campanha(status="ativa")
    with bancada.uow() as uow:
        disparos.release_campaign(bancada.system.services.ports, uow, bancada.campanha_id)
    bancada.ate_o_fim(threads=1)
    assert bancada.disparo(disparo_id).status == "enviado"
    assert len(canal.chegaram) == 1


def test_an_opt_out_cancels_what_is_planned_and_only_its_confirmation_goes_out(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    lead_id = bancada.lead()
    planned = [
        bancada.planeja(lead_id, em=timedelta(minutes=5)),
        bancada.planeja(lead_id, tipo="resposta", em=timedelta(minutes=5)),
        bancada.planeja(lead_id, tipo="transacional", em=timedelta(minutes=5)),
    ]
    with bancada.uow() as uow:
        for _ in range(2):
            leads.opt_out(bancada.system.services.ports, uow, lead_id, "pediu", SISTEMA, uuid4())
    late = bancada.planeja(lead_id, tipo="transacional")
    bancada.avancar(timedelta(days=2))
    bancada.ate_o_fim(threads=2)
    assert {bancada.disparo(d).status for d in planned} == {"cancelado"}
    assert bancada.disparo(late).status == "recusado"
    [envio] = canal.envios
    assert "não receberá mais mensagens" in envio.mensagem
    assert envio.link_descadastro is None


def answer(bancada: Bancada, lead_id: UUID) -> UUID:
    """What an agent asks for; not yet with the sender."""
    with bancada.uow() as uow:
        nova = NovaResposta(
            lead_id=lead_id,
            canal="email",
            mensagem="Respondo já.",
            tipo="resposta",
            chave=str(uuid4()),
            assunto="Re",
        )
        conversas.reply(bancada.system.services.ports, uow, nova, uuid4())
        return disparos.by_lead(uow, lead_id)[-1].id


def test_a_machine_answers_while_nobody_has_taken_over(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    lead_id = bancada.lead(token_conversa=4)
    bancada.recebe(lead_id)
    disparo_id = answer(bancada, lead_id)
    bancada.trabalha()
    assert bancada.disparo(disparo_id).status == "enviado"
    assert len(canal.chegaram) == 1


@pytest.mark.parametrize("handed_back", [False, True])
@pytest.mark.parametrize("when", ["before the answer is asked for", "after it"])
def test_an_answer_that_comes_after_a_person_took_over_is_discarded(
    bancada: Bancada, canal: CanalDeTeste, when: str, handed_back: bool
) -> None:
    lead_id = bancada.lead()
    bancada.recebe(lead_id)
    if when == "after it":
        disparo_id = answer(bancada, lead_id)
        bancada.muda_lead(lead_id, assumido_por=uuid4(), token_conversa=1)
    else:
        bancada.muda_lead(lead_id, assumido_por=uuid4(), token_conversa=1)
        disparo_id = answer(bancada, lead_id)
    if handed_back:
        bancada.muda_lead(lead_id, assumido_por=None, token_conversa=2)
    bancada.trabalha()
    row = bancada.disparo(disparo_id)
    assert (row.status, row.motivo) == ("recusado", "intervencao_humana")
    assert "uma pessoa assumiu a conversa" in bancada.recusas(disparo_id)["intervencao_humana"]
    assert canal.chegaram == []


def test_what_the_person_writes_goes_out(bancada: Bancada, canal: CanalDeTeste) -> None:
    lead_id = bancada.lead(assumido_por=uuid4(), token_conversa=7)
    disparo_id = bancada.planeja(lead_id, tipo="resposta", token_conversa=7)
    bancada.trabalha()
    assert bancada.disparo(disparo_id).status == "enviado"


def test_a_refusal_is_told_on_the_bus(bancada: Bancada) -> None:
    lead_id = bancada.lead(base_legal=None)
    bancada.planeja(lead_id, em=timedelta(0))
    bancada.ate_o_fim(threads=1)
    [event] = bancada.rows(
        "SELECT detail FROM fibonacci_core.events WHERE source = 'alquimista.disparos'"
    )
    assert event.detail["context"]["metadata"]["motivo"] == "base_legal"


def test_an_erasure_during_the_call_leaves_no_words_behind(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    lead_id = bancada.lead()
    disparo_id = bancada.planeja(lead_id, em=timedelta(0))

    def erase(_: object) -> None:
        with bancada.uow() as uow:
            bancada.system.services.registry.erase(uow, lead_id)

    canal.depois = erase
    bancada.ate_o_fim(threads=1)
    assert bancada.disparo(disparo_id).status == "enviado"
    [kept] = bancada.rows("SELECT mensagem FROM nigredo_leads.interacoes")
    assert kept.mensagem == "ANONIMIZADO"
    assert bancada.mortas() == []


def test_a_suspended_tenant_sends_nothing_until_it_comes_back(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    lead_id = bancada.lead()
    ids = [bancada.planeja(lead_id, em=timedelta(0)), bancada.planeja(lead_id, tipo="resposta")]
    bancada.muda_conta("suspenso")
    bancada.trabalha()
    assert canal.chegaram == []
    assert [bancada.disparo(d).status for d in ids] == ["planejado"] * 2
    assert {bancada.recusas(d)["ambiente"] for d in ids} == {"a conta está suspensa"}
    bancada.muda_conta("ativo")
    bancada.ate_o_fim(threads=1)
    assert [bancada.disparo(d).status for d in ids] == ["enviado"] * 2
