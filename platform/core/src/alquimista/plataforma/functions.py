"""What must be found before the tenant is known: narrow SECURITY DEFINER look-ups, all of them.

Each runs as the owner login with a fixed search_path, answers one row at most, and is the only way
of the app login across tenants. Two answer more: the signing keys, which belong to nobody, and the
tenants of one person.
"""

from __future__ import annotations

from collections.abc import Mapping

SCHEMA = "alquimista_platform"
_HEAD = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
_HEAD_WRITING = "LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog"
LOOKUPS: Mapping[str, str] = {
    "business_now(uuid)": f"""
        CREATE FUNCTION {SCHEMA}.business_now(tenant uuid) RETURNS timestamptz {_HEAD} AS $$
            SELECT statement_timestamp() + clock_offset
            FROM {SCHEMA}.tenants WHERE id = tenant $$""",
    "find_login(text)": f"""
        CREATE FUNCTION {SCHEMA}.find_login(address text)
        RETURNS TABLE (user_id uuid, senha_hash text, status text, tenant_id uuid) {_HEAD} AS $$
            SELECT u.id, u.senha_hash, u.status, m.tenant_id
            FROM {SCHEMA}.users u
            LEFT JOIN {SCHEMA}.memberships m ON m.user_id = u.id
            WHERE u.email_norm = address ORDER BY m.created_at LIMIT 1 $$""",
    "find_api_key(text)": f"""
        CREATE FUNCTION {SCHEMA}.find_api_key(digest text)
        RETURNS TABLE (tenant_id uuid, api_key_id uuid) {_HEAD} AS $$
            SELECT k.tenant_id, k.id FROM {SCHEMA}.api_keys k
            WHERE k.hash = digest AND k.revogada_em IS NULL LIMIT 1 $$""",
    "find_unsubscribe(text)": f"""
        CREATE FUNCTION {SCHEMA}.find_unsubscribe(token text)
        RETURNS TABLE (tenant_id uuid, lead_id uuid) {_HEAD} AS $$
            SELECT l.tenant_id, l.id FROM nigredo_leads.leads l
            WHERE l.token_descadastro = token LIMIT 1 $$""",
    "find_channel(text, text)": f"""
        CREATE FUNCTION {SCHEMA}.find_channel(channel text, address text)
        RETURNS TABLE (tenant_id uuid) {_HEAD} AS $$
            SELECT t.id FROM {SCHEMA}.tenants t
            WHERE t.status = 'ativo' AND t.configuracoes -> 'canais' ->> channel = address
            ORDER BY t.created_at LIMIT 1 $$""",
    "signing_keys_all()": f"""
        CREATE FUNCTION {SCHEMA}.signing_keys_all()
        RETURNS TABLE (kid text, privada bytea, publica text, ativa boolean) {_HEAD} AS $$
            SELECT kid, privada, publica, ativa FROM {SCHEMA}.signing_keys
            ORDER BY created_at DESC $$""",
}
"""Of revision 0004. ``find_channel`` maps a WhatsApp number id or an e-mail to its tenant."""

ACCESS: Mapping[str, str] = {
    "find_principal(uuid, uuid)": f"""
        CREATE FUNCTION {SCHEMA}.find_principal(person uuid, wanted uuid)
        RETURNS TABLE (user_status text, tenant_id uuid, tenant_status text, papel text,
                       escopos text[]) {_HEAD} AS $$
            SELECT u.status, m.tenant_id, t.status, m.papel,
                   ARRAY(SELECT p.escopo::text FROM {SCHEMA}.permissions p
                         WHERE p.tenant_id = m.tenant_id AND p.user_id = m.user_id ORDER BY 1)
            FROM {SCHEMA}.users u
            JOIN {SCHEMA}.memberships m ON m.user_id = u.id
            JOIN {SCHEMA}.tenants t ON t.id = m.tenant_id
            WHERE u.id = person AND (wanted IS NULL OR m.tenant_id = wanted)
            ORDER BY m.created_at, m.tenant_id LIMIT 1 $$""",
    "login_attempt(text, integer)": f"""
        CREATE FUNCTION {SCHEMA}.login_attempt(key text, free integer)
        RETURNS double precision {_HEAD_WRITING} AS $$
            WITH taken AS (
                INSERT INTO {SCHEMA}.tentativas_login AS a
                    (chave, falhas, bloqueado_ate, updated_at)
                VALUES (key, 1, NULL, clock_timestamp())
                ON CONFLICT (chave) DO UPDATE SET
                    falhas = CASE WHEN a.updated_at < clock_timestamp() - interval '1 hour'
                                  THEN 1 ELSE a.falhas + 1 END,
                    bloqueado_ate = CASE
                        WHEN a.updated_at >= clock_timestamp() - interval '1 hour'
                             AND a.falhas + 1 >= free
                        THEN clock_timestamp() + least(interval '15 minutes',
                             interval '30 seconds' * power(2, least(a.falhas + 1 - free, 10))) END,
                    updated_at = clock_timestamp()
                WHERE a.bloqueado_ate IS NULL OR a.bloqueado_ate <= clock_timestamp()
                RETURNING 1
            )
            SELECT CASE WHEN EXISTS (SELECT 1 FROM taken) THEN 0.0 ELSE coalesce(
                (SELECT greatest(extract(epoch FROM a.bloqueado_ate - clock_timestamp()), 1.0)
                 FROM {SCHEMA}.tentativas_login a WHERE a.chave = key), 1.0) END $$""",
    "login_passed(text, boolean)": f"""
        CREATE FUNCTION {SCHEMA}.login_passed(key text, forget boolean)
        RETURNS void {_HEAD_WRITING} AS $$
            UPDATE {SCHEMA}.tentativas_login
            SET falhas = CASE WHEN forget THEN 0 ELSE greatest(falhas - 1, 0) END,
                bloqueado_ate = NULL
            WHERE chave = key $$""",
}
"""Of revision 0005. ``find_principal`` takes the tenant that the caller wants, or NULL for the
person's first. ``login_attempt`` counts an attempt before its password is looked at, so that
guesses made at once count too, and answers the seconds to wait (0: go on); after ``free`` attempts
within an hour the wait doubles from 30 s to 15 min. ``login_passed`` takes the attempt back."""

AUDIT_COLUMNS = (
    "tenant_id",
    "id",
    "ator_tipo",
    "ator_id",
    "action_type",
    "agent_id",
    "alvo_tipo",
    "alvo_id",
    "resultado",
    "detalhes",
    "antes",
    "depois",
    "rede",
    "trace_id",
    "versao",
)
"""Columns of an audit entry in the order in which its chain writes them; the moment follows."""
AUDIT_FIELDS = ", ".join(
    [
        *(f"l.{name}::text" for name in AUDIT_COLUMNS),
        "to_char(l.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
    ]
)
AUDIT: Mapping[str, str] = {
    "audit_append(uuid, uuid)": f"""
        CREATE FUNCTION {SCHEMA}.audit_append(tenant uuid, entry uuid) RETURNS void
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
        DECLARE
            head {SCHEMA}.audit_heads%ROWTYPE;
            link text;
        BEGIN
            INSERT INTO {SCHEMA}.audit_heads (tenant_id, id, numero, hash)
            VALUES (tenant, tenant, 0, repeat('0', 64)) ON CONFLICT DO NOTHING;
            SELECT * INTO STRICT head FROM {SCHEMA}.audit_heads h
            WHERE h.tenant_id = tenant AND h.id = tenant FOR UPDATE;
            SELECT encode(sha256(convert_to(
                string_agg(coalesce(octet_length(f.x) || ':' || f.x, '-'), '' ORDER BY f.i),
                'UTF8')), 'hex') INTO STRICT link
            FROM {SCHEMA}.audit_logs l CROSS JOIN LATERAL unnest(ARRAY[
                head.hash, (head.numero + 1)::text, {AUDIT_FIELDS}
            ]) WITH ORDINALITY AS f(x, i)
            WHERE l.tenant_id = tenant AND l.id = entry;
            INSERT INTO {SCHEMA}.audit_links (tenant_id, id, numero, hash)
            VALUES (tenant, entry, head.numero + 1, link);
            UPDATE {SCHEMA}.audit_heads h
            SET numero = head.numero + 1, hash = link, versao = h.versao + 1
            WHERE h.tenant_id = tenant AND h.id = tenant;
        END $$""",
    "audit_chain()": f"""
        CREATE FUNCTION {SCHEMA}.audit_chain() RETURNS trigger
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
        BEGIN
            PERFORM {SCHEMA}.audit_append(NEW.tenant_id, NEW.id);
            RETURN NULL;
        END $$""",
}
"""Of revision 0030, granted to nobody: a trigger runs them when a transaction commits, so that the
head is locked for the commit alone."""

SESSIONS: Mapping[str, str] = {
    "find_access(uuid, uuid, uuid, timestamp with time zone)": f"""
        CREATE FUNCTION {SCHEMA}.find_access(
            person uuid, session uuid, wanted uuid, issued timestamptz)
        RETURNS TABLE (user_status text, tenant_id uuid, tenant_status text, papel text,
                       escopos text[], exige_segundo_fator boolean, segundo_fator boolean)
        {_HEAD} AS $$
            SELECT u.status, m.tenant_id, t.status, m.papel,
                   ARRAY(SELECT p.escopo::text FROM {SCHEMA}.permissions p
                         WHERE p.tenant_id = m.tenant_id AND p.user_id = m.user_id ORDER BY 1),
                   coalesce((t.configuracoes ->> 'exigir_segundo_fator')::boolean, false),
                   coalesce(s.segundo_fator, false)
            FROM {SCHEMA}.users u
            LEFT JOIN {SCHEMA}.sessoes s ON s.id = session AND s.user_id = u.id
                AND s.revogada_em IS NULL AND s.expira_em > clock_timestamp()
            JOIN {SCHEMA}.memberships m ON m.user_id = u.id
            JOIN {SCHEMA}.tenants t ON t.id = m.tenant_id
            WHERE u.id = person AND (session IS NULL OR s.id IS NOT NULL)
              AND (u.acesso_desde IS NULL OR issued >= date_trunc('second', u.acesso_desde))
              AND (coalesce(wanted, s.tenant_escolhido) IS NULL
                   OR m.tenant_id = coalesce(wanted, s.tenant_escolhido))
            ORDER BY m.created_at, m.tenant_id LIMIT 1 $$""",
    "tenants_of(uuid)": f"""
        CREATE FUNCTION {SCHEMA}.tenants_of(person uuid)
        RETURNS TABLE (id uuid, nome text, status text, papel text) {_HEAD} AS $$
            SELECT t.id, t.nome, t.status, m.papel
            FROM {SCHEMA}.memberships m JOIN {SCHEMA}.tenants t ON t.id = m.tenant_id
            WHERE m.user_id = person ORDER BY m.created_at, t.id $$""",
    "signing_keys_live()": f"""
        CREATE FUNCTION {SCHEMA}.signing_keys_live()
        RETURNS TABLE (kid text, privada bytea, publica text, ativa boolean) {_HEAD} AS $$
            SELECT k.kid, k.privada, k.publica, k.ativa
            FROM (SELECT *, lag(created_at) OVER (ORDER BY created_at DESC) AS superseded_at
                  FROM {SCHEMA}.signing_keys) k
            WHERE k.ativa OR k.superseded_at > clock_timestamp() - interval '2 hours'
            ORDER BY k.created_at DESC $$""",
    "find_letter(text)": f"""
        CREATE FUNCTION {SCHEMA}.find_letter(address text)
        RETURNS TABLE (assunto text, mensagem text, created_at timestamptz) {_HEAD} AS $$
            SELECT s.assunto, s.mensagem, s.created_at
            FROM {SCHEMA}.sandbox_mensagens s
            JOIN nigredo_leads.disparos d ON d.tenant_id = s.tenant_id AND d.id = s.disparo_id
            WHERE d.tipo = 'conta' AND lower(s.destinatario) = address
            ORDER BY s.ordem DESC LIMIT 1 $$""",
}
"""Of revision 0020. ``find_access`` is ``find_principal`` for a session (NULL: one that an outside
provider keeps) and the moment its token was issued; ``tenants_of`` lists where a person belongs;
``find_letter`` is the sandbox's newest letter about access to an address, so that somebody who
cannot sign in yet finds their link (no letter is kept outside the sandbox). ``signing_keys_live``
leaves out keys whose tokens have all expired: a token lives an hour, and a process may sign with
the former key for five minutes after a rotation."""

REFUSALS: Mapping[str, str] = {
    "login_closed(text[])": f"""
        CREATE FUNCTION {SCHEMA}.login_closed(keys text[])
        RETURNS double precision {_HEAD} AS $$
            SELECT coalesce(max(extract(epoch FROM a.bloqueado_ate - clock_timestamp())), 0)
            FROM {SCHEMA}.tentativas_login a
            WHERE a.chave = ANY (keys) AND a.bloqueado_ate > clock_timestamp() $$""",
    "use_api_key(text)": f"""
        CREATE FUNCTION {SCHEMA}.use_api_key(digest text)
        RETURNS TABLE (tenant_id uuid, api_key_id uuid, escopos jsonb, tenant_status text,
                       recusa text, anotar boolean) {_HEAD_WRITING} AS $$
            WITH k AS (
                SELECT a.tenant_id, a.id, a.escopos, t.status,
                       CASE WHEN a.revogada_em IS NOT NULL THEN 'revogada'
                            WHEN a.expira_em <= clock_timestamp() THEN 'vencida' END AS recusa
                FROM {SCHEMA}.api_keys a JOIN {SCHEMA}.tenants t ON t.id = a.tenant_id
                WHERE a.hash = digest LIMIT 1
            ), used AS (
                UPDATE {SCHEMA}.api_keys a SET ultimo_uso_em = clock_timestamp() FROM k
                WHERE a.tenant_id = k.tenant_id AND a.id = k.id
                  AND k.recusa IS NULL AND k.status = 'ativo'
                  AND coalesce(a.ultimo_uso_em, '-infinity')
                      < clock_timestamp() - interval '1 minute'
            ), noted AS (
                UPDATE {SCHEMA}.api_keys a SET recusada_em = clock_timestamp() FROM k
                WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND k.recusa IS NOT NULL
                  AND coalesce(a.recusada_em, '-infinity')
                      < clock_timestamp() - interval '1 hour'
                RETURNING 1
            )
            SELECT k.tenant_id, k.id, k.escopos, k.status, k.recusa,
                   EXISTS (SELECT 1 FROM noted)
            FROM k $$""",
}
"""Of revision 0060. ``login_closed`` answers how long the attempts that were just counted keep
their doors shut, in seconds. ``use_api_key`` finds whose key it is and marks it as used, once a
minute at most: a key used at every call must not write at every call. A key that is no longer good
says why, and once an hour at most that this is to be noted."""

_COUNTED = (
    "ON CONFLICT (tenant_id, id) DO UPDATE SET janela = greatest(l.janela, excluded.janela), "
    "usados = CASE WHEN l.janela < excluded.janela THEN excluded.usados "
    "ELSE least(l.usados, 1000000000) + excluded.usados END, versao = 1 RETURNING l.usados"
)
CALLS: Mapping[str, str] = {
    "open_call(uuid, uuid, bigint, integer, integer, uuid, text, text, text, interval, "
    "interval)": f"""
        CREATE FUNCTION {SCHEMA}.open_call(
            of_tenant uuid, who uuid, current_window bigint, own integer, shared integer,
            entry uuid, actor text, sent_key text, digest text, lease interval, kept interval)
        RETURNS TABLE (used_own integer, used_shared integer, taken boolean, known uuid,
                       known_digest text, known_done boolean, known_status integer,
                       known_answer bytea, known_headers jsonb)
        LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
        BEGIN
            PERFORM set_config('app.tenant_id', of_tenant::text, true);
            IF own > 0 THEN
                INSERT INTO {SCHEMA}.limites_api AS l (tenant_id, id, janela, usados)
                VALUES (of_tenant, who, current_window, own) {_COUNTED} INTO used_own;
            END IF;
            IF shared > 0 THEN
                INSERT INTO {SCHEMA}.limites_api AS l (tenant_id, id, janela, usados)
                VALUES (of_tenant, of_tenant, current_window, shared) {_COUNTED} INTO used_shared;
            END IF;
            IF entry IS NOT NULL THEN
                DELETE FROM {SCHEMA}.chaves_idempotencia c
                WHERE c.tenant_id = of_tenant AND c.expira_em < clock_timestamp();
                INSERT INTO {SCHEMA}.chaves_idempotencia (tenant_id, id, ator_id, chave,
                    corpo_hash, cabecalhos, refs, feita, em_curso_ate, expira_em)
                VALUES (of_tenant, entry, actor, sent_key, digest, '{{}}', '[]', false,
                    clock_timestamp() + lease, clock_timestamp() + kept)
                ON CONFLICT ON CONSTRAINT uq_chaves_idempotencia_chave DO NOTHING;
                taken := FOUND;
                IF NOT taken THEN
                    UPDATE {SCHEMA}.chaves_idempotencia c
                    SET id = entry, em_curso_ate = clock_timestamp() + lease,
                        expira_em = clock_timestamp() + kept, versao = c.versao + 1
                    WHERE c.tenant_id = of_tenant AND c.id = (
                        SELECT d.id FROM {SCHEMA}.chaves_idempotencia d
                        WHERE d.tenant_id = of_tenant AND d.ator_id = actor
                          AND d.chave = sent_key AND d.corpo_hash = digest AND d.status IS NULL
                          AND NOT d.feita AND d.em_curso_ate < clock_timestamp()
                        FOR UPDATE SKIP LOCKED);
                    taken := FOUND;
                END IF;
                IF NOT taken THEN
                    SELECT c.id, c.corpo_hash,
                           c.feita AND c.status IS NULL AND c.em_curso_ate < clock_timestamp(),
                           c.status, c.resposta, c.cabecalhos
                    INTO known, known_digest, known_done, known_status, known_answer, known_headers
                    FROM {SCHEMA}.chaves_idempotencia c
                    WHERE c.tenant_id = of_tenant AND c.ator_id = actor AND c.chave = sent_key;
                END IF;
            END IF;
            RETURN NEXT;
        END $$""",
    "open_called_unit(uuid, uuid)": f"""
        CREATE FUNCTION {SCHEMA}.open_called_unit(of_tenant uuid, entry uuid)
        RETURNS timestamptz
        LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
        BEGIN
            PERFORM set_config('app.tenant_id', of_tenant::text, true);
            UPDATE {SCHEMA}.chaves_idempotencia c SET feita = true
            WHERE c.tenant_id = of_tenant AND c.id = (
                SELECT d.id FROM {SCHEMA}.chaves_idempotencia d
                WHERE d.tenant_id = of_tenant AND d.id = entry AND NOT d.feita
                FOR UPDATE SKIP LOCKED);
            RETURN {SCHEMA}.business_now(of_tenant);
        END $$""",
    "close_call(uuid, uuid, integer, bytea, jsonb, jsonb)": f"""
        CREATE FUNCTION {SCHEMA}.close_call(
            of_tenant uuid, entry uuid, code integer, answer bytea, headers jsonb, named jsonb)
        RETURNS void
        LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog AS $$
        BEGIN
            PERFORM set_config('app.tenant_id', of_tenant::text, true);
            IF code IS NULL THEN
                DELETE FROM {SCHEMA}.chaves_idempotencia c
                WHERE c.tenant_id = of_tenant AND c.id = entry;
            ELSE
                UPDATE {SCHEMA}.chaves_idempotencia c
                SET status = code, resposta = answer, cabecalhos = headers, refs = named
                WHERE c.tenant_id = of_tenant AND c.id = entry;
            END IF;
        END $$""",
}
"""Of revision 0061, with the rights of their caller, so that row security holds in them.
``open_call`` is all that a call needs to know before it is done: it takes requests from the
counters of the caller and of the tenant (0: none), and the idempotency key, where one was sent. A
key whose request has no answer and is not under way any more is taken over, unless the request's
transaction was committed. ``open_called_unit`` opens a unit of work of a call with a key: the mark
that it was done is committed with what it does. A row that is locked belongs to a transaction that
is under way, and is left alone. ``close_call`` keeps the answer, or without one gives the key back;
it changes nothing where the key was taken over meanwhile."""

DROPPED = ("find_api_key(text)", "find_principal(uuid, uuid)", "signing_keys_all()")
"""Of earlier revisions; 0074 drops them."""

FUNCTIONS: Mapping[str, str] = {
    name: definition
    for name, definition in {**LOOKUPS, **ACCESS, **SESSIONS, **AUDIT, **REFUSALS}.items()
    if name not in DROPPED
}
"""Signature → definition, all that there are."""


def signature(name: str) -> str:
    """The schema-qualified signature, as GRANT and DROP want it."""
    return f"{SCHEMA}.{name}"
