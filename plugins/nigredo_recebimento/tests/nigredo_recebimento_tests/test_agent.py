"""The agent on the platform's twin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Event
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID, uuid5

import pytest

from alquimista_sdk.errors import InvalidEvent, NotFound, PermanentError, TransientError
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Importacao, Lead, LinhaBruta, StagedLeads
from alquimista_sdk.testing import (
    AgentContractTests,
    TwinContext,
    load_manifest,
    make_event,
    run,
)
from nigredo_recebimento import agent
from nigredo_recebimento.recepcao import LOTE_DE_GRAVACAO
from nigredo_recebimento_tests.exemplos import ESPACO, TENANT, linha

IMPORTACAO = uuid5(ESPACO, "importacao")
ACHADO = {
    "encontrado": True,
    "fonte": "sandbox",
    "sandbox": True,
    "campos": {"setor": "Indústria", "porte": "ME", "uf": "SP"},
}


def twin_with(
    linhas: Iterable[LinhaBruta],
    answer: Mapping[str, Any] | Callable[..., Mapping[str, Any]] = ACHADO,
    **config: Any,
) -> TwinContext:
    twin = TwinContext(load_manifest("nigredo_recebimento"), tenant=TENANT, config=config)
    twin.store.add(Importacao(IMPORTACAO, "planilha", "processando"))
    twin.store.linhas[IMPORTACAO] = list(linhas)
    twin.answer_tool("enrichment.company", answer)
    return twin


def received(**metadata: Any) -> AgentEvent:
    metadata = {"importacao_id": str(IMPORTACAO)} | metadata
    return make_event("alquimista.importacoes.received", metadata=metadata)


def deliver_all(twin: TwinContext) -> list[str]:
    """Run the import and then every event of the agent's own; the names in order."""
    run(agent, received(), twin)
    names, done = [], 0
    while done < len(twin.published):
        published = twin.published[done]
        done += 1
        names.append(published.name)
        event = make_event(published.name, published.subject, metadata=published.metadata)
        run(agent, event, twin)
    return names


def many(quantos: int) -> list[LinhaBruta]:
    return [linha(n + 2, empresa=f"E{n} Ltda", email=f"a@e{n}.com.br") for n in range(quantos)]


def staged_twin(quantos: int = 2, **opcoes: Any) -> tuple[TwinContext, AgentEvent]:
    twin = twin_with(many(quantos), **opcoes)
    run(agent, received(), twin)
    (parte,) = twin.published
    twin.published.clear()
    return twin, make_event(parte.name, parte.subject, metadata=parte.metadata)


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[tuple[AgentEvent, TwinContext]]:
        yield received(), twin_with([*many(150), linha(900, empresa="")])
        twin, staged = staged_twin()
        yield staged, twin
        twin, staged = staged_twin()
        run(agent, staged, twin)
        (parte,) = twin.published
        twin.published.clear()
        yield make_event(parte.name, parte.subject, metadata=parte.metadata), twin


def test_an_import_goes_from_rows_to_lots() -> None:
    twin = twin_with([*many(250), linha(900, empresa=""), linha(901, email="", telefone="")])
    names = deliver_all(twin)
    assert names[:3] == ["nigredo.recebimento.staged"] * 3
    assert names.count("nigredo.recebimento.enriched") == 3
    assert names.count("nigredo.recebimento.completed") == len(twin.store.lotes) == 2
    assert twin.store.importacoes[IMPORTACAO].status == "concluida"
    assert twin.store.importacoes[IMPORTACAO].aceitos == 250
    assert {lead.status for lead in twin.store.leads.values()} == {"enriquecido"}
    assert set(twin.store.enriquecimento.values()) == {"sandbox"}
    lotes = [item for item in twin.published if item.type == "completed"]
    assert sum(item.metadata["quantidade"] for item in lotes) == 250
    assert {item.subject.type for item in lotes} == {"lote"}
    assert lotes[0].metadata["prioridade"] == "A"
    assert all(lead.lote_id in twin.store.lotes for lead in twin.store.leads.values())


def test_the_first_part_carries_the_report_of_nonconformities() -> None:
    twin = twin_with([*many(2), linha(9, empresa=""), linha(10, email="a@e1.com.br")])
    run(agent, received(), twin)
    (parte,) = twin.published
    assert parte.metadata["inconformidades"] == {"invalid_data": 1, "duplicate": 1}
    assert "2 leads aceitos, 2 linhas rejeitadas" in parte.decision
    assert [item.classe for item in twin.store.rejeitos[IMPORTACAO]] == [
        "invalid_data",
        "duplicate",
    ]


def test_rows_that_the_tenant_has_or_must_not_have_come_back_as_rejects() -> None:
    twin = twin_with(many(3))
    twin.store.add(Lead(uuid5(ESPACO, "velho"), "E0", "novo", email="a@e0.com.br",
                        telefone="+5511987654321"))  # fmt: skip
    twin.store.suprimidos.add("a@e1.com.br")
    run(agent, received(), twin)
    (parte,) = twin.published
    assert len(parte.metadata["lead_ids"]) == 1
    assert parte.metadata["inconformidades"] == {"duplicate": 1, "suppressed": 1}


def test_an_import_without_an_accepted_lead_publishes_nothing() -> None:
    twin = twin_with([linha(2, empresa="")])
    assert deliver_all(twin) == []
    assert twin.store.importacoes[IMPORTACAO].status == "concluida"


def test_a_file_without_rows_is_told_to_the_person() -> None:
    twin = twin_with([])
    run(agent, received(), twin)
    assert twin.store.erros_importacao[IMPORTACAO] == "Nenhuma linha com dados foi encontrada."


def test_an_unreadable_file_fails_the_import_in_words() -> None:
    twin = twin_with([])
    twin.store.leituras_falhas[IMPORTACAO] = PermanentError("O arquivo está corrompido.")
    run(agent, received(), twin)
    assert twin.store.erros_importacao[IMPORTACAO] == "O arquivo está corrompido."
    assert not twin.published


def test_a_file_that_breaks_off_says_how_far_it_was_read() -> None:
    class Torn(list[LinhaBruta]):
        def __iter__(self) -> Any:
            yield from many(4_001)
            raise PermanentError("Codificação inválida na linha 4003")

    twin = twin_with([])
    twin.store.linhas[IMPORTACAO] = many(1)
    twin.leads = type("Rows", (), {
        "rows": lambda _self, _id: iter(Torn()),
        "stage": twin.leads.stage,
        "finish_importacao": twin.leads.finish_importacao,
    })()  # fmt: skip
    run(agent, received(), twin)
    assert "depois de 4000 leads" in twin.store.erros_importacao[IMPORTACAO]
    assert not twin.published


def test_batches_answered_out_of_turn_keep_the_order_of_the_file() -> None:
    twin = twin_with(many(3 * LOTE_DE_GRAVACAO))
    second_is_staged = Event()
    leads = twin.leads

    def stage(importacao_id: UUID, batch: int, *rows: Any) -> StagedLeads:
        if batch == 0:
            assert second_is_staged.wait(30)
        answer = leads.stage(importacao_id, batch, *rows)
        if batch == 1:
            second_is_staged.set()
        return answer

    twin.leads = type("Leads", (), {
        "rows": leads.rows, "stage": staticmethod(stage),
        "finish_importacao": leads.finish_importacao,
    })()  # fmt: skip
    run(agent, received(), twin)
    ids = [lead_id for parte in twin.published for lead_id in parte.metadata["lead_ids"]]
    rows = range(2, 3 * LOTE_DE_GRAVACAO + 2)
    assert ids == [str(uuid5(IMPORTACAO, f"Leads:{row}")) for row in rows]


def test_an_import_that_is_gone_is_no_reading_error() -> None:
    twin = twin_with([])
    twin.store.importacoes.clear()
    with pytest.raises(NotFound):
        run(agent, received(), twin)


def test_a_malformed_id_is_refused_with_its_path() -> None:
    with pytest.raises(InvalidEvent) as caught:
        run(agent, received(importacao_id="x"), twin_with([]))
    assert caught.value.path == "detail.context.metadata.importacao_id"


def broken(error: Exception) -> Callable[..., Mapping[str, Any]]:
    def answer(*_: Any) -> Mapping[str, Any]:
        raise error

    return answer


def again(event: AgentEvent, attempt: int) -> AgentEvent:
    return make_event(event.name, event.subject, metadata=event.metadata, attempt=attempt)


def test_a_source_that_stays_away_is_asked_again_and_then_left_out() -> None:
    twin, staged = staged_twin(answer=broken(TransientError("503")))
    with pytest.raises(TransientError):
        run(agent, again(staged, 2), twin)
    assert not twin.published
    run(agent, again(staged, 3), twin)
    assert set(twin.store.enriquecimento.values()) == {"nao_encontrado"}
    assert {lead.status for lead in twin.store.leads.values()} == {"novo"}
    assert all(lead.prioridade is not None for lead in twin.store.leads.values())
    assert [item.type for item in twin.published] == ["enriched"]


def test_a_source_that_refuses_does_not_stop_the_leads() -> None:
    twin, staged = staged_twin(answer=broken(PermanentError("401")))
    run(agent, staged, twin)
    assert set(twin.store.enriquecimento.values()) == {"nao_encontrado"}


def test_who_took_back_the_permission_is_not_looked_up_and_goes_on() -> None:
    twin, staged = staged_twin()
    [first, *others] = twin.store.leads
    twin.store.retiradas.add((first, "enriquecimento"))
    run(agent, staged, twin)
    assert twin.store.enriquecimento[first] == "dispensado"
    assert twin.store.leads[first].prioridade is not None
    assert "dispensado" not in {twin.store.enriquecimento[other] for other in others}


def test_a_tenant_may_do_without_enrichment() -> None:
    twin, staged = staged_twin(answer=broken(AssertionError("asked")), enriquecer=False)
    run(agent, staged, twin)
    assert set(twin.store.enriquecimento.values()) == {"dispensado"}
    assert twin.published[0].metadata["resultados"] == {"dispensado": 2}


def test_lots_wait_until_no_lead_of_the_import_is_pending() -> None:
    twin, staged = staged_twin()
    metadata = {"importacao_id": str(IMPORTACAO), "parte": 0}
    run(agent, make_event("nigredo.recebimento.enriched", metadata=metadata), twin)
    assert not twin.store.lotes
    run(agent, staged, twin)
    twin.published.clear()
    for _ in range(2):
        run(agent, make_event("nigredo.recebimento.enriched", metadata=metadata), twin)
    assert [item.type for item in twin.published] == ["completed"]
    (lote_id,) = twin.store.lotes
    assert UUID(twin.published[0].metadata["lote_id"]) == lote_id


def test_an_event_of_another_kind_is_passed_over() -> None:
    twin = twin_with([])
    run(agent, make_event("nigredo.recebimento.completed"), twin)
    assert not twin.published
