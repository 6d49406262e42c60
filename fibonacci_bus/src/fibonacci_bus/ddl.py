"""The bus's own tables, isolation and rights, as SQL that a migration runs.

Rights: the application publishes, claims and settles under row-level security of its tenant; the
relay login sees envelopes of all tenants but never ``events.detail``; the owner migrates.
"""

from __future__ import annotations

from collections.abc import Callable

from fibonacci_bus.routines import APP_ROUTINES, RELAY_ROUTINES, definitions

SCHEMA = "fibonacci_core"
TABLES = (
    "events",
    "queue_messages",
    "dead_letters",
    "inbox",
    "leases",
    "timers",
    "traces",
    "metrics",
    "breakers",
)
RELAY_INDEXES = ("ix_queue_messages_receive", "ix_timers_due")
"""Indexes that do not start with the tenant: the relay looks across tenants by them."""
_EXPRESSION = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
_CREATE = """
CREATE TABLE {s}.events (
    id uuid NOT NULL, tenant_id uuid NOT NULL,
    source text NOT NULL, type text NOT NULL, detail jsonb NOT NULL,
    ordering_key text, trace_id uuid NOT NULL, causation_id uuid, depth integer NOT NULL,
    occurred_at timestamptz NOT NULL, status text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replay_name text, replayed_from uuid, effects boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, id));
CREATE INDEX ix_events_trace ON {s}.events (tenant_id, trace_id, occurred_at);
CREATE INDEX ix_events_ordering ON {s}.events (tenant_id, ordering_key, occurred_at);
CREATE INDEX ix_events_occurred ON {s}.events (tenant_id, occurred_at, id);
CREATE INDEX ix_events_pending ON {s}.events (tenant_id, published_at, id)
    WHERE status = 'pendente';

CREATE TABLE {s}.queue_messages (
    id bigint GENERATED ALWAYS AS IDENTITY, tenant_id uuid NOT NULL,
    queue text NOT NULL, event_id uuid NOT NULL, ordering_key text,
    visible_at timestamptz NOT NULL, receives integer NOT NULL DEFAULT 0, receipt uuid,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'delayed', 'in_flight', 'parked')),
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id))
    WITH ({vacuum});
CREATE INDEX ix_queue_messages_receive ON {s}.queue_messages (queue, tenant_id, visible_at, id)
    WHERE state <> 'parked';
CREATE INDEX ix_queue_messages_key ON {s}.queue_messages (tenant_id, queue, ordering_key, id)
    WHERE ordering_key IS NOT NULL;

CREATE TABLE {s}.dead_letters (
    id uuid NOT NULL, tenant_id uuid NOT NULL,
    queue text NOT NULL, event_id uuid NOT NULL, ordering_key text,
    error_class text NOT NULL, error_text text NOT NULL, receives integer NOT NULL,
    died_at timestamptz NOT NULL DEFAULT clock_timestamp(), redriven_at timestamptz,
    versao integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id));
CREATE INDEX ix_dead_letters_died ON {s}.dead_letters (tenant_id, died_at, id);

CREATE TABLE {s}.inbox (
    tenant_id uuid NOT NULL, event_id uuid NOT NULL, consumer text NOT NULL,
    status text NOT NULL, attempts integer NOT NULL, token uuid NOT NULL,
    lease_until timestamptz NOT NULL, last_error_class text, last_error text,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(), done_at timestamptz,
    PRIMARY KEY (tenant_id, event_id, consumer))
    WITH (fillfactor = 80);

CREATE TABLE {s}.leases (
    tenant_id uuid NOT NULL, consumer text NOT NULL, ordering_key text NOT NULL,
    event_id uuid NOT NULL, token uuid NOT NULL, lease_until timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, consumer, ordering_key))
    WITH ({vacuum});

CREATE TABLE {s}.timers (
    id uuid NOT NULL, tenant_id uuid NOT NULL,
    due_at timestamptz NOT NULL, kind text NOT NULL, ref_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX ix_timers_ref ON {s}.timers (tenant_id, kind, ref_id);
CREATE INDEX ix_timers_due ON {s}.timers (due_at);

CREATE TABLE {s}.traces (
    id uuid NOT NULL, tenant_id uuid NOT NULL, event_id uuid NOT NULL, consumer text NOT NULL,
    trace_id uuid NOT NULL, attempt integer NOT NULL, outcome text NOT NULL,
    duration_ms integer NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id));
CREATE INDEX ix_traces_trace ON {s}.traces (tenant_id, trace_id);

CREATE TABLE {s}.metrics (
    tenant_id uuid NOT NULL, name text NOT NULL, day date NOT NULL,
    value bigint NOT NULL, versao integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, name, day));

CREATE TABLE {s}.breakers (
    tenant_id uuid NOT NULL, name text NOT NULL, failures integer NOT NULL,
    open_until timestamptz, probe uuid, probe_until timestamptz,
    PRIMARY KEY (tenant_id, name))
    WITH (fillfactor = 50, {vacuum});
"""
_VACUUM = (
    "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, "
    "autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, "
    "autovacuum_analyze_threshold = 20000"
)
"""Tables whose rows come and go: swept after so many dead rows, however large they once were."""
_RELAY_RIGHTS = """
GRANT SELECT (id, tenant_id, queue, event_id, ordering_key, visible_at, receives, receipt,
        state, enqueued_at),
    UPDATE (visible_at, receives, receipt, state), DELETE ON {s}.queue_messages TO {relay};
GRANT SELECT (tenant_id, event_id, consumer, status, attempts, last_error_class, last_error)
    ON {s}.inbox TO {relay};
GRANT INSERT (id, tenant_id, queue, event_id, ordering_key, error_class, error_text, receives)
    ON {s}.dead_letters TO {relay};
GRANT SELECT (id, tenant_id, due_at, kind, ref_id) ON {s}.timers TO {relay};
GRANT SELECT (tenant_id, status, published_at) ON {s}.events TO {relay};
CREATE POLICY relay ON {s}.queue_messages FOR ALL TO {relay} USING (true) WITH CHECK (true);
CREATE POLICY relay ON {s}.inbox FOR SELECT TO {relay} USING (true);
CREATE POLICY relay ON {s}.dead_letters FOR INSERT TO {relay} WITH CHECK (true);
CREATE POLICY relay ON {s}.events FOR SELECT TO {relay} USING (status = 'pendente');
CREATE POLICY relay ON {s}.timers FOR SELECT TO {relay} USING (true);
GRANT USAGE ON SCHEMA {s} TO {relay};
"""
_APP_RIGHTS = {
    "events": "SELECT, INSERT, DELETE, UPDATE (status)",
    "queue_messages": "SELECT, INSERT, DELETE",
    "dead_letters": "SELECT, INSERT, DELETE, UPDATE (redriven_at, versao)",
    "inbox": "SELECT, INSERT, UPDATE, DELETE",
    "leases": "SELECT, INSERT, UPDATE, DELETE",
    "timers": "SELECT, INSERT, UPDATE, DELETE",
    "traces": "SELECT, INSERT, DELETE",
    "metrics": "SELECT, INSERT, UPDATE",
    "breakers": "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade(
    execute: Callable[[str], object],
    *,
    schema: str = SCHEMA,
    app_role: str = "alquimista_app",
    relay_role: str = "fibonacci_relay",
    owner_role: str = "alquimista_owner",
) -> None:
    """Create the tables, their isolation and the rights of the three logins."""
    _run(execute, _CREATE.format(s=schema, vacuum=_VACUUM))
    execute(f"GRANT USAGE ON SCHEMA {schema} TO {app_role}")
    for table in TABLES:
        name = f"{schema}.{table}"
        execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        execute(
            f"CREATE POLICY tenant ON {name} FOR ALL TO {app_role} "
            f"USING ({_EXPRESSION}) WITH CHECK ({_EXPRESSION})"
        )
        execute(
            f"CREATE POLICY owner ON {name} FOR ALL TO {owner_role} USING (true) WITH CHECK (true)"
        )
        execute(f"GRANT {_APP_RIGHTS[table]} ON {name} TO {app_role}")
    _run(execute, _RELAY_RIGHTS.format(s=schema, relay=relay_role))
    for definition in definitions(schema):
        execute(definition)
    for routines, role in ((RELAY_ROUTINES, relay_role), (APP_ROUTINES, app_role)):
        for routine in routines:
            execute(f"REVOKE ALL ON FUNCTION {schema}.{routine} FROM PUBLIC")
            execute(f"GRANT EXECUTE ON FUNCTION {schema}.{routine} TO {role}")


def downgrade(execute: Callable[[str], object], *, schema: str = SCHEMA) -> None:
    """Drop the routines and the tables."""
    for routine in (*RELAY_ROUTINES, *APP_ROUTINES):
        execute(f"DROP FUNCTION {schema}.{routine}")
    for table in reversed(TABLES):
        execute(f"DROP TABLE {schema}.{table}")


def _run(execute: Callable[[str], object], script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            execute(statement.strip().rstrip(";"))
