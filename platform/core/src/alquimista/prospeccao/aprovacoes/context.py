"""``context.aprovacoes``: agents ask, people decide."""

from __future__ import annotations

from uuid import UUID

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.aprovacoes import service
from alquimista.prospeccao.campanhas import service as campanhas
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.errors import PermanentError


class AprovacoesContext:
    """Requests are bound to the content as it is when the handler commits."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run

    def request(self, tipo: str, ref_id: UUID, resumo: str) -> None:
        """Write: ask a person to approve a campaign."""
        if tipo != "campanha":
            raise PermanentError(f"nothing of type {tipo!r} can be approved")

        def write(uow: UnitOfWork) -> None:
            conteudo = campanhas.find_row(uow, ref_id).conteudo_hash
            service.request(uow, tipo, ref_id, conteudo, resumo)

        self._run.write(write)
