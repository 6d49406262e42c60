"""``alquimista bus``, as typed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from alquimista.db.session import Database
from alquimista.runtime.topology import DEMO_QUEUE
from fibonacci_bus import (
    ErrorClass,
    Event,
    Queue,
    QueueReader,
    Rule,
    Topology,
    declared,
    publish,
    topology_of,
)
from fibonacci_bus.aws import declare
from fibonacci_bus.aws.entry import Address, body_of
from tests.conftest import TestTenant
from tests.database import ROOT, Urls
from tests.integration.bus.aws.cloud import events_client, provision, sqs_client, unique_bus
from tests.integration.bus.aws.conftest import endpoint
from tests.integration.linha_de_comando.conftest import Command

__all__ = ["endpoint"]
TOPOLOGY = Topology([Queue(DEMO_QUEUE)], [Rule("demo", {"source": ["fibonacci.demo"]}, DEMO_QUEUE)])


class Bus:
    """A tenant's bus, filled by hand."""

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self.database = database
        self.tenant_id = tenant_id
        self.reader = QueueReader(database.relay_engine, TOPOLOGY)

    def publish(self, *types: str, source: str = "fibonacci.demo") -> list[Event]:
        """Publish events with personal data in them."""
        events = [
            Event(
                id=uuid4(),
                source=source,
                type=type_,
                detail={"email": "maria@cliente.com.br", "nota": "ligar (11) 98765-4321"},
                tenant_id=self.tenant_id,
                trace_id=uuid4(),
                occurred_at=datetime.now(UTC),
            )
            for type_ in types
        ]
        with self.database.scope(self.tenant_id) as connection:
            publish(connection, events, TOPOLOGY)
        return events

    def kill(self) -> None:
        """Send what waits to the dead letters."""
        for message in self.reader.receive([DEMO_QUEUE]):
            error = "falhou para maria@cliente.com.br"
            self.reader.dead_letter(message, ErrorClass.PERMANENT, error)

    def count(self, table: str) -> int:
        """Rows of a table of the bus."""
        with self.database.scope(self.tenant_id) as connection:
            found: int = connection.execute(
                text(f"SELECT count(*) FROM fibonacci_core.{table}")
            ).scalar_one()
        return found

    def waiting(self) -> int:
        """What waits on the queue."""
        return self.reader.depth()[DEMO_QUEUE].waiting


@pytest.fixture
def bus(database: Database, tenant: TestTenant) -> Bus:
    """The bus of tenant A."""
    return Bus(database, tenant.id)


def test_status_tells_what_waits_and_what_died(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    bus.publish("um")
    bus.kill()
    bus.publish("dois", "tres")
    shown = command("bus", "status", urls=fresh_database)
    assert shown.exit_code == 0, shown.output
    assert DEMO_QUEUE in shown.stdout
    assert "3 eventos publicados em 60 min." in shown.stdout
    found = json.loads(command("bus", "status", "--json", urls=fresh_database).stdout)
    assert [(q["queue"], q["waiting"]) for q in found["queues"]] == [(DEMO_QUEUE, 2)]
    assert [(c["buried"], c["pending"]) for c in found["consumers"]] == [(1, 1)]


def test_status_of_one_tenant_by_name(
    command: Command, bus: Bus, fresh_database: Urls, other_tenant: TestTenant
) -> None:
    bus.publish("um")
    for name, waiting in (("Alfa Indústria", 1), (str(other_tenant.id), 0)):
        shown = command("bus", "status", "--json", "--tenant", name, urls=fresh_database)
        queues = json.loads(shown.stdout)["queues"]
        assert sum(queue["waiting"] for queue in queues) == waiting


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tail", "--tenant", "Ninguém"), "não há tenant com id ou nome 'Ninguém'"),
        (("tail",), "há mais de um tenant assim; escolha um por id com --tenant"),
        (("tail", "--pattern", "{"), "--pattern não é JSON"),
        (("tail", "--pattern", '{"source": "x"}'), "--pattern: "),
        (("replay", "--tenant", "Alfa Indústria", "--desde", "ontem"), "--desde: use data e hora"),
        (("replay", "--tenant", "Alfa Indústria", "--fila", "nada"), "não há fila nada; há "),
    ],
)
def test_what_was_typed_wrong_is_told(
    command: Command,
    bus: Bus,
    fresh_database: Urls,
    other_tenant: TestTenant,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    result = command("bus", *arguments, urls=fresh_database)
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith(f"Erro: {said}")


def test_tail_shows_the_past_by_pattern_and_no_personal_data(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    bus.publish("um", "dois")
    pattern = '{"detail-type": ["dois"]}'
    shown = command(
        *("bus", "tail", "--desde", "5", "--pattern", pattern, "--segundos", "0", "--json"),
        urls=fresh_database,
    )
    [line] = [json.loads(line) for line in shown.stdout.splitlines()]
    assert (line["source"], line["type"]) == ("fibonacci.demo", "dois")
    assert "maria" not in shown.stdout
    assert "98765" not in shown.stdout
    plain = command("bus", "tail", "--desde", "5", "--limite", "1", urls=fresh_database)
    assert plain.stdout.count("\n") == 1
    assert "fibonacci.demo.um" in plain.stdout


def test_tail_follows_what_another_process_publishes(
    bus: Bus, fresh_database: Urls, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "alquimista.cli", "bus", "tail", "--limite", "3"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "ALQUIMISTA_HOME": str(tmp_path),
            "DATABASE_URL": fresh_database.owner,
            "APP_DATABASE_URL": fresh_database.app,
            "RELAY_DATABASE_URL": fresh_database.relay,
        },
    )
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        bus.publish("agora")
        time.sleep(0.2)
    said, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert said.count("fibonacci.demo.agora") == 3


def test_dead_letters_are_listed_masked_and_sent_again(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    assert "Não há mensagens mortas." in command("bus", "dead-letters", urls=fresh_database).stdout
    bus.publish("um")
    bus.kill()
    shown = command("bus", "dead-letters", urls=fresh_database)
    assert "permanent: falhou para [e-mail]" in shown.stdout
    [row] = json.loads(command("bus", "dead-letters", "--json", urls=fresh_database).stdout)
    again = ("bus", "dead-letters", "--redrive", row["id"])
    assert (
        command(*again, urls=fresh_database).stdout == f"Mensagem {row['id']} devolvida à fila.\n"
    )
    assert bus.waiting() == 1
    refused = command(*again, urls=fresh_database)
    assert (refused.exit_code, "já foi reenviada" in refused.stderr) == (1, True)
    listed = command("bus", "dead-letters", "--todas", urls=fresh_database).stdout
    assert "(reenviada)" in listed


def test_a_replay_is_only_shown_until_it_is_to_be_done(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    bus.publish("um", "dois")
    base = ("bus", "replay", "--com-efeitos", "--pattern", '{"source": ["fibonacci.demo"]}')
    shown = command(*base, urls=fresh_database)
    assert shown.exit_code == 0, shown.output
    assert "2 eventos a repetir" in shown.stdout
    assert "Acrescente --executar para repetir." in shown.stdout
    assert (bus.waiting(), bus.count("events")) == (2, 2)
    done = command(*base, "--executar", "--nome", "teste", urls=fresh_database)
    assert "Repetição teste: 2 eventos repetidos, com efeitos externos." in done.stdout
    assert "Repetindo" in done.stderr
    assert bus.waiting() == 4
    again = command(*base, "--executar", "--nome", "teste", urls=fresh_database)
    assert "Já repetidos antes com este nome: 2." in again.stdout
    assert bus.waiting() == 4


def test_without_effects_nothing_goes_to_the_platforms_own_queues(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    bus.publish("um")
    shown = command("bus", "replay", "--executar", urls=fresh_database)
    assert "0 eventos repetidos, sem efeitos externos." in shown.stdout


def test_a_replay_of_dead_letters_of_a_time(
    command: Command, bus: Bus, fresh_database: Urls
) -> None:
    [event] = bus.publish("um")
    bus.kill()
    options = ("--mensagens-mortas", "--com-efeitos", "--executar", "--fila", DEMO_QUEUE)
    late = command("bus", "replay", *options, "--desde", "2999-01-01", urls=fresh_database)
    assert ": 0 eventos repetidos" in late.stdout
    early = ("--ate", "2999-01-01T00:00:00-03:00", "--rastreio", str(event.trace_id))
    done = command("bus", "replay", *options, *early, urls=fresh_database)
    assert ": 1 evento repetido, com efeitos externos." in done.stdout
    assert bus.waiting() == 1


def test_purge_tells_what_went(
    command: Command, bus: Bus, fresh_database: Urls, owner_engine: Engine
) -> None:
    bus.publish("um")
    bus.kill()
    assert "dead_letters: 0 apagadas" in command("bus", "purge", urls=fresh_database).stdout
    with owner_engine.begin() as connection:
        connection.execute(
            text("UPDATE fibonacci_core.dead_letters SET died_at = died_at - interval '15 days'")
        )
    shown = command("bus", "purge", "--tenant", "Alfa Indústria", urls=fresh_database)
    assert shown.exit_code == 0, shown.output
    assert "dead_letters: 1 apagadas" in shown.stdout
    assert (bus.count("dead_letters"), bus.count("events")) == (0, 1)


def test_the_declaration_is_the_one_that_the_system_runs_on(
    command: Command, fresh_database: Urls
) -> None:
    shown = command("bus", "declaration", urls=fresh_database)
    told = json.loads(shown.stdout)
    assert declared(topology_of(told)) == told
    assert {"alquimista_disparos", "nigredo_recebimento"} <= {q["name"] for q in told["queues"]}
    on_aws = json.loads(command("bus", "declaration", "--aws", urls=fresh_database).stdout)
    assert [queue["queue"] for queue in on_aws["queues"]] == [q["name"] for q in told["queues"]]
    assert len(on_aws["rules"]) == len(told["rules"])


def test_on_aws_the_commands_show_the_queues_and_dead_letters_of_sqs(
    command: Command,
    bus: Bus,
    fresh_database: Urls,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fibonacci_bus.aws.dead_letters.REDRIVE_DELAY_SECONDS", 0)
    bus_name, prefix = unique_bus()
    for name, value in {
        "ALQUIMISTA_BUS": "aws",
        "ALQUIMISTA_BUS_NAME": bus_name,
        "ALQUIMISTA_QUEUE_PREFIX": prefix,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }.items():
        monkeypatch.setenv(name, value)
    client, sqs = events_client(endpoint), sqs_client(endpoint)
    told = json.loads(command("bus", "declaration").stdout)
    declared_there = declare(topology_of(told), bus_name=bus_name, prefix=prefix)
    provision(client, sqs, declared_there)
    queue = declared_there.queue("nigredo_relatorios")
    [event] = bus.publish("um")
    dead = sqs.get_queue_url(QueueName=queue.dead_letter_name)["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody=body_of(Address(bus.tenant_id, event.id, None)))
    [row] = json.loads(command("bus", "dead-letters", "--json", urls=fresh_database).stdout)
    assert (row["queue"], row["event_id"]) == ("nigredo_relatorios", str(event.id))
    done = command("bus", "dead-letters", "--redrive", row["id"], urls=fresh_database)
    assert done.stdout == f"Mensagem {row['id']} devolvida à fila.\n", done.output
    [shown] = json.loads(command("bus", "status", "--json", urls=fresh_database).stdout)["queues"]
    assert (shown["queue"], shown["waiting"]) == ("nigredo_relatorios", 1)
    client.close()
    sqs.close()
