"""Deleting what is left of ended sessions, used links and former secrets, as the owner login, once
a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import create_engine, text

_STATEMENTS: Mapping[str, str] = {
    "sessoes": "DELETE FROM alquimista_platform.sessoes "
    "WHERE least(expira_em, coalesce(revogada_em, expira_em)) < :moment",
    "links_acesso": "DELETE FROM alquimista_platform.links_acesso WHERE expira_em < :moment",
    "webhooks": "UPDATE alquimista_platform.webhooks SET segredo_anterior = NULL, "
    "anterior_ate = NULL, versao = versao + 1 WHERE anterior_ate < :moment",
    "tentativas_login": "DELETE FROM alquimista_platform.tentativas_login "
    "WHERE updated_at < :moment",
}
"""Refresh tokens go with their session."""


def purge(owner_dsn: str, moment: datetime) -> Mapping[str, int]:
    """Delete what ended before a moment of machine time; answers rows by table."""
    engine = create_engine(owner_dsn)
    try:
        with engine.begin() as connection:
            return {
                table: connection.execute(text(statement), {"moment": moment}).rowcount
                for table, statement in _STATEMENTS.items()
            }
    finally:
        engine.dispose()
