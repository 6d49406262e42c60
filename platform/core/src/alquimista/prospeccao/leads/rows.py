"""Rows of the leads tables as the contract's frozen data."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Table
from sqlalchemy.sql import ColumnElement

from alquimista.db.base import table_of
from alquimista.prospeccao.leads.models import Lead, Lote
from alquimista_sdk.models import Lead as LeadData
from alquimista_sdk.models import Lote as LoteData

LEADS = table_of(Lead)
LOTES = table_of(Lote)


def lead_of(row: Row[Any]) -> LeadData:
    """A lead as agents read it."""
    return LeadData(
        id=row.id,
        empresa=row.empresa,
        status=row.status,
        versao=row.versao,
        cnpj=row.cnpj,
        contato=row.contato,
        telefone=row.telefone,
        email=row.email,
        setor=row.setor,
        porte=row.porte,
        porte_receita=row.porte_receita,
        atividade_principal=row.atividade_principal,
        cidade=row.cidade,
        uf=row.uf,
        prioridade=row.prioridade,
        segmento=row.segmento,
        lote_id=row.lote_id,
        importacao_id=row.importacao_id,
        pausado=row.pausado or row.assumido_por is not None,
        metadata=row.metadata,
    )


def lote_of(row: Row[Any]) -> LoteData:
    """A lot as agents read it."""
    return LoteData(
        id=row.id,
        nome=row.nome,
        segmento=row.segmento,
        prioridade=row.prioridade,
        quantidade=row.quantidade,
        setor=row.setor,
        porte=row.porte,
        regiao=row.regiao,
    )


def of_tenant(table: Table, tenant_id: Any) -> ColumnElement[bool]:
    """The tenant's rows: RLS holds it anyway, the condition lets the index serve."""
    return table.c.tenant_id == tenant_id
