"""The calendar twin: one table of events, no two of a calendar at one time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete, insert, select, text

from alquimista.db.session import Database, UnitOfWork
from alquimista.sandbox.models import SandboxEvento
from alquimista_integrations.calendar.port import NovoEvento

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:calendario, 0))")
_MAX_LINE = 255


class SandboxCalendario:
    """The calendars of one tenant; every method is a transaction of its own."""

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self._database = database
        self._tenant_id = tenant_id

    def availability(
        self, calendario_id: str, inicio: datetime, fim: datetime
    ) -> list[dict[str, str]]:
        """Busy spans that overlap the span asked for (ISO 8601, UTC), in order."""
        with self._database.unit_of_work(self._tenant_id) as uow:
            rows = uow.connection.execute(
                select(SandboxEvento.inicio, SandboxEvento.fim)
                .where(*_overlapping(uow, calendario_id, inicio, fim))
                .order_by(SandboxEvento.inicio)
            ).all()
        return [{"inicio": _iso(row.inicio), "fim": _iso(row.fim)} for row in rows]

    def create_event(self, evento: NovoEvento) -> dict[str, Any]:
        """Create the event once; a span that another event has is a ``conflito``."""
        with self._database.unit_of_work(self._tenant_id) as uow:
            uow.connection.execute(_LOCK, {"calendario": f"{uow.tenant_id}/{evento.calendario_id}"})
            criado = conflito = False
            if not _exists(uow, evento):
                conflito = _taken(uow, evento)
                criado = not conflito
                if criado:
                    _insert(uow, evento)
        return {"event_id": evento.event_id, "criado": criado, "conflito": conflito}

    def cancel_event(self, calendario_id: str, event_id: str) -> bool:
        """Delete an event; False where there was none."""
        with self._database.unit_of_work(self._tenant_id) as uow:
            gone = uow.connection.execute(
                delete(SandboxEvento).where(
                    SandboxEvento.tenant_id == uow.tenant_id,
                    SandboxEvento.id == _row_id(uow, calendario_id, event_id),
                )
            )
        return gone.rowcount == 1


def _exists(uow: UnitOfWork, evento: NovoEvento) -> bool:
    row = uow.connection.execute(
        select(SandboxEvento.id).where(
            SandboxEvento.tenant_id == uow.tenant_id,
            SandboxEvento.id == _row_id(uow, evento.calendario_id, evento.event_id),
        )
    ).one_or_none()
    return row is not None


def _taken(uow: UnitOfWork, evento: NovoEvento) -> bool:
    row = uow.connection.execute(
        select(SandboxEvento.id)
        .where(*_overlapping(uow, evento.calendario_id, evento.inicio, evento.fim))
        .limit(1)
    ).first()
    return row is not None


def _insert(uow: UnitOfWork, evento: NovoEvento) -> None:
    uow.connection.execute(
        insert(SandboxEvento).values(
            id=_row_id(uow, evento.calendario_id, evento.event_id),
            tenant_id=uow.tenant_id,
            calendario_id=evento.calendario_id,
            event_id=evento.event_id,
            resumo=evento.resumo[:_MAX_LINE],
            inicio=evento.inicio,
            fim=evento.fim,
            created_at=uow.agora,
        )
    )


def _overlapping(
    uow: UnitOfWork, calendario_id: str, inicio: datetime, fim: datetime
) -> tuple[Any, ...]:
    return (
        SandboxEvento.tenant_id == uow.tenant_id,
        SandboxEvento.calendario_id == calendario_id,
        SandboxEvento.inicio < fim,
        SandboxEvento.fim > inicio,
    )


def _row_id(uow: UnitOfWork, calendario_id: str, event_id: str) -> UUID:
    """The event's id decides the row's: a repeated call meets its own row."""
    return uuid5(uow.tenant_id, f"{calendario_id}/{event_id}")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
