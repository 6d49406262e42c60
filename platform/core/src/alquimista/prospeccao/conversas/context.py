"""``context.conversas``: what agents may do with conversations."""

from __future__ import annotations

from uuid import UUID

from alquimista.prospeccao.conversas import service
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.models import Historico, Interacao, Leitura, NovaResposta


class ConversasContext:
    """Answers are asked for here; the sender and its gate decide whether they go out."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run
        self._ports = ports

    def history(self, lead_id: UUID, limit: int = 20) -> Historico:
        """Read the last messages of a conversation."""
        with self._run.reading() as uow:
            return service.history(uow, lead_id, limit)

    def get(self, interacao_id: UUID) -> Interacao:
        """Read one message."""
        with self._run.reading() as uow:
            return service.find(uow, interacao_id)

    def classify(self, interacao_id: UUID, leitura: Leitura) -> None:
        """Write: how a received message was read."""
        self._run.write(lambda uow: service.classify(uow, interacao_id, leitura))

    def reply(self, resposta: NovaResposta) -> None:
        """Write: ask the sender to answer a lead."""
        self._run.write(lambda uow: service.reply(self._ports, uow, resposta, self._run.trace_id))
