"""Retention: what a tenant's setting says is too old goes, or is only counted (a dry run)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import SISTEMA, record
from alquimista.plataforma.lgpd.registry import SubjectRegistry
from alquimista.plataforma.tenants.service import TenantService
from alquimista.prospeccao.leads import privacidade

logger = logging.getLogger(__name__)
ENTREGAS_GUARDADAS = timedelta(days=90)
_BATCH = 100
_TENANTS = text("SELECT id FROM alquimista_platform.tenants ORDER BY id")
_LEADS = """
    FROM nigredo_leads.leads l
    WHERE l.tenant_id = :tenant AND l.updated_at < :ate AND l.created_at < :ate
      AND l.status <> 'convertido'
      AND NOT EXISTS (SELECT 1 FROM nigredo_leads.esquecimentos e
                      WHERE e.tenant_id = l.tenant_id AND e.lead_id = l.id)
      AND NOT EXISTS (SELECT 1 FROM nigredo_leads.interacoes i
                      WHERE i.tenant_id = l.tenant_id AND i.lead_id = l.id
                        AND i.created_at >= :ate)
      AND NOT EXISTS (SELECT 1 FROM nigredo_leads.disparos d
                      WHERE d.tenant_id = l.tenant_id AND d.lead_id = l.id
                        AND d.created_at >= :ate)
      AND NOT EXISTS (SELECT 1 FROM nigredo_leads.agendamentos a
                      WHERE a.tenant_id = l.tenant_id AND a.lead_id = l.id
                        AND a.data_hora >= :ate)
"""
_REJEITOS = """
    FROM nigredo_leads.importacao_rejeitos r
    WHERE r.tenant_id = :tenant AND EXISTS (
        SELECT 1 FROM nigredo_leads.importacoes i
        WHERE i.tenant_id = r.tenant_id AND i.id = r.importacao_id AND i.created_at < :ate)
"""
_ENTREGAS = """
    FROM alquimista_platform.webhook_entregas w
    WHERE w.tenant_id = :tenant AND w.created_at < :entregas AND w.status <> 'pendente'
"""


class Retencao:
    """A lead goes when nobody has written, answered, met or changed it for the setting's days.

    It goes as an erasure does, with a certificate, but nobody is told and nothing is suppressed.
    Customers (``convertido``) and the audit log stay.
    """

    def __init__(
        self, database: Database, tenants: TenantService, registry: SubjectRegistry
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._registry = registry

    def run(
        self, tenant_id: UUID | None = None, *, dry_run: bool = False
    ) -> Mapping[UUID, Mapping[str, int]]:
        """Apply the settings of one tenant, or of all; answers what went, or would go, by store."""
        chosen = [tenant_id] if tenant_id is not None else self._all()
        return {tenant: self._apply(tenant, dry_run) for tenant in chosen}

    def _all(self) -> list[UUID]:
        with self._database.relay_engine.begin() as relay:
            return list(relay.execute(_TENANTS).scalars())

    def _apply(self, tenant_id: UUID, dry_run: bool) -> Mapping[str, int]:
        with self._database.unit_of_work(tenant_id) as uow:
            arguments = self._arguments(uow)
            found = {
                "leads": _count(uow, f"SELECT count(*) {_LEADS}", arguments),
                "importacao_rejeitos": _count(uow, f"SELECT count(*) {_REJEITOS}", arguments),
                "webhook_entregas": _count(uow, f"SELECT count(*) {_ENTREGAS}", arguments),
            }
        if dry_run or not any(found.values()):
            return found
        gone = {"leads": self._erase_leads(tenant_id)}
        with self._database.unit_of_work(tenant_id) as uow:
            arguments = self._arguments(uow)
            for name, rest in (("importacao_rejeitos", _REJEITOS), ("webhook_entregas", _ENTREGAS)):
                gone[name] = uow.connection.execute(text(f"DELETE {rest}"), arguments).rowcount
            record(uow, SISTEMA, "retencao", detalhes=gone)
        logger.info("retention applied", extra={"metadata": gone})
        return gone

    def _erase_leads(self, tenant_id: UUID) -> int:
        gone = 0
        query = text(f"SELECT l.id {_LEADS} ORDER BY l.id LIMIT {_BATCH} FOR UPDATE OF l")
        while True:
            with self._database.unit_of_work(tenant_id) as uow:
                ids = list(uow.connection.execute(query, self._arguments(uow)).scalars())
                for lead_id in ids:
                    privacidade.erase_everywhere(
                        uow, lead_id, self._registry.erase, SISTEMA, uuid4()
                    )
            gone += len(ids)
            if len(ids) < _BATCH:
                return gone

    def _arguments(self, uow: UnitOfWork) -> dict[str, object]:
        days = self._tenants.settings(uow).retencao_dias
        return {
            "tenant": uow.tenant_id,
            "ate": uow.agora - timedelta(days=days),
            "entregas": uow.agora - ENTREGAS_GUARDADAS,
        }


def _count(uow: UnitOfWork, query: str, arguments: Mapping[str, object]) -> int:
    count: int = uow.connection.execute(text(query), arguments).scalar_one()
    return count
