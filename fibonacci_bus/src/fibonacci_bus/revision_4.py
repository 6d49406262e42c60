"""Version 4 of the tables: a finished run is its row of the inbox, and ``traces`` shows it.

A row of its own said nothing more, and cost every event a second table and two indexes. How long a
run took is kept in the inbox; the rest of a trace is the event's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fibonacci_bus import revision_2
from fibonacci_bus.routines import HEAD

SCHEMA = "fibonacci_core"
VIEW = """
CREATE VIEW {s}.traces WITH (security_invoker = true) AS
SELECT i.tenant_id, i.event_id, i.consumer, e.trace_id, i.attempts AS attempt,
       i.status AS outcome, i.duration_ms, i.done_at AS finished_at
FROM {s}.inbox i JOIN {s}.events e ON e.tenant_id = i.tenant_id AND e.id = i.event_id
WHERE i.status = 'done'
"""
OLD_ROUTINES = (
    "inbox_settle(uuid, text, uuid[], text[], uuid, uuid[], integer[])",
    "inbox_done(uuid, text, uuid[], uuid[], uuid, integer)",
)
ROUTINES = (
    "inbox_settle(uuid, text, uuid[], text[], uuid, integer)",
    "inbox_done(uuid, text, uuid[], uuid, integer)",
)
SETTLE = """
CREATE FUNCTION {s}.inbox_settle(
    p_tenant uuid, p_consumer text, p_events uuid[], p_keys text[], p_token uuid,
    p_duration integer)
RETURNS integer {head} AS $$
DECLARE
    settled integer;
BEGIN
    DELETE FROM {s}.leases l
    WHERE l.tenant_id = p_tenant AND l.consumer = p_consumer
      AND l.ordering_key = ANY(p_keys) AND l.token = p_token;
    UPDATE {s}.inbox i SET status = 'done', done_at = clock_timestamp(),
        last_error = NULL, last_error_class = NULL,
        duration_ms = p_duration
    WHERE i.tenant_id = p_tenant AND i.event_id = ANY(p_events) AND i.consumer = p_consumer
      AND i.token = p_token AND i.status = 'running';
    GET DIAGNOSTICS settled = ROW_COUNT;
    RETURN settled;
END $$
"""
DONE = """
CREATE FUNCTION {s}.inbox_done(
    p_tenant uuid, p_consumer text, p_events uuid[], p_token uuid, p_duration integer)
RETURNS integer {head} AS $$
DECLARE
    settled integer;
BEGIN
    INSERT INTO {s}.inbox AS i (tenant_id, event_id, consumer, status, attempts, token,
                                lease_until, done_at, duration_ms)
    SELECT p_tenant, e.id, p_consumer, 'done', 1, p_token, clock_timestamp(), clock_timestamp(),
           p_duration
    FROM unnest(p_events) AS e(id) ORDER BY e.id
    ON CONFLICT (tenant_id, event_id, consumer) DO NOTHING;
    GET DIAGNOSTICS settled = ROW_COUNT;
    RETURN settled;
END $$
"""
_TABLE = """
CREATE TABLE {s}.traces (
    id uuid NOT NULL DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, event_id uuid NOT NULL,
    consumer text NOT NULL, trace_id uuid NOT NULL, attempt integer NOT NULL, outcome text NOT NULL,
    duration_ms integer NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id))
"""
_EXPRESSION = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
_COLUMNS = "tenant_id, event_id, consumer, trace_id, attempt, outcome, duration_ms, finished_at"


def upgrade(
    execute: Callable[[str], object],
    *,
    schema: str = SCHEMA,
    app_role: str = "alquimista_app",
) -> None:
    """Move how long runs took into the inbox and put a view in the table's place."""
    execute(f"ALTER TABLE {schema}.inbox ADD COLUMN duration_ms integer")
    execute(
        f"UPDATE {schema}.inbox i SET duration_ms = t.duration_ms FROM {schema}.traces t "
        "WHERE t.tenant_id = i.tenant_id AND t.event_id = i.event_id AND t.consumer = i.consumer"
    )
    execute(f"DROP TABLE {schema}.traces")
    execute(VIEW.format(s=schema).strip())
    execute(f"GRANT SELECT ON {schema}.traces TO {app_role}")
    _replace(execute, schema, OLD_ROUTINES, (SETTLE, DONE), ROUTINES, app_role)


def downgrade(
    execute: Callable[[str], object],
    *,
    schema: str = SCHEMA,
    app_role: str = "alquimista_app",
    owner_role: str = "alquimista_owner",
) -> None:
    """Write the rows that the view shows into a table again, isolated as all are."""
    table = f"{schema}.traces"
    execute(f"ALTER VIEW {table} RENAME TO traces_seen")
    execute(_TABLE.format(s=schema).strip())
    execute(
        f"INSERT INTO {table} ({_COLUMNS}) SELECT tenant_id, event_id, consumer, trace_id, "
        "attempt, outcome, coalesce(duration_ms, 0), coalesce(finished_at, clock_timestamp()) "
        f"FROM {schema}.traces_seen"
    )
    execute(f"ALTER TABLE {table} ALTER COLUMN id DROP DEFAULT")
    execute(f"CREATE INDEX ix_traces_trace ON {table} (tenant_id, trace_id)")
    execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for name, role, seen in (("tenant", app_role, _EXPRESSION), ("owner", owner_role, "true")):
        execute(
            f"CREATE POLICY {name} ON {table} FOR ALL TO {role} USING ({seen}) WITH CHECK ({seen})"
        )
    execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO {app_role}")
    execute(f"DROP VIEW {schema}.traces_seen")
    execute(f"ALTER TABLE {schema}.inbox DROP COLUMN duration_ms")
    former = (revision_2.SETTLE.replace(" OR REPLACE", "", 1), revision_2.DONE)
    _replace(execute, schema, ROUTINES, former, OLD_ROUTINES, app_role)


def _replace(
    execute: Callable[[str], object],
    schema: str,
    gone: Sequence[str],
    bodies: Sequence[str],
    routines: Sequence[str],
    app_role: str,
) -> None:
    for routine in gone:
        execute(f"DROP FUNCTION {schema}.{routine}")
    for body in bodies:
        execute(body.format(s=schema, head=HEAD).strip())
    for routine in routines:
        execute(f"REVOKE ALL ON FUNCTION {schema}.{routine} FROM PUBLIC")
        execute(f"GRANT EXECUTE ON FUNCTION {schema}.{routine} TO {app_role}")
