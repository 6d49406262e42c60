"""Version 2 of the tables: groups without a claim, and plans that hold while tables grow.

The routines keep the signatures that version 1 gave them, so a process of either version runs on
either. A routine's plan is made while the tables may be empty, when every order of a join costs
nothing: those that are asked for some rows by their keys therefore leave one way of reading, by
arrays of keys or by sub-selects with ``OFFSET 0``, which no join swallows.
"""

from __future__ import annotations

from collections.abc import Callable

from fibonacci_bus.receiving import RECEIVE
from fibonacci_bus.routines import HEAD, definitions

SCHEMA = "fibonacci_core"
NEW_ROUTINES = (
    "inbox_load(uuid, text, uuid[])",
    "inbox_done(uuid, text, uuid[], uuid[], uuid, integer)",
)
ACK = """
CREATE OR REPLACE FUNCTION {s}.queue_ack(p_tenants uuid[], p_ids bigint[], p_receipts uuid[])
RETURNS integer {head} AS $$
DECLARE
    removed integer;
    tenants uuid[]; queues text[]; keys text[];
BEGIN
    WITH gone AS (
        DELETE FROM {s}.queue_messages q
        WHERE q.tenant_id = ANY(p_tenants) AND q.id = ANY(p_ids)
          AND q.receipt = p_receipts[array_position(p_ids, q.id)]
        RETURNING q.tenant_id, q.queue, q.ordering_key
    )
    SELECT count(*), array_agg(tenant_id) FILTER (WHERE ordering_key IS NOT NULL),
           array_agg(queue) FILTER (WHERE ordering_key IS NOT NULL),
           array_agg(ordering_key) FILTER (WHERE ordering_key IS NOT NULL)
    INTO removed, tenants, queues, keys FROM gone;
    IF tenants IS NOT NULL THEN
        UPDATE {s}.queue_messages q SET state = 'waiting'
        WHERE q.tenant_id = ANY(tenants) AND q.state = 'parked' AND q.id = ANY(ARRAY(
            SELECT first.id FROM unnest(tenants, queues, keys) AS g(tenant_id, queue, ordering_key)
            CROSS JOIN LATERAL (
                SELECT n.id FROM {s}.queue_messages n
                WHERE n.tenant_id = g.tenant_id AND n.queue = g.queue
                  AND n.ordering_key = g.ordering_key AND n.state = 'parked'
                ORDER BY n.id LIMIT 1
            ) AS first));
    END IF;
    RETURN removed;
END $$
"""
SETTLE = """
CREATE OR REPLACE FUNCTION {s}.inbox_settle(
    p_tenant uuid, p_consumer text, p_events uuid[], p_keys text[], p_token uuid,
    p_traces uuid[], p_durations integer[])
RETURNS integer {head} AS $$
DECLARE
    settled integer;
BEGIN
    DELETE FROM {s}.leases l
    WHERE l.tenant_id = p_tenant AND l.consumer = p_consumer
      AND l.ordering_key = ANY(p_keys) AND l.token = p_token;
    WITH mine AS (
        UPDATE {s}.inbox i SET status = 'done', done_at = clock_timestamp(),
            last_error = NULL, last_error_class = NULL
        WHERE i.tenant_id = p_tenant AND i.event_id = ANY(p_events) AND i.consumer = p_consumer
          AND i.token = p_token AND i.status = 'running'
        RETURNING i.event_id, i.attempts
    ), traced AS (
        INSERT INTO {s}.traces
            (id, tenant_id, event_id, consumer, trace_id, attempt, outcome, duration_ms)
        SELECT gen_random_uuid(), p_tenant, m.event_id, p_consumer,
               p_traces[array_position(p_events, m.event_id)], m.attempts, 'done',
               p_durations[array_position(p_events, m.event_id)]
        FROM mine m
    )
    SELECT count(*) INTO settled FROM mine;
    RETURN settled;
END $$
"""
LOAD = """
CREATE FUNCTION {s}.inbox_load(p_tenant uuid, p_consumer text, p_events uuid[])
RETURNS SETOF {s}.events {head} AS $$
BEGIN
    RETURN QUERY
    SELECT found.* FROM unnest(p_events) AS a(id) CROSS JOIN LATERAL (
        SELECT * FROM {s}.events e WHERE e.tenant_id = p_tenant AND e.id = a.id OFFSET 0) AS found
    WHERE NOT EXISTS (
        SELECT 1 FROM {s}.inbox i WHERE i.tenant_id = p_tenant AND i.event_id = a.id
        AND i.consumer = p_consumer OFFSET 0);
END $$
"""
DONE = """
CREATE FUNCTION {s}.inbox_done(
    p_tenant uuid, p_consumer text, p_events uuid[], p_traces uuid[], p_token uuid,
    p_duration integer)
RETURNS integer {head} AS $$
DECLARE
    settled integer;
BEGIN
    WITH mine AS (
        INSERT INTO {s}.inbox AS i (tenant_id, event_id, consumer, status, attempts, token,
                                    lease_until, done_at)
        SELECT p_tenant, e.id, p_consumer, 'done', 1, p_token, clock_timestamp(), clock_timestamp()
        FROM unnest(p_events) AS e(id) ORDER BY e.id
        ON CONFLICT (tenant_id, event_id, consumer) DO NOTHING
        RETURNING i.event_id
    ), traced AS (
        INSERT INTO {s}.traces
            (id, tenant_id, event_id, consumer, trace_id, attempt, outcome, duration_ms)
        SELECT gen_random_uuid(), p_tenant, m.event_id, p_consumer,
               p_traces[array_position(p_events, m.event_id)], 1, 'done', p_duration
        FROM mine m
    )
    SELECT count(*) INTO settled FROM mine;
    RETURN settled;
END $$
"""


def upgrade(
    execute: Callable[[str], object],
    *,
    schema: str = SCHEMA,
    app_role: str = "alquimista_app",
) -> None:
    """Replace and add routines; the application's login may call the new ones.

    Events without an ordering key leave its index.
    """
    execute(f"DROP INDEX {schema}.ix_events_ordering")
    execute(
        f"CREATE INDEX ix_events_ordering ON {schema}.events "
        "(tenant_id, ordering_key, occurred_at) WHERE ordering_key IS NOT NULL"
    )
    for body in (ACK, RECEIVE, SETTLE, LOAD, DONE):
        execute(body.format(s=schema, head=HEAD).strip())
    for routine in NEW_ROUTINES:
        execute(f"REVOKE ALL ON FUNCTION {schema}.{routine} FROM PUBLIC")
        execute(f"GRANT EXECUTE ON FUNCTION {schema}.{routine} TO {app_role}")


def downgrade(execute: Callable[[str], object], *, schema: str = SCHEMA) -> None:
    """Give the routines and the index back what version 1 said."""
    execute(f"DROP INDEX {schema}.ix_events_ordering")
    execute(
        f"CREATE INDEX ix_events_ordering ON {schema}.events (tenant_id, ordering_key, occurred_at)"
    )
    for routine in NEW_ROUTINES:
        execute(f"DROP FUNCTION {schema}.{routine}")
    for definition in definitions(schema):
        execute(definition.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
