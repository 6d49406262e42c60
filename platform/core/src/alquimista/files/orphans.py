"""Files that no row names: a process died between storing one and committing its row.

Only kinds of files whose rows are known here are swept, and only once a day has passed, which no
transaction outlives.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import Database, UnitOfWork
from alquimista.files.store import FileStore
from alquimista.plataforma.audit.service import SISTEMA, record

logger = logging.getLogger(__name__)
GUARDA = timedelta(days=1)
_TENANTS = text("SELECT id FROM alquimista_platform.tenants ORDER BY id")
_NAMED: Mapping[str, str] = {
    "importacoes/": "SELECT arquivo_chave FROM nigredo_leads.importacoes "
    "WHERE tenant_id = :tenant AND arquivo_chave = ANY(:keys)",
    "relatorios/": "SELECT pdf_chave FROM nigredo_leads.metricas_diarias "
    "WHERE tenant_id = :tenant AND pdf_chave = ANY(:keys)",
    "modelos/": "SELECT 'modelos/' || conteudo_hash || '.bin' FROM nigredo_leads.modelos "
    "WHERE tenant_id = :tenant AND 'modelos/' || conteudo_hash || '.bin' = ANY(:keys)",
    "anexos/": "SELECT a ->> 'chave' FROM unnest(CAST(:keys AS text[])) k "
    "JOIN nigredo_leads.disparos d ON d.tenant_id = :tenant "
    "AND d.id = CAST(split_part(k, '/', 2) AS uuid) "
    "CROSS JOIN LATERAL jsonb_array_elements(d.anexos) a WHERE a ->> 'chave' = k",
}
"""How the keys of a kind of file begin, and which of ``keys`` a row names."""
_OURS = re.compile(r"(?!anexos)[a-z]+/[^/]+|anexos/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[^/]+")


def sweep(database: Database, files: FileStore, agora: datetime) -> dict[str, int]:
    """Remove what no row of its tenant names; ``agora`` is machine time, as files have it.

    Answers how many files and unfinished files went.
    """
    with database.relay_engine.begin() as relay:
        tenants: Sequence[UUID] = list(relay.execute(_TENANTS).scalars())
    gone = {"arquivos": 0, "inacabados": 0}
    for tenant_id in tenants:
        gone["inacabados"] += files.discard_unfinished(tenant_id, agora - GUARDA)
        old = files.older_than(tenant_id, agora - GUARDA)
        if old:
            with database.unit_of_work(tenant_id) as uow:
                gone["arquivos"] += _remove(uow, files, old)
    logger.info("orphaned files removed", extra={"metadata": gone})
    return gone


def _remove(uow: UnitOfWork, files: FileStore, old: Sequence[str]) -> int:
    orphans: list[str] = []
    for prefix, query in _NAMED.items():
        keys = [key for key in old if key.startswith(prefix) and _OURS.fullmatch(key)]
        if keys:
            asked = {"tenant": uow.tenant_id, "keys": keys}
            named = set(uow.connection.execute(text(query), asked).scalars())
            orphans += [key for key in keys if key not in named]
    for key in orphans:
        files.delete(uow.tenant_id, key)
    if orphans:
        record(uow, SISTEMA, "arquivos.orfaos", detalhes={"apagados": len(orphans)})
    return len(orphans)
