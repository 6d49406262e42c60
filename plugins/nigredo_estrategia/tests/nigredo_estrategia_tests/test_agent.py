"""The agent on the platform's twin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import ModuleType
from typing import ClassVar
from uuid import UUID

import pytest

from alquimista_sdk.errors import InvalidEvent
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.testing import (
    AgentContractTests,
    TwinContext,
    load_manifest,
    make_event,
    run,
)
from nigredo_estrategia import agent
from nigredo_estrategia_tests.exemplos import LOTE, TENANT, TRECHO, lead


def twin_with_a_lot() -> TwinContext:
    twin = TwinContext(load_manifest("nigredo_estrategia"), tenant=TENANT)
    twin.store.add(LOTE, TRECHO, *(lead(numero) for numero in range(4)))
    return twin


def lot_ready() -> AgentEvent:
    return make_event(
        "nigredo.recebimento.completed",
        Subject("lote", LOTE.id),
        metadata={"lote_id": str(LOTE.id), "prioridade": "A", "quantidade": 4},
    )


def approved(campanha_id: UUID) -> AgentEvent:
    return make_event(
        "alquimista.campanhas.approved",
        Subject("campanha", campanha_id),
        metadata={"campanha_id": str(campanha_id)},
    )


def twin_with_a_campaign(status: str) -> tuple[TwinContext, UUID]:
    twin = twin_with_a_lot()
    run(agent, lot_ready(), twin)
    (campanha,) = twin.store.campanhas.values()
    twin.store.campanhas[campanha.id] = replace(campanha, status=status)
    twin.published.clear()
    return twin, campanha.id


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[tuple[AgentEvent, TwinContext]]:
        yield lot_ready(), twin_with_a_lot()
        twin, campanha_id = twin_with_a_campaign("aprovada")
        yield approved(campanha_id), twin


def test_a_new_lot_gets_a_draft_an_approval_request_and_an_event() -> None:
    twin = twin_with_a_lot()
    run(agent, lot_ready(), twin)
    (campanha,) = twin.store.campanhas.values()
    assert campanha.status == "rascunho"
    assert "Ajudamos indústrias" in campanha.mensagens.topo[0].texto
    assert "{empresa}" in campanha.mensagens.topo[0].texto
    assert len(twin.store.previas[campanha.id]) == 3
    (pedido,) = twin.store.aprovacoes
    assert (pedido.tipo, pedido.ref_id) == ("campanha", campanha.id)
    (evento,) = twin.published
    assert evento.name == "nigredo.estrategia.drafted"
    assert evento.subject == Subject("campanha", campanha.id)
    assert evento.metadata == {"campanha_id": str(campanha.id), "lote_id": str(LOTE.id)}


def test_a_lot_never_gets_a_second_campaign() -> None:
    twin = twin_with_a_lot()
    run(agent, lot_ready(), twin)
    run(agent, lot_ready(), twin)
    assert len(twin.store.campanhas) == len(twin.published) == 1


def test_a_lot_whose_leads_were_erased_gets_no_campaign() -> None:
    twin = twin_with_a_lot()
    twin.store.leads.clear()
    run(agent, lot_ready(), twin)
    assert not twin.store.campanhas
    assert not twin.published


def test_an_approved_campaign_is_handed_on() -> None:
    twin, campanha_id = twin_with_a_campaign("aprovada")
    run(agent, approved(campanha_id), twin)
    (evento,) = twin.published
    assert evento.name == "nigredo.estrategia.completed"
    assert evento.metadata == {"campanha_id": str(campanha_id), "lote_id": str(LOTE.id)}


@pytest.mark.parametrize("status", ["rascunho", "pausada", "concluida"])
def test_a_campaign_that_was_edited_or_paused_meanwhile_stays(status: str) -> None:
    twin, campanha_id = twin_with_a_campaign(status)
    run(agent, approved(campanha_id), twin)
    assert not twin.published


def test_an_event_without_its_lot_is_refused_with_the_fields_path() -> None:
    evento = make_event("nigredo.recebimento.completed", Subject("lote", LOTE.id))
    with pytest.raises(InvalidEvent) as caught:
        run(agent, evento, twin_with_a_lot())
    assert caught.value.path == "detail.context.metadata.lote_id"
