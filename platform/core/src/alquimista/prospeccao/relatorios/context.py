"""``context.relatorios``: figures to read, reports to publish and mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.relatorios import service
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.models import Anexo, Interacao, MetricasFunil


class RelatoriosContext:
    """The core computes the figures; the agent tells them."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run
        self._ports = ports

    def metrics(self, inicio: date, fim: date) -> MetricasFunil:
        """Read the funnel of some days."""
        with self._run.reading() as uow:
            return service.metrics(uow, inicio, fim, self._run.tenant.fuso_horario)

    def objections(self, inicio: date, fim: date) -> tuple[Interacao, ...]:
        """Read the messages that were read as objections in those days."""
        with self._run.reading() as uow:
            return service.objections(uow, inicio, fim, self._run.tenant.fuso_horario)

    def publish(self, data: date, metricas: MetricasFunil, pdf: bytes) -> None:
        """Write: keep a day's figures and its PDF."""
        self._run.write(lambda uow: service.publish(self._ports, uow, data, metricas, pdf))

    def mail_managers(
        self, assunto: str, mensagem: str, anexos: Sequence[Anexo], chave: str
    ) -> None:
        """Write: ask the sender to mail the tenant's managers, once per ``chave``."""
        managers = self._run.tenant.emails_gestores
        if not managers:
            return

        def write(uow: UnitOfWork) -> None:
            disparos.request(
                self._ports,
                uow,
                tipo="interno",
                canal="email",
                assunto=assunto,
                mensagem=mensagem,
                anexos=anexos,
                destinatarios=managers,
                chave=f"{uow.tenant_id}-interno-{chave}",
                trace_id=self._run.trace_id,
            )

        self._run.write(write)
