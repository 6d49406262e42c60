"""Endpoints of the audit log: reading, and exporting as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Row

from alquimista.db.session import UnitOfWork
from alquimista.http.answers import csv_file
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.csv_export import attachment
from alquimista.http.listing import Listing
from alquimista.http.services import Services, services
from alquimista.plataforma.audit.models import AuditLog
from alquimista.plataforma.audit.schemas import (
    AuditoriaExportacaoSchema,
    AuditoriaFiltroSchema,
    AuditoriaPaginaSchema,
    AuditoriaSchema,
)
from alquimista.plataforma.audit.service import opened

blp = Blueprint("auditoria", __name__, url_prefix="/api/auditoria", description="Auditoria")
_T = AuditLog.__table__
_IGUAIS = (
    "action_type",
    "ator_tipo",
    "ator_id",
    "agent_id",
    "alvo_tipo",
    "alvo_id",
    "resultado",
    "trace_id",
)
LISTA = Listing(
    table=_T,
    ordens={"created_at": _T.c.created_at},
    padrao="-created_at",
    filtros={
        **{name: _T.c[name] for name in _IGUAIS},
        "desde": lambda moment: _T.c.created_at >= moment,
        "ate": lambda moment: _T.c.created_at < moment,
    },
)
_COLUNAS = tuple(AuditoriaSchema().fields)
_POR_VEZ = 200
_EXEMPLO = {
    "created_at": "2026-11-30 11:02:00+00:00",
    "ator_tipo": "pessoa",
    "action_type": "campanha.aprovada",
    "alvo_tipo": "campanha",
    "resultado": "ok",
    "detalhes": "{}",
}
_CSV = csv_file(
    "A trilha de auditoria, da entrada mais nova à mais antiga.",
    _COLUNAS,
    [_EXEMPLO.get(name, "") for name in _COLUNAS],
)


@blp.get("")
@requires("audit:read")
@blp.arguments(AuditoriaFiltroSchema, location="query")
@blp.response(200, AuditoriaPaginaSchema)
def list_auditoria(filtro: dict[str, Any]) -> dict[str, Any]:
    """Quem fez o quê, em quê, quando, de onde e com qual resultado, da mais nova à mais antiga."""
    found = services()
    with found.database.unit_of_work(principal().tenant_id) as uow:
        return LISTA.page(uow, filtro).body(lambda row: _shown(found, uow, row))


@blp.get("/exportacao.csv")
@requires("audit:read")
@blp.arguments(AuditoriaExportacaoSchema, location="query")
@blp.response(200, **_CSV)
def export_auditoria(filtro: dict[str, Any]) -> Response:
    """A mesma trilha em CSV (ponto e vírgula, UTF-8), inteira."""
    return attachment("auditoria.csv", _COLUNAS, _rows(services(), principal().tenant_id, filtro))


def _rows(found: Services, tenant_id: UUID, filtro: dict[str, Any]) -> Iterator[Sequence[Any]]:
    """Page by page, each in a transaction of its own: a slow reader holds no connection."""
    cursor = None
    while True:
        query = {**filtro, "ordenar": LISTA.padrao, "limite": _POR_VEZ, "cursor": cursor}
        with found.database.unit_of_work(tenant_id) as uow:
            page = LISTA.page(uow, query)
            shown = [_shown(found, uow, row) for row in page.rows]
        for entry in shown:
            yield [_cell(entry[name]) for name in _COLUNAS]
        cursor = page.proximo
        if cursor is None:
            return


def _shown(found: Services, uow: UnitOfWork, row: Row[Any]) -> dict[str, Any]:
    keys = found.ports.chaves
    return {
        **row._mapping,
        "antes": opened(uow, row, row.antes, keys),
        "depois": opened(uow, row, row.depois, keys),
    }


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
