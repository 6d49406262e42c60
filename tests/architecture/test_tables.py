"""Every table of the three schemas keeps the tenancy rules."""

from __future__ import annotations

import re

from sqlalchemy import Connection, text

from alquimista.db.operations import POLICY
from alquimista.db.roles import APP, OWNER, RELAY, SCHEMAS
from alquimista.plataforma.functions import FUNCTIONS
from fibonacci_bus import ddl, revision_4
from fibonacci_bus.revision_2 import NEW_ROUTINES
from fibonacci_bus.routines import APP_ROUTINES, RELAY_ROUTINES
from tests.architecture.schema import (
    GLOBAL_TABLES,
    VERSION_TABLE,
    defaults,
    indexes,
    tables,
    tenant_tables,
    views,
)
from tests.database import ROOT

OWN_KEYS = {
    "fibonacci_core.breakers": "the key is what is cut off: (tenant_id, name)",
    "fibonacci_core.inbox": "the key is what makes a delivery one: (tenant_id, event_id, consumer)",
    "fibonacci_core.leases": "the key is what is leased: (tenant_id, consumer, ordering_key)",
    "fibonacci_core.metrics": "the key is the counter: (tenant_id, name, day)",
}
"""Tables of the bus whose primary key starts with the tenant but is not (tenant_id, id)."""
WITHOUT_VERSAO = {
    "fibonacci_core.breakers": "counted in place; a probe is guarded by its token",
    "fibonacci_core.events": "immutable",
    "fibonacci_core.inbox": "guarded by its token",
    "fibonacci_core.leases": "guarded by its token",
    "fibonacci_core.queue_messages": "guarded by its receipt",
    "fibonacci_core.timers": "a moved timer gets a new id",
}
MACHINE_TIME = {
    "fibonacci_core.dead_letters.died_at": "retention of dead letters",
    "fibonacci_core.events.published_at": "latency; business time is occurred_at",
    "fibonacci_core.inbox.claimed_at": "how long a claim is held",
    "fibonacci_core.queue_messages.enqueued_at": "age of the oldest message",
}
"""Columns whose default is a clock: machine time, each with what it is for."""
FOREIGN_TO_GLOBAL = {
    "fk_codigos_reserva_user": "users is global, and so is what is a person's own",
    "fk_links_acesso_user": "users is global, and so is what is a person's own",
    "fk_renovacoes_sessao": "a session and its tokens are one person's, whatever the tenant",
    "fk_segundo_fatores_user": "users is global, and so is what is a person's own",
    "fk_sessoes_user": "users is global, and so is what is a person's own",
    "fk_memberships_tenant": "tenants has no tenant_id: the key is the tenant itself",
    "fk_memberships_user": "users is global",
}
GLOBAL_UNIQUE = {"uq_users_email_norm": "an address logs in once, whatever the tenant"}
_CLOCK = re.compile(
    r"now\(|_timestamp|current_(date|time)|local(time|timestamp)|timeofday|uuidv7", re.IGNORECASE
)


def test_every_table_has_a_tenant_or_a_reason(catalogue: Connection) -> None:
    without = {table.name for table in tables(catalogue) if "tenant_id" not in table.columns}
    assert without == {VERSION_TABLE, *GLOBAL_TABLES}
    assert len(tenant_tables(catalogue)) >= 30


def test_the_primary_key_is_tenant_and_id(catalogue: Connection) -> None:
    keys = {index.table: index.columns for index in indexes(catalogue) if index.primary}
    wrong = {
        table.name: keys.get(table.name)
        for table in tenant_tables(catalogue)
        if keys.get(table.name) != ("tenant_id", "id")
    }
    assert set(wrong) == set(OWN_KEYS)
    assert all(key is not None and key[0] == "tenant_id" for key in wrong.values())


def test_every_row_has_a_version_or_another_guard(catalogue: Connection) -> None:
    without = {t.name for t in tenant_tables(catalogue) if "versao" not in t.columns}
    assert without == set(WITHOUT_VERSAO)


def test_row_level_security_is_enabled_and_forced(catalogue: Connection) -> None:
    open_tables = [
        table.name
        for table in tables(catalogue)
        if table.name != VERSION_TABLE and not (table.rls and table.forced)
    ]
    assert open_tables == []


def test_the_app_sees_a_tenant_table_through_the_one_policy(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            "SELECT schemaname || '.' || tablename AS name, policyname, permissive, cmd, qual, "
            "with_check FROM pg_policies WHERE :role = ANY(roles) OR 'public' = ANY(roles)"
        ),
        {"role": APP},
    ).all()
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(tuple(row[1:]))
    the_one = [("tenant", "PERMISSIVE", "ALL", POLICY, POLICY)]
    wrong = {
        table.name: found.get(table.name)
        for table in tenant_tables(catalogue)
        if found.get(table.name) != the_one
    }
    assert wrong == {}
    assert set(found) - {t.name for t in tenant_tables(catalogue)} <= set(GLOBAL_TABLES)


def test_the_owner_has_a_policy_of_its_own_everywhere(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            "SELECT schemaname || '.' || tablename FROM pg_policies "
            "WHERE roles = ARRAY[CAST(:role AS name)] AND cmd = 'ALL' "
            "AND qual = 'true' AND with_check = 'true'"
        ),
        {"role": OWNER},
    ).scalars()
    assert set(rows) == {table.name for table in tables(catalogue)} - {VERSION_TABLE}


def test_the_relay_has_policies_on_envelopes_and_timers_only(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            "SELECT schemaname || '.' || tablename || ' ' || cmd FROM pg_policies "
            "WHERE CAST(:role AS name) = ANY(roles)"
        ),
        {"role": RELAY},
    ).scalars()
    assert set(rows) == {
        "fibonacci_core.events SELECT",
        "fibonacci_core.queue_messages ALL",
        "fibonacci_core.inbox SELECT",
        "fibonacci_core.dead_letters INSERT",
        "fibonacci_core.timers SELECT",
        "alquimista_platform.tenants SELECT",
    }


def test_every_index_and_unique_rule_starts_with_the_tenant(catalogue: Connection) -> None:
    of_tenants = {table.name for table in tenant_tables(catalogue)}
    wrong = {
        index.name
        for index in indexes(catalogue)
        if index.table in of_tenants and index.columns[0] != "tenant_id"
    }
    assert wrong == set(ddl.RELAY_INDEXES)


def test_global_unique_rules_are_known(catalogue: Connection) -> None:
    found = {
        index.name
        for index in indexes(catalogue)
        if index.table in GLOBAL_TABLES and index.unique and not index.primary
    }
    assert found == set(GLOBAL_UNIQUE)


def test_every_foreign_key_starts_with_the_tenant(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            """
            SELECT c.conname AS name, a.attname::text AS source, b.attname::text AS target
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
            WHERE c.contype = 'f' AND c.connamespace::regnamespace::text = ANY(:schemas)
            """
        ),
        {"schemas": list(SCHEMAS)},
    ).all()
    wrong = {row.name for row in rows if (row.source, row.target) != ("tenant_id", "tenant_id")}
    assert wrong == set(FOREIGN_TO_GLOBAL)
    assert len(rows) > 5


def test_no_business_column_reads_a_clock_by_itself(catalogue: Connection) -> None:
    clocks = {c.name for c in defaults(catalogue) if c.default and _CLOCK.search(c.default)}
    assert clocks == set(MACHINE_TIME)


def test_no_login_passes_row_level_security(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication "
            "FROM pg_roles WHERE rolname = ANY(:roles) ORDER BY rolname"
        ),
        {"roles": [OWNER, APP, RELAY]},
    ).all()
    assert [row.rolname for row in rows] == sorted([OWNER, APP, RELAY])
    assert [tuple(row)[1:] for row in rows] == [(False,) * 5] * 3
    members = catalogue.execute(
        text(
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
            "WHERE r.rolname = ANY(:roles)"
        ),
        {"roles": [OWNER, APP, RELAY]},
    ).scalar_one()
    assert members == 0


def test_the_app_owns_nothing(catalogue: Connection) -> None:
    owners = catalogue.execute(
        text("SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = ANY(:schemas)"),
        {"schemas": list(SCHEMAS)},
    ).scalars()
    assert set(owners) == {OWNER}


def test_the_security_definer_functions_are_the_listed_ones(catalogue: Connection) -> None:
    rows = catalogue.execute(
        text(
            """
            SELECT n.nspname AS schema, p.prosecdef AS definer, p.proconfig AS config,
                   p.proname || '(' || coalesce((
                       SELECT string_agg(format_type(t, NULL), ', ' ORDER BY i)
                       FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS x(t, i)), '') || ')'
                       AS signature,
                   has_function_privilege('public', p.oid, 'EXECUTE') AS open
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND (p.prosecdef OR n.nspname = ANY(:schemas))
            """
        ),
        {"schemas": list(SCHEMAS)},
    ).all()
    definers = [row for row in rows if row.definer]
    assert {row.signature for row in definers} == set(FUNCTIONS)
    for row in definers:
        assert row.schema == "alquimista_platform", row.signature
        assert row.config == ["search_path=pg_catalog"], row.signature
        assert (row.definer, row.open) == (True, False), row.signature


def test_every_function_across_tenants_is_called_by_something() -> None:
    definitions = ROOT / "platform/core/src/alquimista/plataforma/functions.py"
    sources = (ROOT / "platform/core/src").rglob("*.py")
    called = "\n".join(path.read_text(encoding="utf-8") for path in sources if path != definitions)
    inside = {"audit_append": "the trigger of audit entries", "audit_chain": "that trigger"}
    names = {signature.partition("(")[0] for signature in FUNCTIONS} - set(inside)
    assert {name for name in names if f".{name}(" not in called} == set()


def test_every_view_shows_its_caller_only_what_the_tables_do(catalogue: Connection) -> None:
    assert views(catalogue) == {"fibonacci_core.traces": True}


def test_the_bus_has_its_routines_and_they_run_with_the_rights_of_their_caller(
    catalogue: Connection,
) -> None:
    rows = catalogue.execute(
        text(
            """
            SELECT p.oid::regprocedure::text AS signature, p.prosecdef AS definer,
                   'search_path=pg_catalog' = ANY(p.proconfig) AS pinned,
                   has_function_privilege('public', p.oid, 'EXECUTE') AS open,
                   has_function_privilege(:app, p.oid, 'EXECUTE') AS app,
                   has_function_privilege(:relay, p.oid, 'EXECUTE') AS relay
            FROM pg_proc p WHERE p.pronamespace = 'fibonacci_core'::regnamespace
            """
        ),
        {"app": APP, "relay": RELAY},
    ).all()
    found = {row.signature.removeprefix("fibonacci_core.").replace(",", ", "): row for row in rows}
    ours = {*APP_ROUTINES, *NEW_ROUTINES, *revision_4.ROUTINES} - {*revision_4.OLD_ROUTINES}
    assert set(found) == {*RELAY_ROUTINES, *ours}
    for signature, row in found.items():
        assert (row.definer, row.pinned, row.open) == (False, True, False), signature
        assert row.app == (signature in ours), signature
        assert row.relay == (signature in RELAY_ROUTINES), signature
