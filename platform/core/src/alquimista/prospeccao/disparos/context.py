"""``context.disparos``: agents plan; only the sender sends, behind the gate."""

from __future__ import annotations

from uuid import UUID

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.disparos import service
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.models import Disparo, NovoDisparo


class DisparosContext:
    """Planned prospecting messages of one run."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run
        self._ports = ports

    def by_lead(self, lead_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent to a lead, oldest first."""
        with self._run.reading() as uow:
            return service.by_lead(uow, lead_id)

    def by_campanha(self, campanha_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent for a campaign, oldest first."""
        with self._run.reading() as uow:
            return service.by_campanha(uow, campanha_id)

    def plan(self, disparo: NovoDisparo) -> None:
        """Write: plan a prospecting message, once per decision 16's key."""

        def write(uow: UnitOfWork) -> None:
            service.request(
                self._ports,
                uow,
                tipo="prospeccao",
                canal=disparo.canal,
                assunto=disparo.assunto,
                mensagem=disparo.mensagem,
                chave=(
                    f"{uow.tenant_id}-{disparo.lead_id}-{disparo.campanha_id}"
                    f"-{disparo.etapa}-{disparo.tentativa}"
                ),
                lead_id=disparo.lead_id,
                campanha_id=disparo.campanha_id,
                etapa=disparo.etapa,
                tentativa=disparo.tentativa,
                variante=disparo.variante,
                enviar_em=max(disparo.enviar_em, uow.agora),
                trace_id=self._run.trace_id,
            )

        self._run.write(write)

    def cancel_pending(self, lead_id: UUID, motivo: str) -> None:
        """Write: cancel what is planned for a lead."""
        ports = self._ports

        def write(uow: UnitOfWork) -> None:
            service.cancel_pending(ports, uow, lead_id, motivo, tipos=("prospeccao",))

        self._run.write(write)
