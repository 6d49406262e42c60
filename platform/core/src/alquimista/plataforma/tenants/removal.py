"""Taking a tenant out of the platform: an export first, then everything goes, and the proof.

Which tables hold a tenant's rows is read from the database's catalogue, so a table that somebody
adds later is exported and removed without a line here.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, create_engine, text, update

from alquimista.db.roles import SCHEMAS
from alquimista.files.store import FileStore
from alquimista.plataforma.tenants.lifecycle import ENCERRANDO, PENDENTE, SituacaoErrada
from alquimista.plataforma.tenants.models import Tenant
from alquimista_sdk.errors import CriticalError, NotFound

SECRET = frozenset({"hash", "senha_hash", "segredo", "token", "token_descadastro"})
"""Columns that open doors, or are hashes of what does: of no use to who takes their data along."""
SECRET_TABLES = frozenset({"nigredo_leads.chaves_lead"})
"""Keys of leads: what they open is exported in clear."""
_PASSES = 5
_PAUSE_S = 0.2
_TENANT_TABLES = text(
    """
    SELECT n.nspname || '.' || c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY 1
    """
)
_REFERENCES = text(
    """
    SELECT DISTINCT s.nspname || '.' || r.relname AS source, t.nspname || '.' || f.relname AS target
    FROM pg_constraint k
    JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace s ON s.oid = r.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace t ON t.oid = f.relnamespace
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
    """
)
_PEOPLE = text(
    "SELECT u.id, u.nome, u.email, m.papel FROM alquimista_platform.users u "
    "JOIN alquimista_platform.memberships m ON m.user_id = u.id WHERE m.tenant_id = :tenant "
    "ORDER BY m.created_at"
)
_LEFT_ALONE = text(
    "SELECT u.id FROM alquimista_platform.users u WHERE u.id = ANY(:people) AND NOT EXISTS "
    "(SELECT 1 FROM alquimista_platform.memberships m WHERE m.user_id = u.id)"
)
_UNCHOOSE = text(
    "UPDATE alquimista_platform.sessoes SET tenant_escolhido = NULL "
    "WHERE tenant_escolhido = :tenant"
)
_PERSONAL = ("links_acesso", "segundo_fatores", "codigos_reserva", "sessoes")
_EXPIRED_SIGNUPS = text(
    "SELECT t.id FROM alquimista_platform.tenants t WHERE t.status = :status AND NOT EXISTS "
    "(SELECT 1 FROM alquimista_platform.cadastros c WHERE c.tenant_id = t.id "
    "AND c.expira_em > :moment) ORDER BY t.created_at LIMIT 500"
)


@dataclass(frozen=True, slots=True)
class Exportacao:
    """A written export: its hash, and how many rows and files it holds."""

    sha256: str
    tabelas: Mapping[str, int]
    arquivos: int


@dataclass(frozen=True, slots=True)
class Encerramento:
    """The proof of a removal: rows that went, and rows that were counted afterwards (all zero)."""

    tenant_id: UUID
    removidos: Mapping[str, int]
    restantes: Mapping[str, int]
    pessoas: int
    arquivos: int


def export_tenant(owner_dsn: str, files: FileStore, tenant_id: UUID, target: Path) -> Exportacao:
    """Write everything of a tenant as a ZIP: a JSON line per row, the files, a list of both.

    One snapshot of the database is read; secrets are left out.

    Raises:
        NotFound: there is no such tenant.
    """
    counts: dict[str, int] = {}
    with _owner(owner_dsn, snapshot=True) as connection, _archive(target) as archive:
        tenant = connection.execute(
            text("SELECT row_to_json(t) FROM alquimista_platform.tenants t WHERE id = :tenant"),
            {"tenant": tenant_id},
        ).scalar_one_or_none()
        if tenant is None:
            raise NotFound(f"não há tenant {tenant_id}")
        archive.writestr("conta.json", _json(tenant))
        people = connection.execute(_PEOPLE, {"tenant": tenant_id})
        archive.writestr("pessoas.json", _json([dict(row._mapping) for row in people]))
        for table in tenant_tables(connection):
            if table not in SECRET_TABLES:
                counts[table] = _write_table(connection, archive, table, tenant_id)
        stored = files.keys(tenant_id)
        for key in stored:
            archive.write(files.path(tenant_id, key), f"arquivos/{key}")
        archive.writestr("indice.json", _json({"tabelas": counts, "arquivos": list(stored)}))
    return Exportacao(_sha256(target), counts, len(stored))


def remove_tenant(owner_dsn: str, files: FileStore, tenant_id: UUID) -> Encerramento:
    """Remove a tenant: rows of every table, files, and people who belong to no other tenant.

    The tenant stops at the door and at the workers first. What an agent that was at work still
    wrote goes in a further pass. May be called again where it was cut off.

    Raises:
        NotFound: there is no such tenant.
        CriticalError: rows are left after every pass.
    """
    with _owner(owner_dsn) as connection:
        changed = connection.execute(
            update(Tenant).where(Tenant.id == tenant_id).values(status=ENCERRANDO)
        ).rowcount
        if not changed:
            raise NotFound(f"não há tenant {tenant_id}")
        people = [row.id for row in connection.execute(_PEOPLE, {"tenant": tenant_id})]
    gone: dict[str, int] = {}
    for number in range(_PASSES):
        with _owner(owner_dsn) as connection:
            for table, rows in _delete_rows(connection, tenant_id).items():
                gone[table] = gone.get(table, 0) + rows
        with _owner(owner_dsn) as connection:
            left = count_rows(connection, tenant_id)
        if number and not any(left.values()):
            break
        time.sleep(_PAUSE_S)
    if any(left.values()):
        raise CriticalError(f"rows of tenant {tenant_id} are left: {_some(left)}")
    with _owner(owner_dsn) as connection:
        alone = _delete_people(connection, people)
        connection.execute(_UNCHOOSE, {"tenant": tenant_id})
        gone["alquimista_platform.tenants"] = connection.execute(
            text("DELETE FROM alquimista_platform.tenants WHERE id = :tenant"),
            {"tenant": tenant_id},
        ).rowcount
    stored = files.keys(tenant_id)
    for key in stored:
        files.delete(tenant_id, key)
    with _owner(owner_dsn) as connection:
        left = count_rows(connection, tenant_id)
    return Encerramento(tenant_id, _some(gone), left, alone, len(stored))


def remove_expired_signups(owner_dsn: str, files: FileStore, moment: datetime) -> int:
    """Remove the waiting tenants of sign-ups that expired before a moment; answers how many."""
    with _owner(owner_dsn) as connection:
        expired = connection.execute(_EXPIRED_SIGNUPS, {"status": PENDENTE, "moment": moment})
        ids = list(expired.scalars())
    for tenant_id in ids:
        remove_tenant(owner_dsn, files, tenant_id)
    return len(ids)


def count_rows(connection: Connection, tenant_id: UUID) -> dict[str, int]:
    """The tenant's rows in every table that could hold one."""
    return {
        table: connection.execute(
            text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant"), {"tenant": tenant_id}
        ).scalar_one()
        for table in tenant_tables(connection)
    }


def tenant_tables(connection: Connection) -> list[str]:
    """Every table that holds rows of tenants, those that refer to others first."""
    names = list(connection.execute(_TENANT_TABLES, {"schemas": list(SCHEMAS)}).scalars())
    references = [(row.source, row.target) for row in connection.execute(_REFERENCES)]
    return referring_first(names, references)


def referring_first(names: Sequence[str], references: Iterable[tuple[str, str]]) -> list[str]:
    """Names in an order in which each comes before what it refers to.

    Raises:
        SituacaoErrada: the references go in a circle.
    """
    waiting = set(names)
    edges = {(a, b) for a, b in references if a in waiting and b in waiting}
    ordered: list[str] = []
    while waiting:
        free = sorted(waiting - {target for source, target in edges if source in waiting})
        if not free:
            raise SituacaoErrada(f"tables refer to each other in a circle: {sorted(waiting)}")
        ordered += free
        waiting -= set(free)
    return ordered


def _delete_rows(connection: Connection, tenant_id: UUID) -> dict[str, int]:
    return {
        table: connection.execute(
            text(f"DELETE FROM {table} WHERE tenant_id = :tenant"), {"tenant": tenant_id}
        ).rowcount
        for table in tenant_tables(connection)
    }


def _delete_people(connection: Connection, people: Sequence[UUID]) -> int:
    alone = list(connection.execute(_LEFT_ALONE, {"people": list(people)}).scalars())
    for table in _PERSONAL:
        connection.execute(
            text(f"DELETE FROM alquimista_platform.{table} WHERE user_id = ANY(:people)"),
            {"people": alone},
        )
    connection.execute(
        text("DELETE FROM alquimista_platform.users WHERE id = ANY(:people)"), {"people": alone}
    )
    return len(alone)


def _write_table(
    connection: Connection, archive: zipfile.ZipFile, table: str, tenant_id: UUID
) -> int:
    """A JSON line per row, streamed: a table may be larger than memory."""
    rows = connection.execution_options(stream_results=True, yield_per=1000).execute(
        text(f"SELECT row_to_json(t) FROM {table} t WHERE tenant_id = :tenant"),
        {"tenant": tenant_id},
    )
    written = 0
    with archive.open(f"tabelas/{table}.jsonl", "w", force_zip64=True) as file:
        for row in rows.scalars():
            shown = {name: value for name, value in row.items() if name not in SECRET}
            file.write(_json(shown).encode() + b"\n")
            written += 1
    return written


@contextmanager
def _archive(target: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        yield archive


@contextmanager
def _owner(owner_dsn: str, *, snapshot: bool = False) -> Iterator[Connection]:
    engine = create_engine(
        owner_dsn, isolation_level="REPEATABLE READ" if snapshot else "READ COMMITTED"
    )
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {table: rows for table, rows in counts.items() if rows}
