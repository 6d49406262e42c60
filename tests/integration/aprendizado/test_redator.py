"""A language model writes only for an account that chose it, and gets no personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alquimista.settings import from_environment
from alquimista.tools.catalogue import build_registry
from tests.database import Server, copied_database
from tests.integration.api.world import assert_error
from tests.integration.aprendizado.servidor import Servico, http_service
from tests.integration.conftest import Way, built_system, settings_of, way_of

NOME, EMAIL, FONE = "Bruna Teixeira", "bruna@prensasvale.com.br", "(11) 98765-4321"
CPF, CNPJ, LINK = "529.982.247-25", "11.222.333/0001-81", "https://prensasvale.com.br/bruna"
PEDIDO: dict[str, Any] = {
    "tarefa": "responder_lead",
    "prompt": f"Responda ao lead. Última mensagem do lead: «Sou {NOME}, {EMAIL}»",
    "nomes": [NOME, "Prensas Vale"],
    "variaveis": {
        "contato": NOME,
        "historico_interacoes": f"nós: Olá, {NOME}!\nlead: me ligue no {FONE}",
        "mensagem_lead": f"Meu CPF é {CPF}, o CNPJ da Prensas Vale é {CNPJ}, veja {LINK}",
        "sentimento": "neutro",
        "intensidade": 10,
    },
    "trechos": [{"titulo": "Suporte", "texto": "O suporte atende em ate@empresa.example.com."}],
}
SEGREDOS = (NOME, "Bruna", EMAIL, "98765", CPF, CNPJ, LINK, "Prensas Vale", "ate@empresa")


@contextmanager
def model(answer: str) -> Iterator[Servico]:
    """A language model that writes ``answer``."""
    body = {"model": "m-1", "choices": [{"message": {"content": answer}}]}
    with http_service(lambda path: (200, body)) as service:
        yield service


@pytest.fixture(scope="module")
def plataforma(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant of a platform that has a model."""
    home = tmp_path_factory.mktemp("redator")
    told = from_environment({"ALQUIMISTA_HOME": str(home), "LLM_TOKEN": "k"})
    with copied_database(postgres, template_database) as urls:
        settings = replace(settings_of(urls, home), outside=told.outside)
        with built_system(settings) as system:
            yield way_of(system)


@pytest.fixture
def conta(plataforma: Way) -> Iterator[Way]:
    """That tenant, whose choice is taken back afterwards."""
    yield plataforma
    choose(plataforma, None)


def choose(way: Way, redator: str | None) -> dict[str, Any]:
    """Choose who writes, by the API."""
    found: dict[str, Any] = way.call("PATCH", "/api/configuracoes", {"redator": redator})
    return found


def write(way: Way, url: str, home: Path, *, sandbox: bool = False) -> dict[str, Any]:
    """Have an answer written with the account's own settings, on a platform with a model."""
    settings = from_environment(
        {"ALQUIMISTA_HOME": str(home), "LLM_TOKEN": "k", "LLM_URL": f"{url}/v1"}
    )
    with way.uow() as uow:
        facts = way.system.services.tenants.facts(uow)
    registry = build_registry(replace(facts, sandbox=sandbox), way.system.database, settings)
    return registry.call("llm.write", PEDIDO)


def test_without_a_choice_nothing_leaves_though_the_platform_has_a_token(
    conta: Way, tmp_path: Path
) -> None:
    with model("Olá!") as service:
        found = write(conta, service.url, tmp_path)
    assert found["modelo"] == "redator-alquimista-1"
    assert service.received == []


def test_what_leaves_holds_no_personal_data_and_the_answer_has_it_again(
    conta: Way, tmp_path: Path
) -> None:
    assert choose(conta, "modelo_de_linguagem")["redator"] == "modelo_de_linguagem"
    with model("Olá, [nome 1]! Escrevo para [e-mail 1] e ligo no [número 1].") as service:
        found = write(conta, service.url, tmp_path)
    [sent] = service.received
    for secret in SEGREDOS:
        assert secret not in json.dumps(json.loads(sent), ensure_ascii=False), secret
    dados = json.loads(json.loads(sent)["messages"][1]["content"])
    assert dados["variaveis"]["contato"] == "[nome 1]"
    assert dados["variaveis"]["sentimento"] == "neutro"
    assert found["texto"] == f"Olá, {NOME}! Escrevo para {EMAIL} e ligo no {FONE}."
    assert (found["modelo"], found["sandbox"]) == ("m-1", False)


def test_a_sandbox_account_never_sends_anything_whatever_it_chose(
    conta: Way, tmp_path: Path
) -> None:
    choose(conta, "modelo_de_linguagem")
    with model("Olá!") as service:
        found = write(conta, service.url, tmp_path, sandbox=True)
    assert found["sandbox"] is True
    assert service.received == []


def test_an_answer_with_an_invented_mark_is_written_by_our_own_writer(
    conta: Way, tmp_path: Path
) -> None:
    choose(conta, "modelo_de_linguagem")
    with model("Olá, [nome 99]!") as service:
        found = write(conta, service.url, tmp_path)
    assert len(service.received) == 1
    assert found["modelo"] == "redator-alquimista-1"
    assert "[nome" not in found["texto"]


def test_the_choice_is_in_the_audit_and_in_the_record_of_processing(conta: Way) -> None:
    choose(conta, "modelo_de_linguagem")
    [entry, *_] = conta.call("GET", "/api/auditoria?action_type=redator_escolhido")["itens"]
    assert entry["antes"] == {"redator": "embutido"}
    assert entry["depois"] == {"redator": "modelo_de_linguagem"}
    assert "modelo de linguagem" in shared(conta)
    choose(conta, "embutido")
    assert "modelo de linguagem" not in shared(conta)


def test_a_model_that_the_platform_does_not_have_cannot_be_chosen(way: Way) -> None:
    body = {"redator": "modelo_de_linguagem"}
    refused = assert_error(way.response("PATCH", "/api/configuracoes", body), 422)
    assert "redator" in refused["message"]
    assert_error(way.response("PATCH", "/api/configuracoes", {"redator": "outro"}), 422)


def shared(way: Way) -> str:
    """Whom the answers' data go to, by the record of processing."""
    found = way.call("GET", "/api/tratamentos")["operacoes"]
    [atendimento] = [item for item in found if item["finalidade"] == "atendimento"]
    return " ".join(atendimento["compartilhamento"])
