"""The seven agents with the bus on AWS: the app and the functions of SQS's queues, on moto.

moto matches rules, counts receives and hides messages; permissions, rates and the polling of AWS
itself are not shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from alquimista.runtime.homes import AwsHome
from alquimista.runtime.topology import WEBHOOK_QUEUE
from alquimista.settings import Aws, Settings
from alquimista.workers import WorkerThreads
from alquimista_sdk.errors import PermanentError
from fibonacci_bus.aws import BusDeclaration, declare
from tests.database import Urls
from tests.integration.api.world import another_tenant
from tests.integration.bus.aws.cloud import (
    Pump,
    events_client,
    provision,
    sqs_client,
    unique_bus,
)
from tests.integration.bus.aws.conftest import endpoint
from tests.integration.conftest import Way, settings_of
from tests.integration.test_main_way import import_leads, lead_named

__all__ = ["endpoint"]
QUIET_SECONDS = 2.5
"""A busy key's copy is delayed by a second, rounded up."""


@pytest.fixture
def settings(
    fresh_database: Urls, tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a bus on AWS, at moto's server."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }.items():
        monkeypatch.setenv(name, value)
    bus_name, prefix = unique_bus()
    aws = Aws(home=True, bus_name=bus_name, queue_prefix=prefix)
    return replace(settings_of(fresh_database, tmp_path), aws=aws)


class Functions:
    """A function for each queue, fed as AWS feeds it."""

    def __init__(self, way: Way, endpoint: str) -> None:
        self.way = way
        aws = way.system.settings.aws
        self.declared: BusDeclaration = declare(
            way.system.topology, bus_name=aws.bus_name, prefix=aws.queue_prefix
        )
        self.events, self.sqs = events_client(endpoint), sqs_client(endpoint)
        provision(self.events, self.sqs, self.declared)
        self.pump = Pump(self.sqs, way.system.sqs_handler())
        self.invoked: set[str] = set()

    def drain(self) -> None:
        """Fire timers and feed the functions until nothing is visible, hidden or delayed."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            busy = self.way.system.ticker.tick() > 0
            depth = self.way.system.services.queues.depth()
            for queue in self.declared.queues:
                if queue.queue in self.way.system.consumers and depth[queue.queue].waiting:
                    url = self.sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
                    busy |= self._feed(queue.queue, url)
            if busy:
                quiet_since = time.monotonic()
            elif not any(d.in_flight or d.delayed for d in depth.values()):
                return
            else:
                time.sleep(0.1)

    def _feed(self, queue: str, url: str) -> bool:
        failed = self.pump.invoke(url)
        if failed is None:
            return False
        self.invoked.add(queue)
        return True

    def close(self) -> None:
        """Close the clients."""
        self.events.close()
        self.sqs.close()


@pytest.fixture
def functions(way: Way, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """The functions, which do the way's work from now on."""
    made = Functions(way, endpoint)
    monkeypatch.setattr(Way, "drain", lambda self: made.drain())
    yield made
    made.close()


def test_five_posted_leads_lead_to_a_booked_meeting_by_eventbridge_and_sqs(
    way: Way, functions: Functions
) -> None:
    import_leads(way)
    assert {c["status"] for c in way.call("GET", "/api/campanhas")["itens"]} == {"ativa"}
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    assert lead["status"] == "contatado"
    for said in ("Tenho interesse, vamos agendar", "pode ser o 2"):
        way.call("POST", "/api/sandbox/respostas", {"lead_id": lead["id"], "mensagem": said})
        way.advance(timedelta(minutes=2))
    booked = way.call("GET", f"/api/agendamentos?lead_id={lead['id']}")["itens"]
    assert [item["status"] for item in booked] == ["confirmado"]
    assert lead_named(way, "Empresa Teste")["status"] == "agendado"
    way.advance(timedelta(days=1))
    assert way.rows("SELECT 1 FROM nigredo_leads.metricas_diarias") != []
    assert functions.invoked == way.system.consumers.keys() - {"nigredo_sentimento", WEBHOOK_QUEUE}
    statuses = way.rows("SELECT DISTINCT status FROM fibonacci_core.events")
    assert [row.status for row in statuses] == ["enviado"]
    assert way.rows("SELECT 1 FROM fibonacci_core.queue_messages") == []
    for queue in functions.declared.queues:
        url = functions.sqs.get_queue_url(QueueName=queue.dead_letter_name)["QueueUrl"]
        assert "Messages" not in functions.sqs.receive_message(QueueUrl=url), queue.queue


def test_what_the_push_left_is_found_by_the_sweep_and_handled(
    way: Way, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = way.system.home
    assert isinstance(home, AwsHome)

    def away(**_: Any) -> None:
        raise functions.events.exceptions.ClientError(
            {"Error": {"Code": "Throttling"}}, "PutEvents"
        )

    with monkeypatch.context() as patch:
        patch.setattr(home._events, "put_events", away)
        way.call("POST", "/api/leads", [{"empresa": "A", "email": "a@exemplo.com.br"}], status=202)
    functions.drain()
    assert functions.invoked == set()
    way.rows("SELECT 1")
    assert home._publisher.sweep(way.system.database.relay_engine, older_than=timedelta(0)) == 1
    functions.drain()
    assert "nigredo_recebimento" in functions.invoked


def test_a_process_of_its_own_polls_the_queues(way: Way, functions: Functions) -> None:
    working = WorkerThreads(way.system, threads=1, tick_seconds=0.1)
    working.start()
    try:
        way.call("POST", "/api/leads", [{"empresa": "A", "email": "a@exemplo.com.br"}], status=202)
        deadline = time.monotonic() + 60
        while not way.call("GET", "/api/campanhas?status=rascunho")["itens"]:
            assert working.failed is None
            assert time.monotonic() < deadline, way.system.services.queues.depth()
            time.sleep(0.2)
    finally:
        working.stop()
    assert functions.invoked == set(), "no function did it"


def test_what_died_on_sqs_is_listed_to_its_tenant_alone_and_sent_again(
    way: Way, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fibonacci_bus.aws.dead_letters.REDRIVE_DELAY_SECONDS", 0)
    agent = way.system.consumers["nigredo_recebimento"]
    with monkeypatch.context() as patch:

        def fail(*_: Any) -> None:
            raise PermanentError("recusado para ana@exemplo.com.br")

        patch.setattr(agent, "run", fail)
        way.call("POST", "/api/leads", [{"empresa": "A", "email": "a@exemplo.com.br"}], status=202)
        functions.drain()
    assert way.call("GET", "/api/dead-letters")["itens"] == []
    way.system.home.sweep()
    [dead] = way.call("GET", "/api/dead-letters")["itens"]
    assert (dead["queue"], dead["error_class"]) == ("nigredo_recebimento", "permanent")
    assert dead["error_text"] == "PermanentError: recusado para [e-mail]"
    other = another_tenant(way.system, "Outra Conta")
    path = f"/api/dead-letters/{dead['id']}/redrive"
    assert other.call("GET", "/api/dead-letters")["itens"] == []
    other.call("POST", path, status=404)
    way.call("POST", path, status=202)
    way.call("POST", path, status=409)
    functions.drain()
    assert way.call("GET", "/api/campanhas?status=rascunho")["itens"]
    assert way.call("GET", "/api/dead-letters?pendentes=true")["itens"] == []


def test_a_queue_that_cannot_be_reached_is_answered_503_and_the_letter_stays(
    way: Way, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = uuid4()
    with way.system.database.unit_of_work(way.tenant_id) as uow:
        uow.connection.execute(
            text(
                "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, "
                "error_class, error_text, receives) "
                "VALUES (:id, :tenant, 'fila_que_saiu', :event, 'permanent', 'x', 1)"
            ),
            {"id": letter, "tenant": way.tenant_id, "event": uuid4()},
        )
    answer = way.call("POST", f"/api/dead-letters/{letter}/redrive", status=503)
    assert answer["status"] == "fila_indisponivel"
    [row] = way.call("GET", "/api/dead-letters?pendentes=true")["itens"]
    assert row["id"] == str(letter)
