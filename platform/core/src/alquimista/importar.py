"""Importing a file from the command line, by the same way as an upload."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import create_engine, select, text

from alquimista.bootstrap import System
from alquimista.prospeccao.importacoes import service
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.sandbox import inquilino_demo
from alquimista.server import running_system
from alquimista.settings import Settings
from alquimista_sdk.errors import NotFound, PermanentError, TransientError

_SHOWN = ("empresa", "cnpj", "contato", "telefone", "email", "setor", "porte", "cidade", "uf")
_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Resultado:
    """What became of a file's rows."""

    aceitos: int
    rejeitados: tuple[Mapping[str, Any], ...]
    leads: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The command's JSON."""
        return {
            "aceitos": self.aceitos,
            "rejeitados": list(self.rejeitados),
            "leads": list(self.leads),
        }


def import_file(
    settings: Settings, arquivo: Path, tenant: str | None, planilha: str | None
) -> Resultado:
    """Import a file and wait until it was read.

    Raises:
        PermanentError: the file cannot be read, with a pt-BR message.
        NotFound: there is no such tenant.
    """
    with running_system(settings) as system:
        tenant_id = _tenant(system, tenant)
        with system.database.unit_of_work(tenant_id) as uow:
            importacao_id = service.receive_file(
                system.services.ports,
                uow,
                arquivo.name,
                arquivo.read_bytes(),
                planilha=planilha,
                criado_por=None,
                trace_id=uuid4(),
            )
        _handle(system, tenant_id, importacao_id)
        return _result(system, tenant_id, importacao_id)


def _tenant(system: System, name: str | None) -> UUID:
    if name is None:
        return inquilino_demo.provision(system)
    engine = create_engine(system.settings.owner_dsn)
    try:
        with engine.connect() as connection:
            found: UUID | None = connection.execute(
                text(
                    "SELECT id FROM alquimista_platform.tenants "
                    "WHERE id::text = :name OR nome = :name ORDER BY created_at LIMIT 1"
                ),
                {"name": name},
            ).scalar_one_or_none()
    finally:
        engine.dispose()
    if found is None:
        raise NotFound(f"não há tenant com id ou nome {name!r}")
    return found


def _handle(system: System, tenant_id: UUID, importacao_id: UUID) -> None:
    """Read the file here, unless another process's worker is quicker."""
    worker = system.worker()
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        with system.database.unit_of_work(tenant_id) as uow:
            progress = service.progress(uow, importacao_id)
        if progress.status == "falhou":
            raise PermanentError(progress.erro or "a planilha não pôde ser lida")
        if progress.status == "concluida":
            return
        if worker.run_once(1) == 0:
            time.sleep(0.02)
    raise TransientError("a importação não terminou a tempo; ela continua quando houver agentes")


def _result(system: System, tenant_id: UUID, importacao_id: UUID) -> Resultado:
    rejected: list[Mapping[str, Any]] = []
    with system.database.unit_of_work(tenant_id) as uow:
        after = None
        while page := service.rejects(uow, importacao_id, 1000, after):
            rejected.extend(
                {
                    "planilha": item.planilha,
                    "linha": item.linha,
                    "coluna": item.coluna,
                    "classe": item.classe,
                    "mensagem": item.mensagem,
                }
                for item in page
            )
            after = (page[-1].linha, page[-1].id)
        rows = uow.connection.execute(
            select(*(LEADS.c[name] for name in _SHOWN))
            .where(LEADS.c.tenant_id == tenant_id, LEADS.c.importacao_id == importacao_id)
            .order_by(LEADS.c.planilha, LEADS.c.linha)
        ).all()
    leads = tuple(dict(row._mapping) for row in rows)
    return Resultado(len(leads), tuple(rejected), leads)
