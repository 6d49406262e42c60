"""Asking by purpose: may these leads' data be used for it? The gate and the agents ask here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.finalidades.domain import (
    PADROES,
    Decisao,
    Finalidade,
    Registro,
    decidir,
    lia_de,
)
from alquimista.prospeccao.finalidades.models import FinalidadeDaConta
from alquimista_sdk.errors import NotFound

FINALIDADES = table_of(FinalidadeDaConta)
_NEWEST = text(
    """
    WITH RECURSIVE grupo(raiz, id) AS (
        SELECT l.id, l.id FROM unnest(CAST(:leads AS uuid[])) AS l(id)
        UNION
        SELECT g.raiz, f.outro_id FROM grupo g JOIN nigredo_leads.fusoes f
            ON f.tenant_id = :tenant AND f.lead_id = g.id AND f.status = 'feita'
    )
    SELECT g.raiz, l.base_legal AS importada, f.id AS conta, f.finalidade, f.base_legal,
           f.descricao, f.dados, f.ativa, f.lia, f.versao, f.updated_at,
           b.base_legal AS propria, b.obtido_em, b.retirado_em
    FROM grupo g
    JOIN nigredo_leads.leads l ON l.tenant_id = :tenant AND l.id = g.raiz
    LEFT JOIN nigredo_leads.finalidades f
        ON f.tenant_id = :tenant AND f.finalidade = :finalidade
    LEFT JOIN LATERAL (
        SELECT base_legal, obtido_em, retirado_em FROM nigredo_leads.bases_legais
        WHERE tenant_id = :tenant AND lead_id = g.id AND finalidade = :finalidade
        ORDER BY numero DESC LIMIT 1
    ) b ON true
    ORDER BY g.raiz, g.id <> g.raiz, g.id
    """
)


def registro(uow: UnitOfWork) -> tuple[Finalidade, ...]:
    """Every purpose as the account has it, in the order of the defaults."""
    rows = uow.connection.execute(
        select(FINALIDADES).where(FINALIDADES.c.tenant_id == uow.tenant_id)
    )
    changed = {row.finalidade: da_conta(row) for row in rows if row.finalidade in PADROES}
    return tuple(changed.get(name, padrao) for name, padrao in PADROES.items())


def find(uow: UnitOfWork, finalidade: str) -> Finalidade:
    """One purpose. Raises ``NotFound``."""
    padrao(finalidade)
    row = uow.connection.execute(
        select(FINALIDADES).where(
            FINALIDADES.c.tenant_id == uow.tenant_id, FINALIDADES.c.finalidade == finalidade
        )
    ).one_or_none()
    return PADROES[finalidade] if row is None else da_conta(row)


def padrao(finalidade: str) -> Finalidade:
    """What an account starts with. Raises ``NotFound`` where there is no such purpose."""
    if finalidade not in PADROES:
        raise NotFound("Finalidade não encontrada.")
    return PADROES[finalidade]


def decisoes(uow: UnitOfWork, lead_ids: Sequence[UUID], finalidade: str) -> Mapping[UUID, Decisao]:
    """Whether a purpose may use each lead's data; leads that are not there are left out.

    Raises:
        NotFound: there is no such purpose.
    """
    default = padrao(finalidade)
    rows = uow.connection.execute(
        _NEWEST,
        {
            "tenant": uow.tenant_id,
            "leads": [str(lead_id) for lead_id in lead_ids],
            "finalidade": finalidade,
        },
    ).all()
    by_lead: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        by_lead.setdefault(row.raiz, []).append(row)
    return {
        lead_id: decidir(
            default if found[0].conta is None else da_conta(found[0]),
            [
                Registro(row.propria, row.obtido_em, row.retirado_em)
                for row in found
                if row.propria is not None
            ],
            found[0].importada,
        )
        for lead_id, found in by_lead.items()
    }


def da_conta(row: Row[Any]) -> Finalidade:
    """A purpose of the account from its row."""
    return replace(
        PADROES[row.finalidade],
        base_legal=row.base_legal,
        descricao=row.descricao,
        dados=tuple(row.dados),
        ativa=row.ativa,
        lia=lia_de(row.lia),
        versao=row.versao,
        updated_at=row.updated_at,
    )
