"""Use cases of a tenant's own models: measure, train, go back, and the one in use."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, func, insert, select, update

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.files.store import FileNotStored, FileStore
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.tenants.service import TenantService
from alquimista.prospeccao.aprendizado import service
from alquimista.prospeccao.aprendizado.models import ModeloTreinado
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import OperationUnavailable, PermanentError
from alquimista_sdk.learning import GROUP, CorrectedExample, Evaluation, Learner, Progress, Training
from alquimista_sdk.models import ModeloDaConta

logger = logging.getLogger(__name__)
OPERACAO = "sentimento.analisar"
MODELOS = table_of(ModeloTreinado)
LearnerOf = Callable[[str], Learner]


class SemConsentimento(PermanentError):
    """The tenant has not agreed to learning from its corrections (setting ``aprendizado``)."""

    code = "sem_consentimento"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Treinado:
    """What came of a training, and the number that it was kept under."""

    numero: int
    exemplos: int
    treino: Training


def installed_learner(operation: str) -> Learner:
    """The learner that an installed package offers for an operation.

    Raises:
        OperationUnavailable: none does.
    """
    for found in entry_points(group=GROUP, name=operation):
        learner: Learner = found.load()()
        return learner
    raise OperationUnavailable(f"nenhum agente instalado aprende {operation}")


class Modelos:
    """Models of one operation; long work runs outside of every transaction."""

    def __init__(
        self,
        database: Database,
        ports: Ports,
        tenants: TenantService,
        learner_of: LearnerOf = installed_learner,
    ) -> None:
        self._database = database
        self._ports = ports
        self._tenants = tenants
        self._learner_of = learner_of

    def evaluate(
        self, tenant_id: UUID, progress: Progress, operation: str = OPERACAO
    ) -> tuple[int, int, Evaluation]:
        """The number of the model in use (0: the shipped one), corrections, and its figures.

        Raises:
            SemConsentimento: the tenant has not agreed.
        """
        learner = self._learner_of(operation)
        found = self._examples(tenant_id)
        with self._database.unit_of_work(tenant_id) as uow:
            used = self.active(uow, operation)
        usable = used is not None and used.base == learner.base
        content = used.conteudo if used is not None and usable else None
        numero = used.numero if used is not None and usable else 0
        return numero, len(found), learner.evaluate(found, content, progress)

    def train(
        self, tenant_id: UUID, ator: Ator, progress: Progress, operation: str = OPERACAO
    ) -> Treinado:
        """Train on the tenant's corrections; the new model is used where it was accepted.

        Raises:
            SemConsentimento: the tenant has not agreed, or no longer does.
        """
        learner = self._learner_of(operation)
        found = self._examples(tenant_id)
        result = learner.train(found, progress)
        content = result.conteudo if result.aceito else None
        sha256 = hashlib.sha256(content).hexdigest() if content is not None else None
        if content is not None and sha256 is not None:
            self._ports.files.put(tenant_id, _key(sha256), content)
        with self._database.unit_of_work(tenant_id) as uow:
            self._require_consent(uow)
            numero = _next_number(uow, operation)
            if sha256 is not None:
                _retire(uow, operation)
            uow.connection.execute(
                insert(MODELOS).values(
                    id=uuid4(),
                    tenant_id=tenant_id,
                    operacao=operation,
                    numero=numero,
                    base=learner.base,
                    conteudo_hash=sha256,
                    aceito=sha256 is not None,
                    ativo=sha256 is not None,
                    quantidade=len(found),
                    motivo=result.motivo[:255],
                    metricas=_figures(result),
                    created_at=uow.agora,
                )
            )
            _note(uow, ator, "modelo_treinado", operation, numero, aceito=sha256 is not None)
        return Treinado(numero, len(found), result)

    def back(self, uow: UnitOfWork, ator: Ator, operation: str = OPERACAO) -> int:
        """Use the accepted model before the one in use; answers its number, 0 the shipped one."""
        _lock(uow, operation)
        now = _active_row(uow, operation)
        if now is None:
            return 0
        before = uow.connection.execute(
            _of(uow, operation)
            .where(MODELOS.c.aceito, MODELOS.c.numero < now.numero)
            .order_by(MODELOS.c.numero.desc())
            .limit(1)
        ).one_or_none()
        _retire(uow, operation)
        if before is not None:
            uow.connection.execute(
                update(MODELOS)
                .where(MODELOS.c.tenant_id == uow.tenant_id, MODELOS.c.id == before.id)
                .values(ativo=True, versao=MODELOS.c.versao + 1)
            )
        numero = before.numero if before is not None else 0
        _note(uow, ator, "modelo_voltou", operation, numero, de=now.numero)
        return numero

    def listing(self, uow: UnitOfWork, operation: str = OPERACAO) -> Sequence[Row[Any]]:
        """Every training, the newest first."""
        return uow.connection.execute(
            _of(uow, operation).order_by(MODELOS.c.numero.desc()).limit(200)
        ).all()

    def number_in_use(self, uow: UnitOfWork, operation: str = OPERACAO) -> int:
        """The number of the model that is marked as in use; 0 is the embedded one."""
        row = _active_row(uow, operation)
        return 0 if row is None else int(row.numero)

    def active(self, uow: UnitOfWork, operation: str) -> ModeloDaConta | None:
        """The model in use; None where there is none, or the tenant no longer agrees."""
        row = _active_row(uow, operation)
        if row is None or not self._tenants.settings(uow).aprendizado.ativo:
            return None
        content = _content(self._ports.files, uow.tenant_id, row.conteudo_hash)
        if content is None:
            logger.error("a tenant's model is lost", extra={"tenant_id": str(uow.tenant_id)})
            return None
        return ModeloDaConta(row.numero, row.base, row.conteudo_hash, content)

    def _examples(self, tenant_id: UUID) -> list[CorrectedExample]:
        with self._database.unit_of_work(tenant_id) as uow:
            self._require_consent(uow)
            return service.examples(uow, self._ports.chaves)

    def _require_consent(self, uow: UnitOfWork) -> None:
        if not self._tenants.settings(uow).aprendizado.ativo:
            raise SemConsentimento(
                "A conta não consentiu em aprender com as correções: ative a configuração "
                "aprendizado, com a finalidade “melhoria do modelo”."
            )


def _content(files: FileStore, tenant_id: UUID, sha256: str) -> bytes | None:
    """The file of a model; None where it is gone or is not what its hash says."""
    try:
        return _read(files.path(tenant_id, _key(sha256)), sha256)
    except FileNotStored:
        return None


@lru_cache(maxsize=64)
def _read(path: Path, sha256: str) -> bytes | None:
    """A model is read for every message and changes once in a while."""
    content = path.read_bytes()
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def _key(sha256: str) -> str:
    return f"modelos/{sha256}.bin"


def _of(uow: UnitOfWork, operation: str) -> Any:
    return select(MODELOS).where(
        MODELOS.c.tenant_id == uow.tenant_id, MODELOS.c.operacao == operation
    )


def _active_row(uow: UnitOfWork, operation: str) -> Row[Any] | None:
    row: Row[Any] | None = uow.connection.execute(
        _of(uow, operation).where(MODELOS.c.ativo)
    ).one_or_none()
    return row


def _lock(uow: UnitOfWork, operation: str) -> None:
    """One training or rollback of a tenant's model at a time."""
    name = f"modelos:{uow.tenant_id}:{operation}"
    uow.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _next_number(uow: UnitOfWork, operation: str) -> int:
    _lock(uow, operation)
    last = uow.connection.execute(
        select(func.max(MODELOS.c.numero)).where(
            MODELOS.c.tenant_id == uow.tenant_id, MODELOS.c.operacao == operation
        )
    ).scalar_one()
    return 1 + (last or 0)


def _retire(uow: UnitOfWork, operation: str) -> None:
    uow.connection.execute(
        update(MODELOS)
        .where(
            MODELOS.c.tenant_id == uow.tenant_id, MODELOS.c.operacao == operation, MODELOS.c.ativo
        )
        .values(ativo=False, versao=MODELOS.c.versao + 1)
    )


def _figures(result: Training) -> Mapping[str, Any]:
    return {
        "antes": asdict(result.antes),
        "depois": asdict(result.depois),
        "fora": dict(result.fora),
        "partes": list(result.partes),
        "retidas": list(result.retidas),
    }


def _note(
    uow: UnitOfWork, ator: Ator, action: str, operation: str, numero: int, **more: Any
) -> None:
    record(uow, ator, action, detalhes={"operacao": operation, "numero": numero, **more})
