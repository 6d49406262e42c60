"""Staging: a batch of cleaned rows becomes leads, once, however often it is asked for."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.importacoes.models import ImportacaoParte, ImportacaoRejeito
from alquimista.prospeccao.leads.domain import chave_dedupe
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.runtime.ports import Ports
from alquimista_sdk.models import LeadHigienizado, Rejeito, StagedLeads

BASE_LEGAL_PADRAO = "legitimo_interesse"
_COLUMNS = (
    "id, tenant_id, versao, empresa, cnpj, contato, telefone, telefone_norm, email, email_norm, "
    "chave_dedupe, setor, porte, atividade_principal, cidade, uf, status, enriquecimento, "
    "importacao_id, planilha, linha, base_legal, pausado, token_conversa, token_descadastro, "
    "created_at, updated_at, metadata"
)
_TEMPORARY = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged_leads "
    f"ON COMMIT DELETE ROWS AS SELECT {_COLUMNS} FROM nigredo_leads.leads WITH NO DATA"
)
_MERGE = text(
    f"INSERT INTO nigredo_leads.leads ({_COLUMNS}) SELECT {_COLUMNS} FROM staged_leads "
    "ON CONFLICT DO NOTHING"
)
_PRESENT = text(
    "SELECT l.id FROM nigredo_leads.leads l JOIN staged_leads s "
    "ON l.tenant_id = s.tenant_id AND l.id = s.id"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


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
    """
    suppressed = _suppressed(ports, uow, leads)
    ids = [uuid5(importacao_id, f"{lead.planilha}:{lead.linha}") for lead in leads]
    _copy(ports, uow, importacao_id, ids, leads, suppressed)
    uow.connection.execute(_MERGE)
    present = set(uow.connection.execute(_PRESENT).scalars())
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


def _reject(lead: LeadHigienizado, classe: str, mensagem: str) -> Rejeito:
    return Rejeito(lead.planilha, lead.linha, None, classe, mensagem)


def _copy(
    ports: Ports,
    uow: UnitOfWork,
    importacao_id: UUID,
    ids: Sequence[UUID],
    leads: Sequence[LeadHigienizado],
    suppressed: set[int],
) -> None:
    """COPY into a temporary table: COPY into a table with row-level security is refused."""
    uow.connection.exec_driver_sql(_TEMPORARY)
    uow.connection.exec_driver_sql("TRUNCATE staged_leads")
    buffer = io.StringIO()
    agora = uow.agora.isoformat()
    tail = f"{agora}\t{agora}"
    for index, (lead_id, lead) in enumerate(zip(ids, leads, strict=True)):
        if index in suppressed:
            continue
        metadata = dict(lead.metadata)
        if lead.avisos:
            metadata["avisos"] = list(lead.avisos)
        fields = (
            str(lead_id),
            str(uow.tenant_id),
            "1",
            lead.empresa,
            lead.cnpj,
            lead.contato,
            lead.telefone,
            lead.telefone_norm,
            lead.email,
            lead.email_norm,
            chave_dedupe(lead.email_norm, lead.telefone_norm),
            lead.setor,
            lead.porte,
            lead.atividade_principal,
            lead.cidade,
            lead.uf,
            "novo",
            "pendente",
            str(importacao_id),
            lead.planilha,
            str(lead.linha),
            BASE_LEGAL_PADRAO,
            "f",
            "0",
            ports.token_descadastro(lead_id),
        )
        buffer.write("\t".join(_field(value) for value in fields))
        buffer.write(f"\t{tail}\t{_field(json.dumps(metadata, ensure_ascii=False))}\n")
    buffer.seek(0)
    driver = uow.connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY staged_leads ({_COLUMNS}) FROM STDIN", buffer)


def _field(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if not value.isalnum() else value


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
    uow.connection.execute(
        insert(ImportacaoRejeito),
        [
            {
                "id": uuid5(importacao_id, f"rejeito:{parte}:{index}"),
                "tenant_id": uow.tenant_id,
                "importacao_id": importacao_id,
                "planilha": rejeito.planilha,
                "linha": rejeito.linha,
                "coluna": rejeito.coluna,
                "classe": rejeito.classe,
                "mensagem": rejeito.mensagem,
            }
            for index, rejeito in enumerate(rejeitos)
        ],
    )
