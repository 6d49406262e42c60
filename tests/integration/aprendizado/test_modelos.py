"""A tenant's own model: trained under consent, held to the shipped folds, used, and taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alquimista.cli import main
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.aprendizado.modelos import Modelos, SemConsentimento
from alquimista_sdk.learning import Evaluation, Training
from tests.database import Server
from tests.integration.api.world import another_tenant, audited, open_way
from tests.integration.aprendizado.conversa import (
    CONSENTE,
    corrects,
    new_lead,
    reads,
    refused,
    says,
)
from tests.integration.conftest import Way

DITOS = (
    "guarda o resto pra vc",
    "esquece que eu existo",
    "bota um ponto final nisso",
    "me deixa fora dessa turma",
    "pode recolher o anzol",
    "aposenta meu contato",
)
"""Requests to stop without any known word: what accounts teach."""

pytestmark = [pytest.mark.untraced, pytest.mark.usefixtures("logging_restored")]


@pytest.fixture(scope="module")
def conta(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """An account whose people corrected six messages, and that has not consented yet."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("modelos")) as way:
        for dito in DITOS:
            message = says(way, new_lead(way), dito)
            corrects(way, message, {"descadastro": "certo", "sentimento": "negativo"})
        yield way


def quiet(what: str, done: int, of: int) -> None:
    """Nobody looks at the progress."""


def modelos_of(way: Way) -> Modelos:
    """The use cases on the tenant's system."""
    services = way.system.services
    return Modelos(services.database, services.ports, services.tenants)


def alquimista(way: Way, *arguments: str) -> Result:
    """The command line on the account's database and files."""
    settings = way.system.settings
    environment = {
        "ALQUIMISTA_HOME": str(settings.home),
        "ALQUIMISTA_CHAVE": settings.master_key.hex(),
        "DATABASE_URL": settings.owner_dsn,
        "APP_DATABASE_URL": settings.app_dsn,
        "RELAY_DATABASE_URL": settings.relay_dsn,
    }
    return CliRunner().invoke(main, ["modelo", *arguments], env=environment)


def test_without_consent_nothing_is_measured_or_trained(conta: Way) -> None:
    modelos = modelos_of(conta)
    with pytest.raises(SemConsentimento, match="melhoria do modelo"):
        modelos.train(conta.tenant_id, SISTEMA, quiet)
    with pytest.raises(SemConsentimento):
        modelos.evaluate(conta.tenant_id, quiet)
    assert conta.call("GET", "/api/modelos") == {
        "em_uso": 0,
        "consentido": False,
        "itens": [],
        "proximo": None,
    }


def test_consent_names_its_purpose_and_is_audited(conta: Way) -> None:
    body: dict[str, Any] = {"aprendizado": {"ativo": True}}
    assert "finalidade" in refused(conta, "PATCH", "/api/configuracoes", body, 422)
    body["aprendizado"]["finalidade"] = "marketing"
    assert "melhoria do modelo" in refused(conta, "PATCH", "/api/configuracoes", body, 422)
    assert conta.call("PATCH", "/api/configuracoes", CONSENTE)["aprendizado"]["ativo"] is True
    [entry] = audited(conta, "aprendizado_consentido")
    assert entry.detalhes == CONSENTE["aprendizado"]


def test_a_trained_model_reads_is_named_in_readings_and_goes_with_consent(conta: Way) -> None:
    """One way, since each training takes seconds: train, read, measure, revoke, go back."""
    conta.call("PATCH", "/api/configuracoes", CONSENTE)
    assert reads(conta, DITOS[0])["descadastro"] == "nao"
    result = alquimista(conta, "treinar", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["numero"], told["correcoes"], told["aceito"]) == (1, 6, True)
    before, after = told["antes"]["dobras"], told["depois"]["dobras"]
    assert after["descadastros vistos"] >= before["descadastros vistos"]
    assert after["outros pausados"] <= before["outros pausados"]
    assert told["depois"]["conta"]["descadastros vistos"] == 1.0

    lida = reads(conta, DITOS[0])
    assert lida["descadastro"] != "nao"
    assert lida["modelo"].startswith("conta 1 sobre ")
    message = says(conta, new_lead(conta), "Quanto custa o plano anual?")
    assert message["modelo"].startswith("conta 1 sobre ")

    measured = json.loads(alquimista(conta, "avaliar", "--json").stdout)
    assert (measured["modelo"], measured["correcoes"]) == (1, 6)
    assert measured["dobras"] == pytest.approx(after)

    conta.call("PATCH", "/api/configuracoes", {"aprendizado": {"ativo": False}})
    assert reads(conta, DITOS[0])["modelo"].startswith("embutido ")
    assert len(audited(conta, "aprendizado_revogado")) == 1
    conta.call("PATCH", "/api/configuracoes", CONSENTE)
    assert reads(conta, DITOS[0])["modelo"].startswith("conta 1 ")

    back = alquimista(conta, "voltar")
    assert "modelo embutido" in back.output
    assert reads(conta, DITOS[0])["modelo"].startswith("embutido ")
    listed = conta.call("GET", "/api/modelos")
    assert (listed["em_uso"], [item["numero"] for item in listed["itens"]]) == (0, [1])
    assert "6" in alquimista(conta, "versoes").output
    assert [e.detalhes["de"] for e in audited(conta, "modelo_voltou")] == [1]


@dataclass
class Worse:
    """A learner whose new model is refused."""

    base: str = "f" * 64

    def evaluate(self, exemplos: Any, conteudo: bytes | None, progress: Any) -> Any:
        """Never asked."""
        raise AssertionError

    def train(self, exemplos: Any, progress: Any) -> Any:
        """Worse on the folds."""
        figures = Evaluation({"acertos": 0.5}, {"descadastros vistos": 0.9})
        return Training(False, "É pior.", None, (), (), figures, figures, {})


def test_a_refused_model_is_kept_with_its_figures_and_changes_nothing(conta: Way) -> None:
    conta.call("PATCH", "/api/configuracoes", CONSENTE)
    services = conta.system.services
    modelos = Modelos(services.database, services.ports, services.tenants, lambda _: Worse())
    before = reads(conta, "Quanto custa?")["modelo"]
    done = modelos.train(conta.tenant_id, SISTEMA, quiet)
    assert done.treino.aceito is False
    listed = conta.call("GET", "/api/modelos")["itens"][0]
    assert (listed["numero"], listed["aceito"], listed["ativo"]) == (done.numero, False, False)
    assert listed["metricas"]["depois"]["dobras"] == {"descadastros vistos": 0.9}
    assert reads(conta, "Quanto custa?")["modelo"] == before


def test_another_tenant_sees_neither_models_nor_corrections(conta: Way) -> None:
    other = another_tenant(conta.system, "Outra conta")
    assert other.call("GET", "/api/modelos")["itens"] == []
    message = says(conta, new_lead(conta), "Quanto custa o plano anual?")
    path = f"/api/interacoes/{message['id']}/correcao"
    refused(other, "POST", path, {"intent": "interest"}, 404)
