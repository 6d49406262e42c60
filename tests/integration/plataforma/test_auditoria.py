"""The audit log: nothing in it can be changed unnoticed, and its people can read and export it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from alquimista.db.session import Database
from alquimista.plataforma.audit.origin import Origem, origin
from alquimista.plataforma.audit.service import SISTEMA, Ator, record
from alquimista.plataforma.audit.verify import verify
from tests.conftest import TestTenant
from tests.database import Server, Urls
from tests.integration.api.world import another_tenant, assert_error, audited, open_way
from tests.integration.conftest import Way
from tests.integration.linha_de_comando.conftest import Command, command
from tests.integration.test_main_way import import_leads, lead_named

__all__ = ["command"]
LOGS = "alquimista_platform.audit_logs"
LINKS = "alquimista_platform.audit_links"
HEADS = "alquimista_platform.audit_heads"
NTH = f"(SELECT id FROM {LINKS} WHERE numero = {{}})"


@pytest.fixture
def log(database: Database, tenant: TestTenant) -> UUID:
    """Ten entries in five transactions."""
    for number in range(5):
        with database.unit_of_work(tenant.id) as uow:
            for half in "ab":
                detalhes = {"n": number, "texto": "ação; 'aspas' \\ 日本"}
                record(uow, SISTEMA, f"teste.{half}", detalhes=detalhes, antes={"x": number})
    return tenant.id


def faults(engine: Engine, tenant_id: UUID) -> list[tuple[str, int]]:
    """What the verification finds, by kind and place."""
    with engine.connect() as connection:
        return [(fault.kind, fault.numero) for fault in verify(connection, tenant_id).faults]


def test_an_untouched_log_is_whole(owner_engine: Engine, log: UUID, other_tenant: object) -> None:
    with owner_engine.connect() as connection:
        found = verify(connection, log)
    assert (found.numero, found.faults) == (10, ())
    assert len(found.hash) == 64


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (f"UPDATE {LOGS} SET resultado = 'x' WHERE id = {NTH.format(4)}", [("changed", 4)]),
        (f"UPDATE {LOGS} SET antes = NULL WHERE id = {NTH.format(2)}", [("changed", 2)]),
        (f"UPDATE {LOGS} SET rede = '10.0.0.1' WHERE id = {NTH.format(9)}", [("changed", 9)]),
        (
            f"UPDATE {LOGS} SET created_at = created_at + interval '1 us' "
            f"WHERE id = {NTH.format(1)}",
            [("changed", 1)],
        ),
        (f"DELETE FROM {LOGS} WHERE id = {NTH.format(3)}", [("missing", 3)]),
        (f"DELETE FROM {LOGS} WHERE id = {NTH.format(10)}", [("missing", 10)]),
        (
            f"WITH gone AS (DELETE FROM {LINKS} WHERE numero = 5 RETURNING id) "
            f"DELETE FROM {LOGS} WHERE id IN (SELECT id FROM gone)",
            [("gap", 5)],
        ),
        (
            f"WITH gone AS (DELETE FROM {LINKS} WHERE numero > 8 RETURNING id) "
            f"DELETE FROM {LOGS} WHERE id IN (SELECT id FROM gone)",
            [("truncated", 10)],
        ),
        (f"DELETE FROM {LINKS} WHERE numero = 7", [("gap", 7), ("unlinked", 0)]),
        (f"UPDATE {HEADS} SET hash = repeat('a', 64)", [("truncated", 10)]),
        (f"DELETE FROM {HEADS}", [("truncated", 11)]),
        (
            f"WITH a AS (SELECT id, detalhes FROM {LOGS} WHERE id = {NTH.format(1)}), "
            f"b AS (SELECT id, detalhes FROM {LOGS} WHERE id = {NTH.format(6)}) "
            f"UPDATE {LOGS} l SET detalhes = CASE WHEN l.id = a.id THEN b.detalhes "
            "ELSE a.detalhes END FROM a, b WHERE l.id IN (a.id, b.id)",
            [("changed", 1), ("changed", 6)],
        ),
    ],
    ids=[
        "result",
        "before",
        "network",
        "moment",
        "entry",
        "newest-entry",
        "entry-and-link",
        "tail",
        "link",
        "head",
        "no-head",
        "exchanged",
    ],
)
def test_what_even_the_owner_changes_is_found(
    owner_engine: Engine, log: UUID, attack: str, found: list[tuple[str, int]]
) -> None:
    with owner_engine.begin() as connection:
        connection.execute(text(attack))
    assert faults(owner_engine, log) == found


def test_a_chain_that_was_computed_anew_misses_the_head_noted_before(
    owner_engine: Engine, log: UUID
) -> None:
    with owner_engine.connect() as connection:
        noted = verify(connection, log)
    point = (noted.numero, noted.hash)
    with owner_engine.begin() as connection:
        connection.execute(text(f"UPDATE {LOGS} SET resultado = 'x' WHERE id = {NTH.format(4)}"))
        connection.execute(text(f"DELETE FROM {LINKS}"))
        connection.execute(text(f"DELETE FROM {HEADS}"))
        connection.execute(
            text(
                "SELECT alquimista_platform.audit_append(tenant_id, id) FROM "
                f"(SELECT tenant_id, id FROM {LOGS} ORDER BY created_at, id) AS entries"
            )
        )
    with owner_engine.connect() as connection:
        assert verify(connection, log).faults == ()
        assert [fault.kind for fault in verify(connection, log, point).faults] == ["forged"]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {LOGS} SET resultado = 'x'",
        f"DELETE FROM {LOGS}",
        f"TRUNCATE {LOGS}",
        f"UPDATE {LINKS} SET hash = ''",
        f"DELETE FROM {LINKS}",
        f"INSERT INTO {LINKS} (tenant_id, id, numero, hash) "
        "VALUES (gen_random_uuid(), gen_random_uuid(), 1, '')",
        f"UPDATE {HEADS} SET numero = 0",
        f"DELETE FROM {HEADS}",
        "SELECT alquimista_platform.audit_append(gen_random_uuid(), gen_random_uuid())",
        f"ALTER TABLE {LOGS} DISABLE TRIGGER audit_chain",
        "SET session_replication_role = replica",
    ],
)
def test_the_app_login_may_only_add(
    database: Database, log: UUID, owner_engine: Engine, statement: str
) -> None:
    with pytest.raises(ProgrammingError), database.unit_of_work(log) as uow:
        uow.connection.execute(text(statement))
    assert faults(owner_engine, log) == []


def test_entries_of_transactions_at_once_are_one_chain(
    database: Database, tenant: TestTenant, owner_engine: Engine
) -> None:
    def write(number: int) -> None:
        with database.unit_of_work(tenant.id) as uow:
            record(uow, SISTEMA, "ao.mesmo.tempo", detalhes={"n": number})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(60)))
    with owner_engine.connect() as connection:
        found = verify(connection, tenant.id)
    assert (found.numero, found.faults) == (60, ())


def test_a_transaction_that_fails_leaves_no_entry_and_no_link(
    database: Database, log: UUID, owner_engine: Engine
) -> None:
    with pytest.raises(ZeroDivisionError), database.unit_of_work(log) as uow:
        record(uow, SISTEMA, "teste.c")
        raise ZeroDivisionError
    with owner_engine.connect() as connection:
        assert verify(connection, log).numero == 10


def test_an_entry_carries_where_it_comes_from(database: Database, log: UUID) -> None:
    trace = uuid4()
    with origin(Origem("203.0.113.7", trace)), database.unit_of_work(log) as uow:
        record(uow, SISTEMA, "de.fora")
    with database.unit_of_work(log) as uow:
        [row] = uow.connection.execute(
            text(f"SELECT rede, trace_id FROM {LOGS} WHERE action_type = 'de.fora'")
        )
    assert tuple(row) == ("203.0.113.7", trace)


def test_values_of_a_lead_are_never_kept_in_clear(database: Database, log: UUID) -> None:
    with database.unit_of_work(log) as uow, pytest.raises(ValueError, match="chaves"):
        record(uow, SISTEMA, "x", alvo_tipo="lead", alvo_id=uuid4(), antes={"email": "a@b.c"})


def test_the_command_says_whole_or_what_is_wrong(
    command: Command, fresh_database: Urls, owner_engine: Engine, log: UUID
) -> None:
    whole = command("audit", "verify", urls=fresh_database)
    assert whole.exit_code == 0, whole.output
    assert "10 entradas" in whole.output and "íntegra" in whole.output
    noted = f"10:{whole.output.split()[3]}"
    same = command("audit", "verify", "--tenant", str(log), "--anotado", noted, urls=fresh_database)
    assert same.exit_code == 0, same.output
    assert command("audit", "verify", "--anotado", noted, urls=fresh_database).exit_code == 1
    with owner_engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {LOGS} WHERE id = {NTH.format(3)}"))
    broken = command("audit", "verify", urls=fresh_database)
    assert broken.exit_code == 1
    assert "entrada apagada: nº 3" in broken.output
    as_json = command("audit", "verify", "--json", urls=fresh_database)
    assert '"kind": "missing"' in as_json.output


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant with leads of its own."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("trilha")) as way:
        import_leads(way)
        yield way


def test_the_log_is_read_by_filters_page_by_page(mundo: Way) -> None:
    lead = lead_named(mundo, "Empresa Teste")
    mundo.call("POST", f"/api/leads/{lead['id']}/converter", {"valor_centavos": 5})
    me = mundo.call("GET", "/api/me")["usuario"]["id"]
    path = f"/api/auditoria?alvo_id={lead['id']}&action_type=conversao&ator_id={me}"
    [entry] = mundo.call("GET", path)["itens"]
    assert (entry["ator_tipo"], entry["resultado"]) == ("pessoa", "ok")
    assert entry["rede"] == "127.0.0.1"
    assert entry["trace_id"]
    everything = mundo.call("GET", "/api/auditoria?limite=200")["itens"]
    first = mundo.call("GET", "/api/auditoria?limite=2")
    rest = mundo.call("GET", f"/api/auditoria?limite=200&cursor={first['proximo']}")
    assert first["itens"] + rest["itens"] == everything
    moment = entry["created_at"].replace("+", "%2B")
    assert mundo.call("GET", f"{path}&ate={moment}")["itens"] == []
    assert mundo.call("GET", f"{path}&desde={moment}")["itens"] == [entry]
    assert_error(mundo.response("GET", f"/api/auditoria?cursor={first['proximo']}x"), 422)


def test_what_a_lead_was_before_is_shown_until_it_is_forgotten(mundo: Way) -> None:
    lead = lead_named(mundo, "Moldes Norte")
    mundo.call("POST", f"/api/leads/{lead['id']}/descadastro", {})
    path = f"/api/auditoria?alvo_id={lead['id']}&action_type=descadastro"
    [entry] = mundo.call("GET", path)["itens"]
    assert entry["antes"] == {"status": lead["status"]}
    assert entry["depois"] == {"status": "descadastrado"}
    [stored] = mundo.rows(f"SELECT antes FROM {LOGS} WHERE id = '{entry['id']}'")
    assert set(stored.antes) == {"cifrado"}
    mundo.call("POST", f"/api/leads/{lead['id']}/esquecimento")
    [forgotten] = mundo.call("GET", path)["itens"]
    assert forgotten["antes"] == forgotten["depois"] == {"apagado": True}


def test_the_export_holds_every_entry_and_no_formula(mundo: Way) -> None:
    with mundo.uow() as uow:
        record(uow, Ator("pessoa", "=HYPERLINK(1)"), "+x", detalhes={"a": "=1"})
    response = mundo.response("GET", "/api/auditoria/exportacao.csv")
    assert response.mimetype == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    body = response.get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body, newline=""), delimiter=";"))
    [planted] = [row for row in rows if row["action_type"] == "'+x"]
    assert planted["ator_id"] == "'=HYPERLINK(1)"
    count = mundo.rows(f"SELECT count(*) AS n FROM {LOGS}")[0].n
    assert len(rows) == count
    only = mundo.response("GET", "/api/auditoria/exportacao.csv?action_type=conversao")
    assert only.get_data().count(b"\r\n") == 1 + len(audited(mundo, "conversao"))


def test_a_refused_permission_is_audited_once_an_hour(mundo: Way) -> None:
    viewer = another_tenant(mundo.system, "Curiosa", papel="viewer")
    for _ in range(3):
        assert_error(viewer.response("GET", "/api/auditoria"), 403)
    [entry] = audited(viewer, "acesso.negado")
    assert entry.detalhes == {"permissao": "audit:read", "endpoint": "GET /api/auditoria"}
    assert entry.resultado == "recusado"


def test_the_logs_of_all_tenants_are_whole_after_a_day_of_work(mundo: Way) -> None:
    engine = create_engine(mundo.system.settings.owner_dsn)
    with engine.connect() as connection:
        found = verify(connection, mundo.tenant_id)
    engine.dispose()
    assert found.faults == ()
    assert found.numero > 5


def test_the_command_finds_the_sound_and_the_broken_tenant_apart(
    command: Command,
    fresh_database: Urls,
    database: Database,
    owner_engine: Engine,
    log: UUID,
    new_tenant: Callable[[str], TestTenant],
) -> None:
    other = new_tenant("Gama")
    with database.unit_of_work(other.id) as uow:
        record(uow, SISTEMA, "outra")
    with owner_engine.begin() as connection:
        connection.execute(
            text(f"DELETE FROM {LINKS} WHERE tenant_id = :other"), {"other": other.id}
        )
    assert faults(owner_engine, log) == []
    assert faults(owner_engine, other.id) == [("truncated", 1), ("unlinked", 0)]
    assert command("audit", "verify", "--tenant", "Gama", urls=fresh_database).exit_code == 1
    tidy = command("audit", "verify", "--tenant", str(log), urls=fresh_database)
    assert tidy.exit_code == 0
