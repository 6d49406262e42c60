"""The routine that receives, version 2: a shorter way where one partition alone is waiting.

Whether it is alone is seen by its being the first and the last of its queue's index, and of the
only queue that has rows. Then there are no turns to take, and where none of the next messages is
blocked by its ordering key nothing is parked: what is left is to lock, mark and return a batch.
Otherwise the whole way of version 1 is gone.
"""

from __future__ import annotations

RECEIVE = """
CREATE OR REPLACE FUNCTION {s}.queue_receive(
    p_names text[], p_seconds double precision[], p_queue_limits integer[],
    p_partition_limits integer[], p_cursors uuid[], p_batch integer, p_span integer,
    p_receipt uuid, p_tenants uuid[], p_ids bigint[], p_receipts uuid[])
RETURNS TABLE (r_tenant uuid, r_id bigint, r_queue text, r_event uuid, r_key text,
               r_receives integer, r_parked boolean) {head} AS $$
DECLARE
    moment timestamptz; said text; lone text; first uuid; last uuid; ids bigint[]; blocked boolean;
    queues text[]; tenants uuid[]; seconds double precision[]; rooms integer[];
    queue_rooms integer[]; share integer; limited text;
BEGIN
    said := set_config('synchronous_commit', 'off', true);
    IF cardinality(p_ids) > 0 THEN
        share := {s}.queue_ack(p_tenants, p_ids, p_receipts);
    END IF;
    IF num_nonnulls(VARIADIC p_queue_limits) + num_nonnulls(VARIADIC p_partition_limits) = 0 THEN
        SELECT CASE WHEN count(*) = 1 THEN min(q.name) END, min(q.head::text), min(q.tail::text),
               count(*)
        INTO lone, first, last, share FROM (
            SELECT c.name, h.tenant_id AS head, t.tenant_id AS tail
            FROM unnest(p_names) AS c(name) CROSS JOIN LATERAL (
                SELECT m.tenant_id FROM {s}.queue_messages m
                WHERE m.queue = c.name AND m.state <> 'parked'
                ORDER BY m.queue, m.tenant_id LIMIT 1) AS h
            CROSS JOIN LATERAL (
                SELECT m.tenant_id FROM {s}.queue_messages m
                WHERE m.queue = c.name AND m.state <> 'parked'
                ORDER BY m.queue DESC, m.tenant_id DESC LIMIT 1) AS t
            LIMIT 2) AS q;
        IF share = 0 THEN
            RETURN;
        END IF;
    END IF;
    IF lone IS NOT NULL AND first = last THEN
        moment := clock_timestamp();
        SELECT array_agg(s.id), bool_or(s.held) INTO ids, blocked FROM (
            SELECT c.id, c.ordering_key IS NOT NULL AND EXISTS (
                SELECT 1 FROM {s}.queue_messages b
                WHERE b.tenant_id = c.tenant_id AND b.queue = c.queue
                  AND b.ordering_key = c.ordering_key AND b.id < c.id AND b.state <> 'parked'
                  AND (b.state <> 'delayed' OR b.visible_at <= moment) OFFSET 0) AS held
            FROM {s}.queue_messages c
            WHERE c.queue = lone AND c.tenant_id = first AND c.state <> 'parked'
              AND c.visible_at <= moment
            ORDER BY c.queue, c.tenant_id, c.visible_at, c.id LIMIT p_batch
            FOR UPDATE SKIP LOCKED) AS s;
        IF NOT blocked THEN
            RETURN QUERY
            UPDATE {s}.queue_messages q
            SET state = 'in_flight', receives = q.receives + 1, receipt = p_receipt,
                visible_at = clock_timestamp()
                    + make_interval(secs => p_seconds[array_position(p_names, lone)])
            WHERE q.tenant_id = first AND q.id = ANY(ids)
            RETURNING q.tenant_id, q.id, q.queue, q.event_id, q.ordering_key, q.receives, false;
        END IF;
        IF blocked IS NOT TRUE THEN
            RETURN;
        END IF;
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
