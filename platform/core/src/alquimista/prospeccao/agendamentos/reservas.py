"""Slots of meetings: offered, taken, booked, freed. The exclusion constraint decides.

A slot is ``segurado`` until its ``expira_em``, whether it was offered to a lead or taken by a run
that is about to confirm: what nobody confirms comes free by itself. Only a confirmation keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Executable, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.agendamentos.models import Agendamento, AgendamentoHorario
from alquimista.runtime.ports import Ports
from alquimista_sdk.models import HORARIO_TOMADO_POR, Horario, Intervalo

TIMER = "reserva"
ABERTOS = ("proposto", "confirmado")
"""The status of a meeting that may have slots."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/agendamentos', 0))")
_HORARIOS = table_of(AgendamentoHorario)
_SLOTS = (
    select(_HORARIOS.c.numero, _HORARIOS.c.inicio, _HORARIOS.c.fim)
    .where(
        _HORARIOS.c.tenant_id == bindparam("tenant"),
        _HORARIOS.c.agendamento_id == bindparam("agendamento"),
    )
    .order_by(_HORARIOS.c.numero)
)
_OCCUPY = insert(_HORARIOS)
_KEEP = (
    update(_HORARIOS)
    .where(_HORARIOS.c.tenant_id == bindparam("tenant"), _HORARIOS.c.id == bindparam("horario"))
    .values(
        estado=bindparam("novo_estado"),
        expira_em=bindparam("nova_expiracao"),
        versao=_HORARIOS.c.versao + 1,
    )
)
_EXCLUSION = "ex_agendamento_horarios_um_por_vez"


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
        return slots(uow, agendamento_id)
    if not horarios:
        return ()
    one_at_a_time(uow)
    release_expired(uow)
    uow.connection.execute(
        insert(Agendamento).values(
            id=agendamento_id,
            tenant_id=uow.tenant_id,
            lead_id=lead_id,
            data_hora=horarios[0].inicio,
            duracao=minutes(horarios[0]),
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


def take(ports: Ports, uow: UnitOfWork, agendamento_id: UUID, horario: Horario) -> bool:
    """Take one slot for the time that a confirmation needs, also where its hold has expired.

    A run that dies before it confirms loses it after ``HORARIO_TOMADO_POR``; a later run takes it
    anew where it is free. False where it is gone, or where the meeting was cancelled or moved
    meanwhile.
    """
    until = uow.agora + HORARIO_TOMADO_POR
    if not _claim(uow, agendamento_id, horario, "segurado", until):
        return False
    _watch(ports, uow, agendamento_id)
    return True


def settle(ports: Ports, uow: UnitOfWork, agendamento_id: UUID, horario: Horario) -> bool:
    """Keep a slot for good and free the meeting's others; False where it is gone."""
    if not _claim(uow, agendamento_id, horario, "confirmado", None):
        return False
    free(uow, agendamento_id, keep=horario.inicio)
    ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, agendamento_id)
    return True


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


def expire(ports: Ports, uow: UnitOfWork, agendamento_id: UUID) -> None:
    """A hold's time has passed: its slots are free; the lead may still choose one if it is."""
    one_at_a_time(uow)
    release_expired(uow)
    _watch(ports, uow, agendamento_id)


def release_expired(uow: UnitOfWork) -> None:
    """Free holds whose time has passed; the meeting stays ``proposto``."""
    uow.connection.execute(
        update(AgendamentoHorario)
        .where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.estado == "segurado",
            AgendamentoHorario.expira_em <= uow.agora,
        )
        .values(estado="liberado", versao=AgendamentoHorario.versao + 1)
    )


def free(uow: UnitOfWork, agendamento_id: UUID, keep: datetime | None = None) -> None:
    """Free the slots of a meeting, but for the one that begins at ``keep``."""
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


def one_at_a_time(uow: UnitOfWork) -> None:
    """Change a tenant's meetings one after the other, until the end of the transaction.

    Two inserts that meet in an exclusion constraint may wait for each other: PostgreSQL ends one
    as a deadlock after a second. Queueing keeps the answer immediate; the constraint decides.
    A transaction that also locks a lead locks the lead first.
    """
    uow.connection.execute(_LOCK, {"tenant": str(uow.tenant_id)})


def status_of(uow: UnitOfWork, agendamento_id: UUID) -> str | None:
    """The status of a meeting; None where there is none."""
    status: str | None = uow.connection.execute(
        select(Agendamento.status).where(
            Agendamento.tenant_id == uow.tenant_id, Agendamento.id == agendamento_id
        )
    ).scalar_one_or_none()
    return status


def slots(uow: UnitOfWork, agendamento_id: UUID) -> tuple[Horario, ...]:
    """Every slot that a meeting has or had, by number."""
    rows = uow.connection.execute(
        _SLOTS, {"tenant": uow.tenant_id, "agendamento": agendamento_id}
    ).all()
    return tuple(Horario(*row) for row in rows)


def minutes(horario: Horario) -> int:
    """How long a slot is, in whole minutes."""
    return int((horario.fim - horario.inicio).total_seconds() // 60)


def _claim(
    uow: UnitOfWork,
    agendamento_id: UUID,
    horario: Horario,
    estado: str,
    expira_em: datetime | None,
) -> bool:
    one_at_a_time(uow)
    if status_of(uow, agendamento_id) not in ABERTOS:
        return False
    release_expired(uow)
    row = uow.connection.execute(
        select(AgendamentoHorario.id, AgendamentoHorario.estado).where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.agendamento_id == agendamento_id,
            AgendamentoHorario.inicio == horario.inicio,
        )
    ).one_or_none()
    if row is None:
        return _occupy(uow, agendamento_id, horario, estado, expira_em)
    if row.estado == "confirmado":
        return True
    return _guarded(
        uow,
        _KEEP,
        {
            "tenant": uow.tenant_id,
            "horario": row.id,
            "novo_estado": estado,
            "nova_expiracao": expira_em,
        },
    )


def _watch(ports: Ports, uow: UnitOfWork, agendamento_id: UUID) -> None:
    """Set the meeting's timer to the next hold that expires."""
    upcoming = uow.connection.execute(
        select(func.min(AgendamentoHorario.expira_em)).where(
            AgendamentoHorario.tenant_id == uow.tenant_id,
            AgendamentoHorario.agendamento_id == agendamento_id,
            AgendamentoHorario.estado == "segurado",
        )
    ).scalar_one()
    if upcoming is not None:
        ports.timers.schedule(uow.connection, uow.tenant_id, upcoming, TIMER, agendamento_id)


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
