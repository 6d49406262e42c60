"""The count of ``make chaos`` sees each kind of damage, and nothing where there is none."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from alquimista.runtime.topology import SENDER_QUEUE
from tests.database import Urls
from tests.faults.count import count
from tests.faults.place import DONE, ORDERS, Place, fill

KEY = "lead-0-0"
EVENTS = 3
ONE = "(SELECT event_id FROM caos.pedidos WHERE numero = 2)"
DAMAGE = {
    "lost": f"DELETE FROM fibonacci_core.events WHERE id = {ONE}",
    "from nowhere": "INSERT INTO caos.pedidos VALUES (gen_random_uuid(), 'lead-0-0', 9)",
    "not handled": f"DELETE FROM caos.efeitos WHERE event_id = {ONE}",
    "handled twice": "INSERT INTO caos.efeitos (consumer, event_id, chave, numero, attempt) "
    f"SELECT consumer, event_id, chave, numero, 2 FROM caos.efeitos WHERE event_id = {ONE}",
    "handled, not published": "INSERT INTO caos.efeitos (consumer, event_id, chave, numero, "
    "attempt) VALUES ('carga', gen_random_uuid(), 'lead-0-0', 9, 1)",
    "causes without their one event": "DELETE FROM fibonacci_core.events "
    f"WHERE causation_id = {ONE}",
    "out of order": "UPDATE caos.efeitos SET numero = CASE numero WHEN 2 THEN 3 ELSE 2 END "
    "WHERE numero > 1",
    "left on a queue": "INSERT INTO fibonacci_core.queue_messages (tenant_id, queue, event_id, "
    "visible_at) SELECT tenant_id, 'carga', id, now() FROM fibonacci_core.events LIMIT 1",
    "left unfinished": "UPDATE fibonacci_core.inbox SET status = 'failed'",
    "dead letters": "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, "
    "error_class, error_text, receives) SELECT id, tenant_id, 'carga', id, 'transient', 'x', 3 "
    "FROM fibonacci_core.events LIMIT 1",
    "messages not planned once": "DELETE FROM nigredo_leads.disparos "
    f"WHERE chave_idempotencia = {ONE}::text",
    "messages in no known state": "UPDATE nigredo_leads.disparos SET status = 'enviando'",
    "uncertain though they could be asked about": "UPDATE nigredo_leads.disparos "
    "SET status = 'incerto'",
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run in which all went well, and what arrived outside."""

    place: Place
    arrived: dict[str, int]

    def damage(self, statement: str) -> None:
        """Do what must be seen."""
        with self.place.superuser() as connection:
            connection.execute(text(statement))

    def short(self) -> list[str]:
        """The targets that are not met."""
        found = count(self.place, self.arrived)
        return [target.name for target in found.targets if target.figure]


@pytest.fixture
def run(fresh_database: Urls, tmp_path: Path) -> Run:
    """Three events of one key, each handled, each with its message."""
    place = Place(
        folder=tmp_path,
        owner=fresh_database.owner,
        admin=fresh_database.admin,
        app=fresh_database.app,
        relay=fresh_database.relay,
        tenants=(uuid4(), uuid4()),
        world_port=0,
        seed=1,
    )
    fill(place)
    ids = [_can_be_asked() for _ in range(EVENTS)]
    with place.superuser() as connection:
        for number, event_id in enumerate(ids, start=1):
            values = {"tenant": place.tenants[0], "id": event_id, "done": uuid4(), "n": number}
            for statement in _STORY:
                connection.execute(text(statement), values)
    names = [str(event_id) for event_id in ids]
    lines = [{"ids": names, "key": KEY}, {"committed": names}]
    (tmp_path / "tried-0.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Run(place, dict.fromkeys(names, 1))


def _can_be_asked() -> UUID:
    while True:
        event_id = uuid4()
        if zlib.crc32(str(event_id).encode()) % 2 == 0:
            return event_id


_STORY = (
    f"INSERT INTO caos.pedidos VALUES (:id, '{KEY}', :n)",
    *(
        "INSERT INTO fibonacci_core.events (id, tenant_id, source, type, detail, ordering_key, "
        "trace_id, causation_id, depth, occurred_at, status) "
        f"VALUES ({id_}, :tenant, '{source}', 'novo', '{{}}', '{KEY}', :id, {cause}, 0, now(), "
        "'enviado')"
        for id_, source, cause in ((":id", "caos.pedido", "NULL"), (":done", "caos.feito", ":id"))
    ),
    *(
        "INSERT INTO fibonacci_core.inbox (tenant_id, event_id, consumer, status, attempts, token, "
        f"lease_until) VALUES (:tenant, {id_}, '{consumer}', 'done', 1, :id, now())"
        for id_, consumer in ((":id", ORDERS), (":done", DONE), (":id", SENDER_QUEUE))
    ),
    *(
        "INSERT INTO caos.efeitos (consumer, event_id, chave, numero, attempt) "
        f"VALUES ('{consumer}', {id_}, '{KEY}', :n, 1)"
        for id_, consumer in ((":id", ORDERS), (":done", DONE))
    ),
    "INSERT INTO nigredo_leads.disparos (id, tenant_id, tipo, canal, mensagem, assunto, "
    "chave_idempotencia, status, enviar_em, trace_id, created_at, tentativa, anexos, verificacoes, "
    "adiamentos) VALUES (:id, :tenant, 'interno', 'email', '', '', CAST(:id AS uuid)::text, "
    "'enviado', now(), :id, now(), 0, '[]', '[]', 0)",
)


def test_a_run_without_damage_meets_every_target(run: Run) -> None:
    assert run.short() == []


@pytest.mark.parametrize("name", DAMAGE)
def test_the_count_sees_damage_in_the_database(run: Run, name: str) -> None:
    run.damage(DAMAGE[name])
    assert name in run.short()


def test_the_count_sees_a_message_that_arrived_twice(run: Run) -> None:
    run.arrived[next(iter(run.arrived))] = 2
    assert "sent twice" in run.short()
