"""A real tenant that chose an outside reader: what leaves, what comes back, what fails."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from alquimista.bootstrap import System
from alquimista.outside import LanguageModel, Outside
from alquimista.settings import Settings
from tests.database import Urls
from tests.integration.api.world import another_tenant
from tests.integration.aprendizado.servidor import Answers, Servico, http_service
from tests.integration.conftest import Way, built_system, settings_of

VALID = {"intent": "interest", "sentimento": "positivo", "intensidade": 60, "descadastro": "nao"}
PAYLOAD = {
    "text": "Gostei! Fala com o Getúlio: (11) 98765-4321, g@acme.com.br",
    "anterior": "Olá, Rita, tudo bem?",
    "nomes": ["Rita Sá", "Cabos Litoral"],
    "com_modelo": True,
}


def completion(content: Any) -> dict[str, Any]:
    """What an OpenAI-compatible endpoint answers."""
    return {
        "model": "m-2026",
        "choices": [{"message": {"content": json.dumps(content)}}],
        "usage": {"prompt_tokens": 90, "completion_tokens": 9},
    }


@contextmanager
def tenant_with(
    settings: Settings, provedor: str, answers: Answers, **config: Any
) -> Iterator[tuple[Way, Servico]]:
    """A real tenant whose sentiment agent asks a provider at a local address."""
    with http_service(answers) as service:
        outside = Outside(
            llm=LanguageModel("k", service.url, "m"),
            comprehend_region="us-east-1",
            comprehend_endpoint=service.url,
        )
        with built_system(replace(settings, outside=outside)) as system:
            way = another_tenant(system, "Conta real", sandbox=False)
            path = "/api/agents/nigredo_sentimento/activate"
            way.call("POST", path, {"config": {"provedor": provedor, **config}})
            yield way, service


@pytest.fixture
def settings(fresh_database: Urls, tmp_path: Path) -> Settings:
    """Settings of the fresh database."""
    return settings_of(fresh_database, tmp_path)


def reads(system: System, tenant_id: UUID, payload: dict[str, Any] = PAYLOAD) -> dict[str, Any]:
    """How the tenant's agent reads a message."""
    return dict(system.services.hooks.operation(tenant_id, "sentimento.analisar", payload))


def test_a_language_model_gets_no_personal_data_and_its_cost_is_logged_without_text(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        tenant_with(settings, "modelo_de_linguagem", lambda _: (200, completion(VALID))) as (
            way,
            service,
        ),
        caplog.at_level(logging.INFO),
    ):
        lida = reads(way.system, way.tenant_id)
    [request] = service.received
    sent = json.dumps(json.loads(request), ensure_ascii=False)
    for secret in ("Getúlio", "Rita", "98765", "acme", "Litoral"):
        assert secret not in sent, secret
    assert "Gostei! Fala com o [nome]" in sent
    assert (lida["intent"], lida["sentimento"], lida["intensidade"]) == ("interest", "positivo", 60)
    assert lida["modelo"].endswith(" + m-2026")
    [line] = [r for r in caplog.records if r.getMessage() == "message read outside"]
    told = vars(line)
    assert (told["tokens_entrada"], told["tokens_saida"]) == (90, 9)
    assert "Gostei" not in str(told)


def test_comprehend_is_asked_for_the_masked_text(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    score = {"Positive": 0.9, "Negative": 0.0, "Neutral": 0.1, "Mixed": 0.0}
    answer = {"Sentiment": "POSITIVE", "SentimentScore": score}
    with tenant_with(settings, "comprehend", lambda _: (200, answer)) as (way, service):
        lida = reads(way.system, way.tenant_id)
    [request] = service.received
    assert json.loads(request)["Text"].startswith("Gostei! Fala com o [nome]: [número]")
    assert lida["sentimento"] == "positivo"
    assert lida["modelo"].endswith(" + comprehend")


def test_an_opt_out_that_the_embedded_model_sees_survives_any_reader(settings: Settings) -> None:
    with tenant_with(settings, "modelo_de_linguagem", lambda _: (200, completion(VALID))) as (
        way,
        _,
    ):
        lida = reads(way.system, way.tenant_id, {"text": "Parem de me mandar mensagem"})
    assert (lida["intent"], lida["descadastro"]) == ("descadastro", "certo")


def test_a_slow_reader_is_given_up_in_the_tenants_time_and_then_cut_off(
    settings: Settings,
) -> None:
    given_up = Event()

    def slow(_: str) -> tuple[int, dict[str, Any]]:
        assert given_up.wait(60), "the reading waits for the answer"
        return 200, completion(VALID)

    with tenant_with(settings, "modelo_de_linguagem", slow, tempo_limite_s=0.3) as (way, service):
        try:
            lida = reads(way.system, way.tenant_id)
            for _ in range(5):
                reads(way.system, way.tenant_id)
            asked = len(service.received)
            reads(way.system, way.tenant_id)
            still = len(service.received)
        finally:
            given_up.set()
    assert lida["motivos"][-1] == "modelo de linguagem não respondeu: leitura do modelo embutido"
    assert asked == 5, "after five failures the breaker is open"
    assert still == 5


def test_a_provider_that_the_platform_lacks_leaves_the_embedded_reading(
    settings: Settings,
) -> None:
    with built_system(settings) as system:
        way = another_tenant(system, "Conta real", sandbox=False)
        path = "/api/agents/nigredo_sentimento/activate"
        way.call("POST", path, {"config": {"provedor": "comprehend"}})
        lida = reads(system, way.tenant_id)
    assert "não respondeu" in lida["motivos"][-1]
    assert lida["modelo"].startswith("embutido ")
