"""The bus's statements that live in the database, so that each is planned once per connection.

All run with the rights of whoever calls them: row-level security and column grants hold inside.
Each statement of a routine sees what was committed before it began (READ COMMITTED).

How order is kept: a message of an ordering key is handed out only where no earlier one of its key
is on the queue. One that is found blocked is *parked*: it leaves the index that receives scan,
while the row that blocks it is share-locked; whoever removes a row of the key brings the first
parked one back, after the removal has its lock. So a park is either seen by the removal or not
made at all, and a long chain of one key costs each receive nothing.
"""

from __future__ import annotations

RELAY_ROUTINES = (
    "queue_ack(uuid[], bigint[], uuid[])",
    "queue_receive(text[], double precision[], integer[], integer[], uuid[], integer, integer, "
    "uuid, uuid[], bigint[], uuid[])",
)
APP_ROUTINES = (
    "inbox_claim(uuid, text, uuid[], text[], uuid, double precision)",
    "inbox_settle(uuid, text, uuid[], text[], uuid, uuid[], integer[])",
)
HEAD = (
    "LANGUAGE plpgsql SET search_path = pg_catalog SET enable_seqscan = off "
    "SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off "
    "SET jit = off SET plan_cache_mode = force_generic_plan"
)
# Planning costs ten times the work, so each plan is made once and kept while tables grow from
# nothing to millions of rows: only index scans are sound.
ACK = """
CREATE FUNCTION {s}.queue_ack(p_tenants uuid[], p_ids bigint[], p_receipts uuid[])
RETURNS integer {head} AS $$
DECLARE
    removed integer;
    tenants uuid[]; queues text[]; keys text[];
BEGIN
    WITH gone AS (
        DELETE FROM {s}.queue_messages q
        USING unnest(p_tenants, p_ids, p_receipts) AS m(tenant_id, id, receipt)
        WHERE q.tenant_id = m.tenant_id AND q.id = m.id AND q.receipt = m.receipt
        RETURNING q.tenant_id, q.queue, q.ordering_key
    )
    SELECT count(*), array_agg(tenant_id) FILTER (WHERE ordering_key IS NOT NULL),
           array_agg(queue) FILTER (WHERE ordering_key IS NOT NULL),
           array_agg(ordering_key) FILTER (WHERE ordering_key IS NOT NULL)
    INTO removed, tenants, queues, keys FROM gone;
    IF tenants IS NOT NULL THEN
        UPDATE {s}.queue_messages q SET state = 'waiting'
        FROM unnest(tenants, queues, keys) AS g(tenant_id, queue, ordering_key)
        CROSS JOIN LATERAL (
            SELECT n.id FROM {s}.queue_messages n
            WHERE n.tenant_id = g.tenant_id AND n.queue = g.queue
              AND n.ordering_key = g.ordering_key AND n.state = 'parked'
            ORDER BY n.id LIMIT 1
        ) AS first
        WHERE q.tenant_id = g.tenant_id AND q.id = first.id AND q.state = 'parked';
    END IF;
    RETURN removed;
END $$
"""
RECEIVE = """
CREATE FUNCTION {s}.queue_receive(
    p_names text[], p_seconds double precision[], p_queue_limits integer[],
    p_partition_limits integer[], p_cursors uuid[], p_batch integer, p_span integer,
    p_receipt uuid, p_tenants uuid[], p_ids bigint[], p_receipts uuid[])
RETURNS TABLE (r_tenant uuid, r_id bigint, r_queue text, r_event uuid, r_key text,
               r_receives integer, r_parked boolean) {head} AS $$
DECLARE
    moment timestamptz;
    queues text[]; tenants uuid[]; seconds double precision[]; rooms integer[];
    queue_rooms integer[]; share integer; limited text;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF cardinality(p_ids) > 0 THEN
        PERFORM {s}.queue_ack(p_tenants, p_ids, p_receipts);
    END IF;
    FOR limited IN
        SELECT c.name FROM unnest(p_names, p_queue_limits, p_partition_limits)
            AS c(name, whole, part)
        WHERE c.whole IS NOT NULL OR c.part IS NOT NULL ORDER BY c.name
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('fibonacci_bus ' || limited, 0));
    END LOOP;
    moment := clock_timestamp();
    WITH RECURSIVE config AS (
        SELECT c.name, c.seconds, c.cursor,
               CASE WHEN c.whole IS NULL THEN p_batch ELSE c.whole - (
                   SELECT count(*) FROM {s}.queue_messages f WHERE f.queue = c.name
                   AND f.state = 'in_flight' AND f.visible_at > moment) END AS room, c.part
        FROM unnest(p_names, p_seconds, p_queue_limits, p_partition_limits, p_cursors)
            AS c(name, seconds, whole, part, cursor)
    ), ring AS (
        SELECT c.name, c.cursor AS tenant_id, false AS wrapped, c.cursor, c.seconds,
               c.room, c.part, false AS real
        FROM config c WHERE c.room > 0
        UNION ALL
        SELECT r.name, n.tenant_id, n.wrapped, r.cursor, r.seconds, r.room, r.part, true
        FROM ring r CROSS JOIN LATERAL (
            (SELECT m.tenant_id, r.wrapped FROM {s}.queue_messages m
             WHERE m.queue = r.name AND m.state <> 'parked' AND m.tenant_id > r.tenant_id
               AND (NOT r.wrapped OR m.tenant_id <= r.cursor)
             ORDER BY m.queue, m.tenant_id LIMIT 1)
            UNION ALL
            (SELECT m.tenant_id, true FROM {s}.queue_messages m
             WHERE NOT r.wrapped AND m.queue = r.name AND m.state <> 'parked'
               AND m.tenant_id <= r.cursor
             ORDER BY m.queue, m.tenant_id LIMIT 1)
            LIMIT 1
        ) AS n
    ), heads AS (
        SELECT r.name, r.tenant_id, r.seconds, r.room, o.own
        FROM ring r CROSS JOIN LATERAL (
            SELECT CASE WHEN r.part IS NULL THEN p_batch ELSE r.part - (
                SELECT count(*) FROM {s}.queue_messages f WHERE f.queue = r.name
                AND f.tenant_id = r.tenant_id AND f.state = 'in_flight'
                AND f.visible_at > moment) END AS own OFFSET 0
        ) AS o
        WHERE r.real AND o.own > 0 AND EXISTS (
            SELECT 1 FROM {s}.queue_messages m WHERE m.queue = r.name
            AND m.tenant_id = r.tenant_id AND m.state <> 'parked' AND m.visible_at <= moment)
        LIMIT p_batch
    )
    SELECT array_agg(h.name), array_agg(h.tenant_id), array_agg(h.seconds), array_agg(h.room),
           array_agg(h.own) INTO queues, tenants, seconds, queue_rooms, rooms
    FROM heads h;
    IF queues IS NULL THEN
        RETURN;
    END IF;
    share := (p_batch + cardinality(queues) - 1) / cardinality(queues);
    RETURN QUERY
    WITH seen AS MATERIALIZED (
        SELECT m.tenant_id, m.id, m.queue, m.ordering_key, m.visible_at, h.seconds, h.room,
               h.own, h.place
        FROM unnest(queues, tenants, seconds, queue_rooms, rooms) WITH ORDINALITY
            AS h(queue, tenant_id, seconds, room, own, place)
        CROSS JOIN LATERAL (
            SELECT c.tenant_id, c.id, c.queue, c.ordering_key, c.visible_at
            FROM {s}.queue_messages c
            WHERE c.queue = h.queue AND c.tenant_id = h.tenant_id AND c.state <> 'parked'
              AND c.visible_at <= moment
            ORDER BY c.queue, c.tenant_id, c.visible_at, c.id LIMIT greatest(share, p_span)
            FOR UPDATE SKIP LOCKED
        ) AS m
    ), judged AS MATERIALIZED (
        SELECT s.*, CASE WHEN s.ordering_key IS NOT NULL THEN (
            SELECT b.id FROM {s}.queue_messages b
            WHERE b.tenant_id = s.tenant_id AND b.queue = s.queue
              AND b.ordering_key = s.ordering_key AND b.id < s.id AND b.state <> 'parked'
              AND (b.state <> 'delayed' OR b.visible_at <= moment)
            ORDER BY b.id LIMIT 1) END AS blocker
        FROM seen s
    ), ranked AS (
        SELECT j.*, row_number() OVER (PARTITION BY j.place ORDER BY j.visible_at, j.id) AS turn
        FROM judged j WHERE j.blocker IS NULL
    ), limited AS (
        SELECT r.*, row_number() OVER (PARTITION BY r.queue ORDER BY r.turn, r.place) AS number
        FROM ranked r WHERE r.turn <= least(share, r.own)
    ), chosen AS (
        SELECT l.tenant_id, l.id, l.seconds, false AS parked
        FROM limited l WHERE l.number <= l.room
        ORDER BY l.turn, l.place LIMIT p_batch
    ), blocked AS (
        SELECT j.tenant_id, j.id, j.seconds, true AS parked
        FROM judged j CROSS JOIN LATERAL (
            SELECT 1 FROM {s}.queue_messages b
            WHERE b.tenant_id = j.tenant_id AND b.id = j.blocker FOR KEY SHARE SKIP LOCKED
        ) AS held
        WHERE j.blocker IS NOT NULL
    )
    UPDATE {s}.queue_messages q
    SET state = CASE WHEN a.parked THEN 'parked' ELSE 'in_flight' END,
        receives = q.receives + CASE WHEN a.parked THEN 0 ELSE 1 END,
        receipt = CASE WHEN a.parked THEN NULL ELSE p_receipt END,
        visible_at = CASE WHEN a.parked THEN q.visible_at
                          ELSE clock_timestamp() + make_interval(secs => a.seconds) END
    FROM (SELECT * FROM blocked UNION ALL SELECT * FROM chosen) AS a
    WHERE q.tenant_id = a.tenant_id AND q.id = a.id
    RETURNING q.tenant_id, q.id, q.queue, q.event_id, q.ordering_key, q.receives, a.parked;
END $$
"""
CLAIM = """
CREATE FUNCTION {s}.inbox_claim(
    p_tenant uuid, p_consumer text, p_events uuid[], p_keys text[], p_token uuid,
    p_seconds double precision)
RETURNS SETOF {s}.events {head} AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN QUERY
    WITH lease AS (
        INSERT INTO {s}.leases AS l
            (tenant_id, consumer, ordering_key, event_id, token, lease_until)
        SELECT p_tenant, p_consumer, a.ordering_key, a.event_id, p_token,
               clock_timestamp() + make_interval(secs => p_seconds)
        FROM unnest(p_events, p_keys) AS a(event_id, ordering_key)
        WHERE a.ordering_key IS NOT NULL ORDER BY a.ordering_key
        ON CONFLICT (tenant_id, consumer, ordering_key) DO UPDATE
            SET event_id = excluded.event_id, token = excluded.token,
                lease_until = excluded.lease_until
            WHERE l.lease_until < clock_timestamp()
        RETURNING l.event_id
    ), box AS (
        INSERT INTO {s}.inbox AS i
            (tenant_id, event_id, consumer, status, attempts, token, lease_until)
        SELECT p_tenant, a.event_id, p_consumer, 'running', 1, p_token,
               clock_timestamp() + make_interval(secs => p_seconds)
        FROM unnest(p_events, p_keys) AS a(event_id, ordering_key)
        WHERE a.ordering_key IS NULL OR a.event_id IN (SELECT lease.event_id FROM lease)
        ORDER BY a.event_id
        ON CONFLICT (tenant_id, event_id, consumer) DO NOTHING
        RETURNING i.event_id
    )
    SELECT e.* FROM box JOIN {s}.events e ON e.tenant_id = p_tenant AND e.id = box.event_id;
END $$
"""
SETTLE = """
CREATE FUNCTION {s}.inbox_settle(
    p_tenant uuid, p_consumer text, p_events uuid[], p_keys text[], p_token uuid,
    p_traces uuid[], p_durations integer[])
RETURNS integer {head} AS $$
DECLARE
    settled integer;
BEGIN
    DELETE FROM {s}.leases l USING unnest(p_keys) AS k(ordering_key)
    WHERE l.tenant_id = p_tenant AND l.consumer = p_consumer
      AND l.ordering_key = k.ordering_key AND l.token = p_token;
    WITH mine AS (
        UPDATE {s}.inbox i SET status = 'done', done_at = clock_timestamp(),
            last_error = NULL, last_error_class = NULL
        FROM unnest(p_events, p_traces, p_durations) AS e(event_id, trace_id, duration_ms)
        WHERE i.tenant_id = p_tenant AND i.event_id = e.event_id AND i.consumer = p_consumer
          AND i.token = p_token AND i.status = 'running'
        RETURNING i.event_id, i.attempts, e.trace_id, e.duration_ms
    ), traced AS (
        INSERT INTO {s}.traces
            (id, tenant_id, event_id, consumer, trace_id, attempt, outcome, duration_ms)
        SELECT gen_random_uuid(), p_tenant, m.event_id, p_consumer, m.trace_id, m.attempts,
               'done', m.duration_ms FROM mine m
    )
    SELECT count(*) INTO settled FROM mine;
    RETURN settled;
END $$
"""


def definitions(schema: str) -> tuple[str, ...]:
    """The CREATE statements, in order."""
    return tuple(body.format(s=schema, head=HEAD).strip() for body in (ACK, RECEIVE, CLAIM, SETTLE))
