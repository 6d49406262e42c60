"""The agent on the platform's twin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar

import pytest

from alquimista_sdk.errors import InvalidPayload, PermanentError, TransientError
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.testing import (
    AgentContractTests,
    TwinContext,
    load_manifest,
    make_event,
    run,
)
from nigredo_relatorios import agent
from nigredo_relatorios_tests.exemplos import FIM, TENANT, de, vazio

AGORA = datetime(2026, 11, 24, 11, tzinfo=UTC)
RESPOSTA = {
    "texto": "A taxa de resposta foi de 15,0% (60 de 400).\nIsso gera 77 contratos.",
    "modelo": "modelo-x",
    "sandbox": True,
}


def gemeo(**campos: Any) -> TwinContext:
    twin = TwinContext(
        load_manifest("nigredo_relatorios"), tenant=replace(TENANT, **campos), now=AGORA
    )
    twin.store.metricas = de
    twin.answer_tool("llm.write", RESPOSTA)
    return twin


def das_oito(attempt: int = 1) -> AgentEvent:
    return make_event("alquimista.timer.diario", attempt=attempt)


def falha(erro: Exception) -> Any:
    def responder(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        raise erro

    return responder


class TestContract(AgentContractTests):
    module: ClassVar[ModuleType] = agent

    def event_examples(self) -> Iterable[tuple[AgentEvent, TwinContext]]:
        yield das_oito(), gemeo()
        sem_nada = gemeo(sandbox=False)
        sem_nada.store.metricas = vazio
        yield das_oito(), sem_nada


def test_the_report_is_published_mailed_and_announced() -> None:
    twin = gemeo()
    run(agent, das_oito(), twin)
    publicado = twin.store.relatorios[FIM]
    assert publicado.metricas.leads_recebidos == 1200
    assert publicado.metricas.insights == ("A taxa de resposta foi de 15,0% (60 de 400).",)
    (email,) = twin.store.emails
    assert email.assunto == "Relatório do funil – Fundição São João & Irmãos – 23/11/2026"
    assert email.chave == "relatorio-2026-11-23"
    (anexo,) = email.anexos
    assert (anexo.nome, anexo.tipo_mime) == ("relatorio-2026-11-23.pdf", "application/pdf")
    assert anexo.conteudo == publicado.pdf
    assert anexo.conteudo.startswith(b"%PDF")
    (evento,) = twin.published
    assert evento.name == "nigredo.relatorios.published"
    assert evento.subject == Subject("tenant", TENANT.id)
    assert evento.metadata == {"data": "2026-11-23"}
    assert evento.decision == "Relatório de 23/11/2026 publicado."


def test_the_mail_tells_the_steps_the_insights_and_the_sandbox() -> None:
    twin = gemeo()
    run(agent, das_oito(), twin)
    (email,) = twin.store.emails
    assert "de 25/10/2026 a 23/11/2026." in email.mensagem
    assert "Recebidos: 1.200\nContatados: 400" in email.mensagem
    assert "- A taxa de resposta foi de 15,0% (60 de 400)." in email.mensagem
    assert email.mensagem.endswith("Ambiente de teste (sandbox): os números vêm de dados de teste.")
    real = gemeo(sandbox=False)
    run(agent, das_oito(), real)
    assert "sandbox" not in real.store.emails[0].mensagem


def test_the_writer_gets_totals_and_no_ids() -> None:
    twin = gemeo()
    run(agent, das_oito(), twin)
    ((nome, payload),) = twin.tool_calls
    assert nome == "llm.write"
    assert payload["tarefa"] == "insights_relatorio"
    assert payload["trechos"] == []
    variaveis = payload["variaveis"]
    assert variaveis["periodo"] == {"inicio": "2026-10-25", "fim": "2026-11-23"}
    assert variaveis["metricas"]["taxas"][4]["nome"] == "taxa de conversão"
    assert variaveis["metricas"]["objecoes_recorrentes"][0] == {
        "objecao": "preço ou orçamento",
        "frequencia": 11,
    }
    assert variaveis["ontem"] == {
        "recebidos": 5,
        "contatados": 14,
        "responderam": 3,
        "agendados": 1,
    }


@pytest.mark.parametrize(
    "resposta",
    [{**RESPOSTA, "texto": "Foram 77 contratos."}, falha(InvalidPayload("recusado"))],
)
def test_the_rules_write_where_the_writer_gives_nothing_that_holds(resposta: Any) -> None:
    twin = gemeo()
    twin.answer_tool("llm.write", resposta)
    run(agent, das_oito(), twin)
    frases = twin.store.relatorios[FIM].metricas.insights
    assert frases[0].startswith("Leads do período por etapa — recebidos: 1.200;")
    assert [linha[0] for linha in twin.log.lines] == ["warning"]


def test_a_writer_that_is_out_is_tried_again_before_the_rules_write() -> None:
    twin = gemeo()
    twin.answer_tool("llm.write", falha(TransientError("503")))
    for attempt in (1, 2):
        with pytest.raises(TransientError):
            run(agent, das_oito(attempt), twin)
        assert not twin.store.relatorios
    run(agent, das_oito(3), twin)
    assert twin.store.relatorios[FIM].metricas.insights


def test_a_second_run_of_the_day_mails_once() -> None:
    twin = gemeo()
    run(agent, das_oito(), twin)
    run(agent, das_oito(), twin)
    assert len(twin.store.emails) == 1


def test_a_tenant_without_managers_still_gets_its_report() -> None:
    twin = gemeo(emails_gestores=())
    run(agent, das_oito(), twin)
    assert FIM in twin.store.relatorios
    assert "no managers" in twin.log.lines[0][1]


def test_a_line_break_in_the_tenants_name_does_not_reach_the_subject() -> None:
    twin = gemeo(nome="Aurora\nBcc: x@y.example")
    run(agent, das_oito(), twin)
    assert "\n" not in twin.store.emails[0].assunto


def test_an_unknown_event_is_given_up() -> None:
    with pytest.raises(PermanentError, match="does not know"):
        run(agent, make_event("alquimista.timer.semanal"), gemeo())
