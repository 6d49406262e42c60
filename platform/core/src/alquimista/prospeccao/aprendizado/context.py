"""``context.modelos``: what agents may know of what a tenant's people taught."""

from __future__ import annotations

from alquimista.prospeccao.aprendizado.modelos import Modelos
from alquimista.runtime.run import Run
from alquimista_sdk.models import ModeloDaConta


class ModelosContext:
    """The model in use, and nothing else."""

    def __init__(self, run: Run, modelos: Modelos) -> None:
        self._run = run
        self._modelos = modelos

    def active(self, operation: str) -> ModeloDaConta | None:
        """Read the model in use for an operation."""
        with self._run.reading() as uow:
            return self._modelos.active(uow, operation)
