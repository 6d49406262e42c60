"""``context.campanhas``: what agents may do with campaigns."""

from __future__ import annotations

from uuid import UUID

from alquimista.prospeccao.campanhas import service
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.models import Campanha, NovaCampanha, Template


class CampanhasContext:
    """Reads remember ``versao``; a status is set only on what was read."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run

    def get(self, campanha_id: UUID) -> Campanha:
        """Read one campaign."""
        with self._run.reading() as uow:
            return self._seen(service.find(uow, campanha_id))

    def by_lote(self, lote_id: UUID) -> tuple[Campanha, ...]:
        """Read the campaigns of a lot."""
        with self._run.reading() as uow:
            return tuple(self._seen(c) for c in service.select_by(uow, lote_id=lote_id))

    def by_status(self, status: str) -> tuple[Campanha, ...]:
        """Read the campaigns in a status."""
        with self._run.reading() as uow:
            return tuple(self._seen(c) for c in service.select_by(uow, status=status))

    def templates(self, canal: str) -> tuple[Template, ...]:
        """Read the tenant's templates of a channel."""
        with self._run.reading() as uow:
            return service.templates(uow, canal)

    def create(self, campanha: NovaCampanha) -> None:
        """Write: a campaign in ``rascunho``."""
        self._run.write(lambda uow: service.create(uow, campanha, self._run.trace_id))

    def set_status(self, campanha_id: UUID, status: str) -> None:
        """Write: move a campaign that was read before."""
        versao = self._run.version_of("campanhas", campanha_id)
        self._run.write(lambda uow: service.set_status(uow, campanha_id, status, versao=versao))

    def _seen(self, campanha: Campanha) -> Campanha:
        self._run.remember("campanhas", campanha.id, campanha.versao)
        return campanha
