"""The official client speaks to ``alquimista mcp``, with the rights of its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import anyio
import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from sqlalchemy import insert

from alquimista.assistant.serving import local, served
from alquimista.cli import main
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.conversas.models import Interacao
from alquimista_integrations.mcp.server import build_server
from tests.integration.api.world import another_tenant, audited
from tests.integration.conftest import Way
from tests.integration.mcp.conftest import EMPRESA, LEITURA, OUTRA, key
from tests.integration.test_main_way import lead_named

Process = Callable[..., StdioServerParameters]
READS = {
    "conta",
    "leads_listar",
    "leads_responderam_hoje",
    "lead_ver",
    "conversa_ver",
    "campanhas_listar",
    "campanha_ver",
    "agendamentos_listar",
    "proximas_reunioes",
    "relatorio_funil",
    "funil_do_mes",
}


def talk(server: Any, *calls: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """List the tools and make some calls in one session."""

    async def main() -> tuple[list[Any], list[Any]]:
        async with Client(server, read_timeout_seconds=60) as client:
            listed = (await client.list_tools()).tools
            return list(listed), [await client.call_tool(name, given) for name, given in calls]

    return anyio.run(main)


def in_memory(way: Way, chave: str) -> Any:
    """The same server without a process, for what does not depend on the transport."""
    source_of = local(way.system)
    return build_server(served(tools=False), lambda _: source_of(chave))


def answer(way: Way, empresa: str, mensagem: str) -> None:
    """A lead writes."""
    way.call(
        "POST",
        "/api/sandbox/respostas",
        {"lead_id": lead_named(way, empresa)["id"], "mensagem": mensagem, "canal": "email"},
    )
    way.drain()


def meeting(way: Way, lead_id: str, status: str, step: timedelta) -> None:
    """A meeting so long from now."""
    with way.uow() as uow:
        uow.connection.execute(
            insert(Agendamento).values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                lead_id=lead_id,
                data_hora=uow.agora + step,
                duracao=30,
                status=status,
                trace_id=uuid4(),
                created_at=uow.agora,
                updated_at=uow.agora,
            )
        )


def message(way: Way, empresa: str, mensagem: str) -> None:
    """We write to a lead, now."""
    lead_id = lead_named(way, empresa)["id"]
    with way.uow() as uow:
        uow.connection.execute(
            insert(Interacao).values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                lead_id=lead_id,
                tipo="enviado",
                canal="email",
                mensagem=mensagem,
                atendida=True,
                trace_id=uuid4(),
                created_at=uow.agora,
            )
        )


def test_over_stdio_an_assistant_learns_which_leads_answered_today(
    mundo: Way, process: Process
) -> None:
    answer(mundo, EMPRESA, "Quanto custa?")
    message(mundo, OUTRA, "Podemos conversar?")
    listed, (today, before, operation) = talk(
        process(key(mundo, *LEITURA)),
        ("leads_responderam_hoje", {}),
        ("leads_listar", {"respondeu_em": "2020-01-01"}),
        ("sentimento_analisar", {"text": "quero sair dessa lista"}),
    )
    assert {tool.name for tool in listed} == READS | {"sentimento_analisar"}
    assert all(tool.annotations.read_only_hint and tool.description for tool in listed)
    assert [lead["empresa"] for lead in today.structured_content["itens"]] == [EMPRESA]
    assert json.loads(today.content[0].text) == today.structured_content
    assert before.structured_content["itens"] == []
    assert operation.structured_content["descadastro"] == "certo"


def test_each_read_answers_what_the_api_answers(mundo: Way) -> None:
    lead_id = lead_named(mundo, OUTRA)["id"]
    calls = {
        "leads_listar": ({"limite": 1}, "/api/leads?limite=1"),
        "lead_ver": ({"lead_id": lead_id}, f"/api/leads/{lead_id}"),
        "conversa_ver": ({"lead_id": lead_id}, f"/api/leads/{lead_id}/interacoes"),
        "campanhas_listar": ({}, "/api/campanhas"),
        "agendamentos_listar": ({}, "/api/agendamentos"),
        "relatorio_funil": ({"inicio": "2026-01-01"}, "/api/relatorios/funil?inicio=2026-01-01"),
        "funil_do_mes": ({}, "/api/relatorios/funil?periodo=mes"),
        "leads_responderam_hoje": ({}, "/api/leads?respondeu_em=hoje"),
    }
    server = in_memory(mundo, key(mundo, *LEITURA))
    _, results = talk(server, *((name, given) for name, (given, _) in calls.items()))
    for (_, path), result in zip(calls.values(), results, strict=True):
        assert not result.is_error, result
        assert result.structured_content == mundo.call("GET", path)


def test_a_key_lists_and_calls_only_what_its_scopes_open(mundo: Way) -> None:
    server = in_memory(mundo, key(mundo, "campanhas:read"))
    listed, (refused, allowed) = talk(server, ("leads_listar", {}), ("campanhas_listar", {}))
    assert {tool.name for tool in listed} == {"conta", "campanhas_listar", "campanha_ver"}
    assert not {"campanha_pausar", "campanha_retomar"} & {tool.name for tool in listed}
    assert refused.is_error and "leads:read" in refused.content[0].text
    assert not allowed.is_error


def test_the_funnel_of_the_month_begins_on_its_first_day(mundo: Way) -> None:
    server = in_memory(mundo, key(mundo, *LEITURA))
    listed, (found,) = talk(server, ("funil_do_mes", {}))
    with mundo.uow() as uow:
        hoje = uow.agora.astimezone(ZoneInfo("America/Sao_Paulo")).date()
    assert found.structured_content["inicio"] == hoje.replace(day=1).isoformat()
    assert found.structured_content["fim"] == hoje.isoformat()
    (tool,) = (tool for tool in listed if tool.name == "funil_do_mes")
    assert tool.input_schema["properties"] == {}


def test_the_next_meetings_are_the_confirmed_ones_from_now_on_in_order(mundo: Way) -> None:
    lead_id = lead_named(mundo, EMPRESA)["id"]
    for status, hours in (
        ("confirmado", 48),
        ("confirmado", 2),
        ("confirmado", -2),
        ("proposto", 3),
    ):
        meeting(mundo, lead_id, status, timedelta(hours=hours))
    server = in_memory(mundo, key(mundo, *LEITURA))
    _, (found, wrong) = talk(
        server, ("proximas_reunioes", {}), ("proximas_reunioes", {"ordenar": "-data_hora"})
    )
    itens = found.structured_content["itens"]
    assert [item["status"] for item in itens] == ["confirmado", "confirmado"]
    assert itens[0]["data_hora"] < itens[1]["data_hora"]
    assert wrong.structured_content == found.structured_content


def test_a_campaign_is_paused_and_resumed_only_under_its_scope_and_audited(mundo: Way) -> None:
    campanha = mundo.call("GET", "/api/campanhas?status=rascunho")["itens"][0]
    path = f"/api/campanhas/{campanha['id']}"
    mundo.call("POST", f"{path}/aprovar", {"conteudo_hash": campanha["conteudo_hash"]})
    given = {"campanha_id": campanha["id"]}
    _, (refused,) = talk(in_memory(mundo, key(mundo, *LEITURA)), ("campanha_pausar", given))
    assert refused.is_error and "campanhas:write" in refused.content[0].text
    assert mundo.call("GET", path)["status"] != "pausada"
    server = in_memory(mundo, key(mundo, "campanhas:read", "campanhas:write"))
    listed, (found, paused, again, resumed) = talk(
        server,
        ("campanhas_listar", {}),
        ("campanha_pausar", given),
        ("campanha_pausar", given),
        ("campanha_retomar", given),
    )
    changing = {tool.name for tool in listed if not tool.annotations.read_only_hint}
    assert changing == {"campanha_pausar", "campanha_retomar"}
    assert campanha["nome"] in [item["nome"] for item in found.structured_content["itens"]]
    assert paused.structured_content["status"] == "pausada"
    assert again.is_error and "pausada" in again.content[0].text
    assert resumed.structured_content["status"] != "pausada"
    assert audited(mundo, "campanha.pausada")[-1].ator_tipo == "chave"


def test_a_key_of_another_account_sees_nothing_of_this_one(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Vizinha")
    lead_id = lead_named(mundo, EMPRESA)["id"]
    server = in_memory(mundo, key(other, *LEITURA))
    _, (leads, lead) = talk(server, ("leads_listar", {}), ("lead_ver", {"lead_id": lead_id}))
    assert leads.structured_content["itens"] == []
    assert lead.is_error


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("leads_listar", {"limite": 0}, "limite"),
        ("leads_listar", {"respondeu_em": "ontem"}, "AAAA-MM-DD"),
        ("lead_ver", {"lead_id": "../me"}, "UUID"),
        ("lead_ver", {}, "UUID"),
        ("sentimento_analisar", {}, "esquema"),
    ],
    ids=["limit", "day", "path", "without-id", "operation"],
)
def test_a_wrong_argument_is_told_to_the_assistant(
    mundo: Way, name: str, given: dict[str, Any], told: str
) -> None:
    _, (result,) = talk(in_memory(mundo, key(mundo, *LEITURA)), (name, given))
    assert result.is_error
    assert told in result.content[0].text


def test_an_unknown_tool_is_an_error_of_the_protocol(mundo: Way) -> None:
    with pytest.raises(BaseException) as caught:
        talk(in_memory(mundo, key(mundo, *LEITURA)), ("lead_apagar", {}))
    assert (
        caught.group_contains(MCPError)
        if isinstance(caught.value, BaseExceptionGroup)
        else (isinstance(caught.value, MCPError))
    )


@pytest.mark.usefixtures("logging_restored")
def test_without_a_key_or_with_a_wrong_one_the_command_ends_at_once(
    mundo: Way, process: Process
) -> None:
    for chave, told in (("", "ALQUIMISTA_API_KEY"), ("alq_errada", "inválida")):
        made = process(chave)
        done = CliRunner().invoke(main, ["mcp"], env=made.env)
        assert done.exit_code == 1
        assert told in done.output


@pytest.mark.usefixtures("logging_restored")
def test_a_key_is_never_sent_in_the_clear() -> None:
    done = CliRunner().invoke(
        main, ["mcp", "--url", "http://api.example.com"], env={"ALQUIMISTA_API_KEY": "alq_x"}
    )
    assert done.exit_code == 1
    assert "https://" in done.output
