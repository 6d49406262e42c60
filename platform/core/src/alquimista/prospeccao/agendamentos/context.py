"""``context.agendamentos``: what agents may do with meetings and held slots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.agendamentos import reservas, service
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.context import counted
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run
from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Agendamento, Horario, Intervalo


class AgendamentosContext:
    """Claims decide at once; the database's exclusion keeps one span for one lead."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run
        self._ports = ports

    def get(self, agendamento_id: UUID) -> Agendamento:
        """Read one meeting."""
        with self._run.reading() as uow:
            return service.find(uow, agendamento_id)

    def open_proposal(self, lead_id: UUID) -> Agendamento | None:
        """Read the lead's meeting in ``proposto``."""
        with self._run.reading() as uow:
            return service.open_proposal(uow, lead_id)

    def busy(self, inicio: datetime, fim: datetime) -> tuple[Intervalo, ...]:
        """Read the spans that are held or confirmed."""
        with self._run.reading() as uow:
            return reservas.busy(uow, inicio, fim)

    def hold(
        self,
        agendamento_id: UUID,
        lead_id: UUID,
        horarios: Sequence[Horario],
        expira_em: datetime,
    ) -> tuple[Horario, ...]:
        """Claim: hold slots for a lead; answers those got."""
        if any(horario.fim <= horario.inicio for horario in horarios):
            raise PermanentError("a slot ends after it begins")
        with self._run.reading() as uow:
            return reservas.hold(
                self._ports, uow, agendamento_id, lead_id, horarios, expira_em, self._run.trace_id
            )

    def take(self, agendamento_id: UUID, horario: Horario) -> bool:
        """Claim: take the chosen slot; False where it is gone."""
        with self._run.reading() as uow:
            return reservas.take(self._ports, uow, agendamento_id, horario)

    def confirm(
        self, agendamento_id: UUID, horario: Horario, calendar_event_id: str, briefing: str
    ) -> None:
        """Write: ``confirmado`` at that slot, and the lead is ``agendado``."""

        run, ports = self._run, self._ports

        def write(uow: UnitOfWork) -> None:
            lead_id = service.find(uow, agendamento_id).lead_id

            def book(inner: UnitOfWork) -> None:
                service.confirm(ports, inner, agendamento_id, horario, calendar_event_id, briefing)
                leads.set_status(inner, lead_id, "agendado")

            counted(run, lead_id, book)(uow)

        self._run.write(write)

    def release(self, agendamento_id: UUID, status: str) -> None:
        """Write: free the holds and move the meeting to ``cancelado`` or ``remarcado``."""
        if status not in ("cancelado", "remarcado"):
            raise PermanentError(f"a meeting is not released to {status!r}")

        def write(uow: UnitOfWork) -> None:
            leads.find(uow, service.find(uow, agendamento_id).lead_id, lock=True)
            service.release(self._ports, uow, agendamento_id, status)

        self._run.write(write)
