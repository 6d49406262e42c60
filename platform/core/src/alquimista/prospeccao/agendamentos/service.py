"""Meetings and their status: confirming, cancelling, what a person says became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, or_, select

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.agendamentos import reservas
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Agendamento as AgendamentoData
from alquimista_sdk.models import Horario

SOURCE = "alquimista.agendamentos"
_AGENDAMENTOS = table_of(Agendamento)
_OPEN = (
    select(_AGENDAMENTOS)
    .where(
        _AGENDAMENTOS.c.tenant_id == bindparam("tenant"),
        _AGENDAMENTOS.c.lead_id == bindparam("lead"),
        _AGENDAMENTOS.c.status == "proposto",
    )
    .order_by(_AGENDAMENTOS.c.created_at.desc())
    .limit(1)
)
MUDANCAS = {
    "confirmado": ("realizado", "cancelado", "remarcado"),
    "proposto": ("cancelado",),
}
"""Which status a person may set, from which (decision 7)."""


class MudancaInvalida(PermanentError):
    """The meeting is not in a status that allows this."""

    code = "mudanca_invalida"
    http_status = 409


def find(uow: UnitOfWork, agendamento_id: UUID) -> AgendamentoData:
    """One meeting with its held slots. Raises ``NotFound``."""
    row = uow.connection.execute(
        select(Agendamento.__table__).where(
            Agendamento.tenant_id == uow.tenant_id, Agendamento.id == agendamento_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("agendamento não encontrado")
    return _data(uow, row)


def open_proposal(uow: UnitOfWork, lead_id: UUID) -> AgendamentoData | None:
    """The lead's newest meeting in ``proposto``."""
    row = uow.connection.execute(_OPEN, {"tenant": uow.tenant_id, "lead": lead_id}).one_or_none()
    return _data(uow, row) if row is not None else None


def confirm(
    ports: Ports,
    uow: UnitOfWork,
    agendamento_id: UUID,
    horario: Horario,
    calendar_event_id: str,
    briefing: str,
) -> None:
    """``confirmado`` at the slot that was taken; the other holds are freed.

    Raises:
        VersionConflict: the meeting was cancelled or moved since it was read.
        PermanentError: the slot is gone: it was never taken, or was taken too long ago.
    """
    reservas.one_at_a_time(uow)
    if reservas.status_of(uow, agendamento_id) not in reservas.ABERTOS:
        raise VersionConflict("the meeting changed meanwhile")
    if not reservas.settle(ports, uow, agendamento_id, horario):
        raise PermanentError("the slot is gone")
    _set(
        uow,
        agendamento_id,
        status="confirmado",
        data_hora=horario.inicio,
        duracao=reservas.minutes(horario),
        calendar_event_id=calendar_event_id,
        briefing=briefing,
        expira_em=None,
    )


def release(ports: Ports, uow: UnitOfWork, agendamento_id: UUID, status: str) -> None:
    """Free every slot of a meeting and move it to ``cancelado`` or ``remarcado``."""
    reservas.one_at_a_time(uow)
    reservas.free(uow, agendamento_id)
    ports.timers.cancel(uow.connection, uow.tenant_id, reservas.TIMER, agendamento_id)
    _set(uow, agendamento_id, status=status)


def change_status(
    ports: Ports,
    uow: UnitOfWork,
    agendamento_id: UUID,
    status: str,
    ator: Ator,
    trace_id: UUID,
    confere: Callable[[int], None] | None = None,
) -> None:
    """A person says what became of a meeting; the agents hear of it.

    ``confere`` is called with the version of the row that is about to change, and may refuse it.

    Raises:
        MudancaInvalida: the meeting cannot go from its status to that one.
    """
    reservas.one_at_a_time(uow)
    meeting = find(uow, agendamento_id)
    if confere is not None:
        confere(meeting.versao)
    if status not in MUDANCAS.get(meeting.status, ()):
        raise MudancaInvalida(f"um agendamento {meeting.status} não pode passar a {status}")
    if status == "realizado":
        _set(uow, agendamento_id, status=status)
    else:
        release(ports, uow, agendamento_id, status)
    record(
        uow,
        ator,
        f"agendamento.{status}",
        alvo_tipo="agendamento",
        alvo_id=agendamento_id,
        trace_id=trace_id,
    )
    _publish_change(ports, uow, meeting, status, trace_id)


def _publish_change(
    ports: Ports, uow: UnitOfWork, meeting: AgendamentoData, status: str, trace_id: UUID
) -> None:
    metadata = {
        "agendamento_id": str(meeting.id),
        "status": status,
        "calendar_event_id": meeting.calendar_event_id,
    }
    detail = FractalDetail(
        subject=Subject.lead(meeting.lead_id),
        context=EventContext(metadata=metadata),
        logs=(LogEntry(uow.agora.isoformat(), "agendamentos", f"reunião {status}", str(trace_id)),),
    )
    ports.publisher.publish(uow, [NewEvent(SOURCE, "changed", detail, trace_id)])


def cancel_future(ports: Ports, uow: UnitOfWork, lead_id: UUID) -> int:
    """Cancel a lead's open and coming meetings, and tell the agents; answers how many."""
    reservas.one_at_a_time(uow)
    rows = uow.connection.execute(
        select(Agendamento.__table__).where(
            Agendamento.tenant_id == uow.tenant_id,
            Agendamento.lead_id == lead_id,
            or_(
                Agendamento.status == "proposto",
                and_(Agendamento.status == "confirmado", Agendamento.data_hora > uow.agora),
            ),
        )
    ).all()
    for row in rows:
        release(ports, uow, row.id, "cancelado")
        _publish_change(ports, uow, _data(uow, row), "cancelado", row.trace_id)
    return len(rows)


def _set(uow: UnitOfWork, agendamento_id: UUID, **values: Any) -> None:
    set_columns(uow, _AGENDAMENTOS, agendamento_id, {**values, "updated_at": uow.agora})


def _data(uow: UnitOfWork, row: Row[Any]) -> AgendamentoData:
    return AgendamentoData(
        id=row.id,
        lead_id=row.lead_id,
        status=row.status,
        data_hora=row.data_hora,
        duracao=row.duracao,
        versao=row.versao,
        horarios=reservas.slots(uow, row.id),
        expira_em=row.expira_em,
        calendar_event_id=row.calendar_event_id,
        briefing=row.briefing,
    )
