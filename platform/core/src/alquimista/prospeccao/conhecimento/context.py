"""``context.conhecimento``: the tenant's knowledge base."""

from __future__ import annotations

from alquimista.prospeccao.conhecimento import service
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.models import Trecho


class ConhecimentoContext:
    """The only source of prices and claims."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run

    def search(self, consulta: str, limite: int = 3) -> tuple[Trecho, ...]:
        """Read the passages nearest to a question."""
        with self._run.reading() as uow:
            return service.search(uow, consulta, limite)
