"""Which tools a tenant has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alquimista.db.session import Database
from alquimista.settings import PRODUCAO, Settings
from alquimista.tools.calls import calendar_calls, chat_call
from alquimista.tools.catalogue import OutsideServices, build_registry
from alquimista.tools.contracts import CONTRACTS
from alquimista.tools.registry import unguarded
from alquimista_integrations.calendar.port import NovoEvento
from alquimista_integrations.llm.chat import ChatModel
from alquimista_integrations.sentiment.comprehend import Comprehend
from alquimista_sdk.errors import InvalidPayload, TransientError
from alquimista_sdk.models import TenantFacts

SETTINGS = Settings(home=Path("/nowhere"), master_key=bytes(32))
SANDBOX = TenantFacts(id=UUID(int=1), nome="Aurora", sandbox=True)
REAL = replace(SANDBOX, sandbox=False)
SPAN = {"inicio": "2026-11-25T10:00:00-03:00", "fim": "2026-11-25T10:30:00-03:00"}
EVENT = {"calendario_id": "principal", "event_id": "abcde", "resumo": "Conversa", **SPAN}


def _database() -> Database:
    return Database("postgresql+psycopg2://ninguem@127.0.0.1:1/nada")


class Calendar:
    """Remembers what it is asked."""

    def __init__(self) -> None:
        self.spans: list[tuple[datetime, datetime]] = []
        self.events: list[NovoEvento] = []

    def availability(
        self, calendario_id: str, inicio: datetime, fim: datetime
    ) -> list[dict[str, str]]:
        """Always free."""
        self.spans.append((inicio, fim))
        return []

    def create_event(self, evento: NovoEvento) -> dict[str, Any]:
        """Always created."""
        self.events.append(evento)
        return {"event_id": evento.event_id, "criado": True, "conflito": False}

    def cancel_event(self, calendario_id: str, event_id: str) -> bool:
        """Always there."""
        return True


def test_a_sandbox_tenant_has_a_twin_of_every_tool() -> None:
    assert build_registry(SANDBOX, _database(), SETTINGS).names == tuple(sorted(CONTRACTS))


def test_production_refuses_the_twins() -> None:
    production = replace(SETTINGS, ambiente=PRODUCAO)
    assert build_registry(SANDBOX, _database(), production).names == ()


def test_a_real_tenant_has_no_calendar_until_one_is_configured() -> None:
    without = build_registry(REAL, _database(), SETTINGS)
    outside = OutsideServices(
        google_token=lambda: "t", llm_token="k", comprehend=Comprehend("us-east-1")
    )
    assert without.names == ("enrichment.company", "llm.write")
    assert build_registry(REAL, _database(), SETTINGS, outside).names == tuple(sorted(CONTRACTS))


def test_the_writer_of_a_real_tenant_is_not_marked_sandbox() -> None:
    payload = {"tarefa": "responder_lead", "variaveis": {"contato": "Ana"}}
    for tenant in (REAL, SANDBOX):
        answer = build_registry(tenant, _database(), SETTINGS).call("llm.write", payload)
        assert answer["sandbox"] is tenant.sandbox


def test_made_up_facts_reach_only_a_sandbox_tenant() -> None:
    twin = build_registry(SANDBOX, _database(), SETTINGS, porta=lambda _: None)
    answer = twin.call(
        "enrichment.company", {"cnpj": None, "empresa": "Padaria Sol", "email": None, "uf": "SP"}
    )
    assert answer["sandbox"] is True
    unreachable = OutsideServices(receita_url="http://127.0.0.1:1")
    registry = build_registry(
        REAL,
        _database(),
        SETTINGS,
        unreachable,
        sleep=lambda _: None,
        guard=unguarded,
        porta=lambda _: None,
    )
    with pytest.raises(TransientError):
        registry.call("enrichment.company", {"cnpj": "19131243000197", "empresa": "Aurora"})


def test_times_reach_the_calendar_in_utc() -> None:
    calendar = Calendar()
    calls = calendar_calls(calendar, sandbox=True)
    assert calls["calendar.availability"]({"calendario_id": "p", **SPAN}) == {
        "ocupados": [],
        "sandbox": True,
    }
    assert calls["calendar.create_event"](EVENT)["criado"] is True
    assert calls["calendar.cancel_event"](EVENT) == {"cancelado": True, "sandbox": True}
    inicio = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    assert calendar.spans[0][0] == calendar.events[0].inicio == inicio


@pytest.mark.parametrize(
    "span",
    [
        {"inicio": "2026-11-25T10:00:00", "fim": SPAN["fim"]},
        {"inicio": "amanhã", "fim": SPAN["fim"]},
        {"inicio": SPAN["fim"], "fim": SPAN["inicio"]},
    ],
)
def test_a_time_without_zone_or_order_is_refused(span: dict[str, str]) -> None:
    calendar = Calendar()
    with pytest.raises(InvalidPayload):
        calendar_calls(calendar, sandbox=True)["calendar.create_event"]({**EVENT, **span})
    assert calendar.events == []


def test_a_model_that_cannot_be_reached_is_transient() -> None:
    call = chat_call(ChatModel("http://127.0.0.1:1", "k", "m"), lambda payload: payload)
    with pytest.raises(TransientError):
        call({"tarefa": "responder_lead", "variaveis": {}})
