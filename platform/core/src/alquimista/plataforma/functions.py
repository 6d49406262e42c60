"""What must be found before the tenant is known: narrow SECURITY DEFINER look-ups, all of them.

Each runs as the owner login with a fixed search_path, answers one row at most, and is the only
way of the app login across tenants.
"""

from __future__ import annotations

from collections.abc import Mapping

SCHEMA = "alquimista_platform"
_HEAD = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
FUNCTIONS: Mapping[str, str] = {
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
"""Signature → definition. ``find_channel`` maps a WhatsApp number id or an e-mail to its tenant."""


def signature(name: str) -> str:
    """The schema-qualified signature, as GRANT and DROP want it."""
    return f"{SCHEMA}.{name}"
