"""Staging: a batch of cleaned rows becomes leads, once, however often it is asked for."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from psycopg2.errors import UniqueViolation
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.finalidades.consulta import find
from alquimista.prospeccao.finalidades.domain import PROSPECCAO
from alquimista.prospeccao.importacoes.models import ImportacaoParte
from alquimista.prospeccao.leads.domain import chave_dedupe
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import TransientError
from alquimista_sdk.models import LeadHigienizado, Rejeito, StagedLeads

_FIELDS = LeadHigienizado._fields[:-2]
"""Fields of a cleaned row that are columns as they stand: all but the warnings and the rest."""
_ROW = _FIELDS.index("linha")
_COPIED = ", ".join(("id", "chave_dedupe", "metadata", *_FIELDS))
"""What differs from row to row; all else is the same for a batch and said once."""
_TEMPORARY = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged_leads "
    f"ON COMMIT DELETE ROWS AS SELECT {_COPIED} FROM nigredo_leads.leads WITH NO DATA"
)
_PREPARE = f"SET LOCAL synchronous_commit = off; {_TEMPORARY}; DELETE FROM staged_leads"
_COPY = f"COPY staged_leads ({_COPIED}) FROM STDIN"
_COPY_CHUNK = 1024 * 1024
"""Characters at a time: for each chunk the interpreter's lock is given up and waited for again."""
_INSERT = (
    f"INSERT INTO nigredo_leads.leads ({_COPIED}, tenant_id, versao, status, enriquecimento, "
    "importacao_id, base_legal, pausado, token_conversa, created_at, updated_at) "
    f"SELECT {_COPIED}, :tenant, 1, 'novo', 'pendente', :importacao, :base_legal, false, 0, "
    ":agora, :agora FROM staged_leads"
)
_INSERT_ALL = text(_INSERT)
_INSERT_NEW = text(f"{_INSERT} ON CONFLICT DO NOTHING")
_PRESENT = text(
    "SELECT id FROM nigredo_leads.leads "
    "WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))"
)
_INSERT_REJECTS = text(
    """
    INSERT INTO nigredo_leads.importacao_rejeitos (tenant_id, id, versao, importacao_id, planilha,
        linha, coluna, classe, mensagem)
    SELECT :tenant, id, 1, :importacao, planilha, linha, coluna, classe, mensagem
    FROM json_to_recordset(CAST(:rejeitos AS json)) AS rejeito(id uuid, planilha text,
        linha integer, coluna text, classe text, mensagem text)
    """
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})
_UUID_KEEP = ~((0xF << 76) | (1 << 48) - 1)
_UUID_8 = 8 << 76
"""Version 8 in place of the hash's version 5, with the same variant; the last 48 bits are free."""
_NULL = "\\N"
_NUL = re.compile(r"((?<!\\)(?:\\\\)*)\\u0000")
"""NUL as JSON spells it, behind an even number of backslashes: PostgreSQL stores no NUL."""


def stage(
    ports: Ports,
    uow: UnitOfWork,
    importacao_id: UUID,
    parte: int,
    leads: Sequence[LeadHigienizado],
    rejeitos: Sequence[Rejeito],
) -> StagedLeads:
    """Insert a batch and its rejects; a repeated call gives the same answer and changes nothing.

    Ids derive from import, sheet and row, so what stands in the table is the memory of the
    claim. Rows of people who asked to be forgotten, and rows that the tenant has, are rejected.

    The transaction's commit does not wait for the disk. A later one that does wait brings it there
    too, and a crash of the server before that leaves the batch to the next run of its event, as
    long as the run asks ``exigir_parte`` when it commits.
    """
    suppressed = _suppressed(ports, uow, leads)
    ids = _ids(importacao_id, leads)
    lines = [
        _line(lead_id, lead)
        for index, (lead_id, lead) in enumerate(zip(ids, leads, strict=True))
        if index not in suppressed
    ]
    present = _merge(uow, importacao_id, ids, lines)
    if present is None:
        _record(uow, importacao_id, parte, len(ids), rejeitos)
        return StagedLeads(tuple(ids), ())
    found = list(rejeitos)
    answer: list[UUID | None] = []
    for index, (lead_id, lead) in enumerate(zip(ids, leads, strict=True)):
        if lead_id in present:
            answer.append(lead_id)
            continue
        answer.append(None)
        if index in suppressed:
            found.append(_reject(lead, "suppressed", "a pessoa pediu para não ser contatada"))
        else:
            found.append(_reject(lead, "duplicate", "já existe um lead com este e-mail e telefone"))
    _record(uow, importacao_id, parte, len(present), found)
    return StagedLeads(tuple(answer), tuple(found[len(rejeitos) :]))


def exigir_parte(uow: UnitOfWork, importacao_id: UUID, parte: int) -> None:
    """Hold a run to what it was answered: the batch still stands when the run commits.

    Raises:
        TransientError: the server crashed meanwhile and the batch is lost; a new run stages it.
    """
    partes = ImportacaoParte.__table__
    found = uow.connection.execute(
        select(partes.c.id).where(
            partes.c.tenant_id == uow.tenant_id,
            partes.c.importacao_id == importacao_id,
            partes.c.parte == parte,
        )
    ).one_or_none()
    if found is None:
        raise TransientError("a staged batch was lost with the database server")


def _ids(importacao_id: UUID, leads: Sequence[LeadHigienizado]) -> list[UUID]:
    """Import and sheet, hashed, and in the last 48 bits the row: a custom UUID (RFC 9562, 5.8).

    Rows that come together thus stand together in every index of leads, and nothing is hashed for
    each of them.
    """
    sheets: dict[str, int] = {}
    found = []
    for lead in leads:
        first = sheets.get(lead.planilha)
        if first is None:
            first = sheets[lead.planilha] = _first_of(importacao_id, f"leads:{lead.planilha}")
        found.append(UUID(int=first + lead.linha))
    return found


def _first_of(importacao_id: UUID, nome: str) -> int:
    """The id of row 0 of a sheet, or of the first reject of a batch."""
    return uuid5(importacao_id, nome).int & _UUID_KEEP | _UUID_8


def _reject(lead: LeadHigienizado, classe: str, mensagem: str) -> Rejeito:
    return Rejeito(lead.planilha, lead.linha, None, classe, mensagem)


def _merge(
    uow: UnitOfWork, importacao_id: UUID, ids: Sequence[UUID], lines: Sequence[str]
) -> set[UUID] | None:
    """Insert the lines of a batch; answers which of its ids stand in the table now (None: all).

    COPY goes into a temporary table, since into one with row-level security it is refused.
    """
    connection = uow.connection
    connection.exec_driver_sql(_PREPARE)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        cursor.copy_expert(_COPY, io.StringIO("".join(lines)), _COPY_CHUNK)
    values = {
        "tenant": uow.tenant_id,
        "importacao": importacao_id,
        "base_legal": find(uow, PROSPECCAO).base_legal,
        "agora": uow.agora,
    }
    if _insert(connection, values) == len(ids):
        return None
    # Looked up by id and not joined: the planner knows nothing of a table that was filled just
    # now, and a nested loop over a batch and the tenant's leads costs seconds.
    rows = connection.execute(_PRESENT, {"tenant": uow.tenant_id, "ids": list(map(str, ids))})
    return set(rows.scalars())


def _insert(connection: Connection, values: Mapping[str, object]) -> int:
    """Rows inserted from the temporary table; those that stand already are passed over.

    Most batches bring only new rows, and looking for conflicts costs each row as much again as a
    third of its insert; so it is looked for only where there is one.
    """
    try:
        with connection.begin_nested():
            return connection.execute(_INSERT_ALL, values).rowcount
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
    return connection.execute(_INSERT_NEW, values).rowcount


def _line(lead_id: UUID, lead: LeadHigienizado) -> str:
    """A row in COPY's text format.

    What COPY gives a meaning to is rare in cells, so it is looked for in the whole line at once.
    """
    values: list[Any] = [
        lead_id.hex,
        chave_dedupe(lead.email_norm, lead.telefone_norm),
        _metadata(lead),
        *lead[:_ROW],
        str(lead.linha),
        *lead[_ROW + 1 : -2],
    ]
    line = "\t".join([_NULL if value is None else value for value in values])
    if (
        line.count("\t") == len(values) - 1
        and line.count("\\") == values.count(None)
        and "\n" not in line
        and "\r" not in line
        and "\0" not in line
    ):
        return f"{line}\n"
    escaped = [_NULL if value is None else value.translate(_ESCAPES) for value in values]
    return "\t".join(escaped) + "\n"


def _metadata(lead: LeadHigienizado) -> str:
    if not lead.metadata and not lead.avisos:
        return "{}"
    metadata = dict(lead.metadata)
    if lead.avisos:
        metadata["avisos"] = list(lead.avisos)
    return _json(metadata)


def _suppressed(ports: Ports, uow: UnitOfWork, leads: Sequence[LeadHigienizado]) -> set[int]:
    """Indexes of rows whose e-mail or phone is in the blocklist, by keyed hash."""
    block = Blocklist.__table__
    rows = uow.connection.execute(
        select(block.c.email_hmac, block.c.telefone_hmac).where(block.c.tenant_id == uow.tenant_id)
    ).all()
    if not rows:
        return set()
    hashes = {value for row in rows for value in row if value is not None}
    return {
        index
        for index, lead in enumerate(leads)
        if (lead.email_norm and ports.digest("email", lead.email_norm) in hashes)
        or (lead.telefone_norm and ports.digest("telefone", lead.telefone_norm) in hashes)
    }


def _record(
    uow: UnitOfWork, importacao_id: UUID, parte: int, aceitos: int, rejeitos: Sequence[Rejeito]
) -> None:
    fresh = uow.connection.execute(
        insert(ImportacaoParte)
        .values(
            id=uuid5(importacao_id, f"parte:{parte}"),
            tenant_id=uow.tenant_id,
            importacao_id=importacao_id,
            parte=parte,
            aceitos=aceitos,
            rejeitados=len(rejeitos),
            created_at=uow.agora,
        )
        .on_conflict_do_nothing(constraint="uq_importacao_partes_parte")
        .returning(ImportacaoParte.id)
    ).one_or_none()
    if fresh is None or not rejeitos:
        return
    first = _first_of(importacao_id, f"rejeitos:{parte}")
    said = [
        {
            "id": f"{first + index:032x}",
            "planilha": rejeito.planilha,
            "linha": rejeito.linha,
            "coluna": rejeito.coluna,
            "classe": rejeito.classe,
            "mensagem": rejeito.mensagem,
        }
        for index, rejeito in enumerate(rejeitos)
    ]
    values = {"tenant": uow.tenant_id, "importacao": importacao_id, "rejeitos": _json(said)}
    uow.connection.execute(_INSERT_REJECTS, values)


def _json(value: Any) -> str:
    return _NUL.sub(r"\1", json.dumps(value, ensure_ascii=False))
