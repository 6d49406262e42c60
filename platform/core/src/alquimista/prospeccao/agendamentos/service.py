"""Meetings: holding, taking, confirming, cancelling. The exclusion constraint decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Executable, Row, and_, bindparam, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.agendamentos.models import Agendamento, AgendamentoHorario
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Agendamento as AgendamentoData
from alquimista_sdk.models import Horario, Intervalo

SOURCE = "alquimista.agendamentos"
TIMER = "reserva"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/agendamentos', 0))")
_AGENDAMENTOS = table_of(Agendamento)
_HORARIOS = table_of(AgendamentoHorario)
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
_SLOTS = (
    select(_HORARIOS.c.numero, _HORARIOS.c.inicio, _HORARIOS.c.fim)
    .where(
        _HORARIOS.c.tenant_id == bindparam("tenant"),
        _HORARIOS.c.agendamento_id == bindparam("agendamento"),
    )
    .order_by(_HORARIOS.c.numero)
)
_OCCUPY = insert(_HORARIOS)
_CONFIRM_SLOT = (
    update(_HORARIOS)
    .where(_HORARIOS.c.tenant_id == bindparam("tenant"), _HORARIOS.c.id == bindparam("horario"))
    .values(estado="confirmado", expira_em=None, versao=_HORARIOS.c.versao + 1)
)
_EXCLUSION = "ex_agendamento_horarios_um_por_vez"
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


def hold(
    ports: Ports,
    uow: UnitOfWork,
    agendamento_id: UUID,
    lead_id: UUID,
    horarios: Sequence[Horario],
    expira_em: datetime,
    trace_id: UUID,
) -> tuple[Horario, ...]:
    """Hold what is free of the slots asked for; a repeated call answers what it got before."""
    known = uow.connection.execute(
        select(Agendamento.id).where(
            Agendamento.tenant_id == uow.tenant_id, Agendamento.id == agendamento_id
        )
    ).one_or_none()
    if known is not None:
        return _slots(uow, agendamento_id)
    if not horarios:
        return ()
    _one_at_a_time(uow)
    release_expired(uow)
    uow.connection.execute(
        insert(Agendamento).values(
            id=agendamento_id,
            tenant_id=uow.tenant_id,
            lead_id=lead_id,
            data_hora=horarios[0].inicio,
            duracao=_minutes(horarios[0]),
            status="proposto",
            expira_em=expira_em,
            trace_id=trace_id,
            created_at=uow.agora,
            updated_at=uow.agora,
        )
    )
    got = tuple(h for h in horarios if _occupy(uow, agendamento_id, h, "segurado", expira_em))
    if not got:
        uow.connection.execute(
            update(Agendamento)
            .where(Agendamento.tenant_id == uow.tenant_id, Agendamento.id == agendamento_id)
            .values(status="cancelado", updated_at=uow.agora)
        )
        return ()
    ports.timers.schedule(uow.connection, uow.tenant_id, expira_em, TIMER, agendamento_id)
    return got


def take(uow: UnitOfWork, agendamento_id: UUID, horario: Horario) -> bool:
    """Take one slot for good, also where its hold has expired.

    False where it is gone, or where the meeting was cancelled or moved meanwhile.
    """
    _one_at_a_time(uow)
    if _status(uow, agendamento_id) not in ("proposto", "confirmado"):
        return False
    release_expired(uow)
    row = uow.connection.execute(
        select(AgendamentoHorario.id, AgendamentoHorario.estado).where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.agendamento_id == agendamento_id,
            AgendamentoHorario.inicio == horario.inicio,
        )
    ).one_or_none()
    if row is not None and row.estado == "confirmado":
        return True
    if row is None:
        return _occupy(uow, agendamento_id, horario, "confirmado", None)
    return _guarded(
        uow,
        _CONFIRM_SLOT,
        {"tenant": uow.tenant_id, "horario": row.id},
    )


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
        PermanentError: the slot was never taken, and is gone.
    """
    _one_at_a_time(uow)
    if _status(uow, agendamento_id) not in ("proposto", "confirmado"):
        raise VersionConflict("the meeting changed meanwhile")
    if not take(uow, agendamento_id, horario):
        raise PermanentError("the slot is gone")
    _free(uow, agendamento_id, keep=horario.inicio)
    ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, agendamento_id)
    _set(
        uow,
        agendamento_id,
        status="confirmado",
        data_hora=horario.inicio,
        duracao=_minutes(horario),
        calendar_event_id=calendar_event_id,
        briefing=briefing,
        expira_em=None,
    )


def release(ports: Ports, uow: UnitOfWork, agendamento_id: UUID, status: str) -> None:
    """Free every slot of a meeting and move it to ``cancelado`` or ``remarcado``."""
    _one_at_a_time(uow)
    _free(uow, agendamento_id)
    ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, agendamento_id)
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
    _one_at_a_time(uow)
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
    _one_at_a_time(uow)
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


def busy(uow: UnitOfWork, inicio: datetime, fim: datetime) -> tuple[Intervalo, ...]:
    """The spans between two moments that are held (and not expired) or confirmed."""
    rows = uow.connection.execute(
        select(AgendamentoHorario.inicio, AgendamentoHorario.fim)
        .where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.fim > inicio,
            AgendamentoHorario.inicio < fim,
            or_(
                AgendamentoHorario.estado == "confirmado",
                and_(
                    AgendamentoHorario.estado == "segurado",
                    AgendamentoHorario.expira_em > uow.agora,
                ),
            ),
        )
        .order_by(AgendamentoHorario.inicio)
    ).all()
    return tuple(Intervalo(row.inicio, row.fim) for row in rows)


def expire(uow: UnitOfWork, agendamento_id: UUID) -> None:
    """The hold's time has passed: its slots are free; the lead may still choose one if it is."""
    _one_at_a_time(uow)
    release_expired(uow)


def release_expired(uow: UnitOfWork) -> None:
    """Free holds whose time has passed; the meeting stays ``proposto`` until its timer."""
    uow.connection.execute(
        update(AgendamentoHorario)
        .where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.estado == "segurado",
            AgendamentoHorario.expira_em <= uow.agora,
        )
        .values(estado="liberado", versao=AgendamentoHorario.versao + 1)
    )


def _one_at_a_time(uow: UnitOfWork) -> None:
    """Change a tenant's meetings one after the other, until the end of the transaction.

    Two inserts that meet in an exclusion constraint may wait for each other: PostgreSQL ends one
    as a deadlock after a second. Queueing keeps the answer immediate; the constraint decides.
    A transaction that also locks a lead locks the lead first.
    """
    uow.connection.execute(_LOCK, {"tenant": str(uow.tenant_id)})


def _status(uow: UnitOfWork, agendamento_id: UUID) -> str | None:
    status: str | None = uow.connection.execute(
        select(Agendamento.status).where(
            Agendamento.tenant_id == uow.tenant_id, Agendamento.id == agendamento_id
        )
    ).scalar_one_or_none()
    return status


def _occupy(
    uow: UnitOfWork,
    agendamento_id: UUID,
    horario: Horario,
    estado: str,
    expira_em: datetime | None,
) -> bool:
    return _guarded(
        uow,
        _OCCUPY,
        {
            "id": uuid4(),
            "tenant_id": uow.tenant_id,
            "agendamento_id": agendamento_id,
            "numero": horario.numero,
            "inicio": horario.inicio,
            "fim": horario.fim,
            "estado": estado,
            "expira_em": expira_em,
        },
    )


def _guarded(uow: UnitOfWork, statement: Executable, values: dict[str, Any]) -> bool:
    savepoint = uow.connection.begin_nested()
    try:
        uow.connection.execute(statement, values)
    except IntegrityError as error:
        savepoint.rollback()
        if _EXCLUSION in str(error.orig):
            return False
        raise
    savepoint.commit()
    return True


def _free(uow: UnitOfWork, agendamento_id: UUID, keep: datetime | None = None) -> None:
    condition = [
        AgendamentoHorario.tenant_id == uow.tenant_id,
        AgendamentoHorario.agendamento_id == agendamento_id,
    ]
    if keep is not None:
        condition.append(AgendamentoHorario.inicio != keep)
    uow.connection.execute(
        update(AgendamentoHorario)
        .where(*condition)
        .values(estado="liberado", versao=AgendamentoHorario.versao + 1)
    )


def _set(uow: UnitOfWork, agendamento_id: UUID, **values: Any) -> None:
    set_columns(uow, _AGENDAMENTOS, agendamento_id, {**values, "updated_at": uow.agora})


def _slots(uow: UnitOfWork, agendamento_id: UUID) -> tuple[Horario, ...]:
    rows = uow.connection.execute(
        _SLOTS, {"tenant": uow.tenant_id, "agendamento": agendamento_id}
    ).all()
    return tuple(Horario(*row) for row in rows)


def _data(uow: UnitOfWork, row: Row[Any]) -> AgendamentoData:
    return AgendamentoData(
        id=row.id,
        lead_id=row.lead_id,
        status=row.status,
        data_hora=row.data_hora,
        duracao=row.duracao,
        versao=row.versao,
        horarios=_slots(uow, row.id),
        expira_em=row.expira_em,
        calendar_event_id=row.calendar_event_id,
        briefing=row.briefing,
    )


def _minutes(horario: Horario) -> int:
    return int((horario.fim - horario.inicio).total_seconds() // 60)
