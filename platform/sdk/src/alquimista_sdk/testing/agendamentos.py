"""The twin's ``context.agendamentos``: one span of time belongs to one meeting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import HORARIO_TOMADO_POR, Agendamento, Horario, Intervalo
from alquimista_sdk.testing.recording import Recording
from alquimista_sdk.testing.store import Reserva, Store


def cancel_open(store: Store, lead_id: UUID, now: datetime) -> None:
    """Cancel a lead's open and coming meetings."""
    for meeting in list(store.agendamentos.values()):
        coming = meeting.status == "confirmado" and meeting.data_hora > now
        if meeting.lead_id == lead_id and (meeting.status == "proposto" or coming):
            _free(store, meeting.id)
            _change(store, meeting.id, status="cancelado")


class TwinAgendamentos:
    """Meetings and slots in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._store = recording.store

    def get(self, agendamento_id: UUID) -> Agendamento:
        """Read one meeting."""
        return _find(self._store, agendamento_id)

    def open_proposal(self, lead_id: UUID) -> Agendamento | None:
        """Read the lead's newest meeting in ``proposto``."""
        found = [
            item
            for item in self._store.agendamentos.values()
            if item.lead_id == lead_id and item.status == "proposto"
        ]
        return found[-1] if found else None

    def busy(self, inicio: datetime, fim: datetime) -> tuple[Intervalo, ...]:
        """Read the spans that are held (and not expired) or confirmed."""
        found = [item for item in self._live() if item.overlaps(inicio, fim)]
        found.sort(key=lambda item: item.inicio)
        return tuple(Intervalo(item.inicio, item.fim) for item in found)

    def hold(
        self,
        agendamento_id: UUID,
        lead_id: UUID,
        horarios: Sequence[Horario],
        expira_em: datetime,
    ) -> tuple[Horario, ...]:
        """Claim: hold slots for a lead; answers those got, the same when asked again."""
        if any(horario.fim <= horario.inicio for horario in horarios):
            raise PermanentError("a slot ends after it begins")
        if agendamento_id in self._store.agendamentos:
            return self._store.agendamentos[agendamento_id].horarios
        self._store.lead(lead_id)
        if not horarios:
            return ()
        self._release_expired()
        got = tuple(
            horario
            for horario in horarios
            if self._occupy(agendamento_id, horario, "segurado", expira_em)
        )
        self._store.agendamentos[agendamento_id] = Agendamento(
            id=agendamento_id,
            lead_id=lead_id,
            status="proposto" if got else "cancelado",
            data_hora=horarios[0].inicio,
            duracao=_minutes(horarios[0]),
            versao=1,
            horarios=got,
            expira_em=expira_em,
        )
        return got

    def take(self, agendamento_id: UUID, horario: Horario) -> bool:
        """Claim: take the chosen slot for a while; False where it is gone."""
        until = self._recording.now + HORARIO_TOMADO_POR
        return self._claim(agendamento_id, horario, "segurado", until)

    def _claim(
        self, agendamento_id: UUID, horario: Horario, estado: str, expira_em: datetime | None
    ) -> bool:
        _find(self._store, agendamento_id)
        self._release_expired()
        for index, known in enumerate(self._store.reservas):
            if (known.agendamento_id, known.inicio) != (agendamento_id, horario.inicio):
                continue
            if known.estado == "confirmado":
                return True
            others = (item for item in self._store.reservas if item is not known)
            if any(item.overlaps(known.inicio, known.fim) for item in others):
                return False
            self._store.reservas[index] = replace(known, estado=estado, expira_em=expira_em)
            return True
        return self._occupy(agendamento_id, horario, estado, expira_em)

    def confirm(
        self, agendamento_id: UUID, horario: Horario, calendar_event_id: str, briefing: str
    ) -> None:
        """Write: ``confirmado`` at that slot, the other holds freed, the lead ``agendado``."""

        def write() -> None:
            if not self._claim(agendamento_id, horario, "confirmado", None):
                raise PermanentError("the slot is gone")
            _free(self._store, agendamento_id, keep=horario.inicio)
            _change(
                self._store,
                agendamento_id,
                status="confirmado",
                data_hora=horario.inicio,
                duracao=_minutes(horario),
                calendar_event_id=calendar_event_id,
                briefing=briefing,
                expira_em=None,
            )
            lead = self._store.lead(_find(self._store, agendamento_id).lead_id)
            if lead.status not in ("descadastrado", "bloqueado", "convertido", "agendado"):
                self._store.change_lead(lead.id, status="agendado")

        self._recording.write(write)

    def release(self, agendamento_id: UUID, status: str) -> None:
        """Write: free the holds and move the meeting to ``cancelado`` or ``remarcado``."""
        if status not in ("cancelado", "remarcado"):
            raise PermanentError(f"a meeting is not released to {status!r}")

        def write() -> None:
            _free(self._store, agendamento_id)
            _change(self._store, agendamento_id, status=status)

        self._recording.write(write)

    def _live(self) -> list[Reserva]:
        now = self._recording.now
        return [
            item for item in self._store.reservas if item.expira_em is None or item.expira_em > now
        ]

    def _release_expired(self) -> None:
        live = {id(item) for item in self._live()}
        self._store.reservas = [
            item if id(item) in live else replace(item, estado="liberado")
            for item in self._store.reservas
        ]

    def _occupy(
        self, agendamento_id: UUID, horario: Horario, estado: str, expira_em: datetime | None
    ) -> bool:
        if any(item.overlaps(horario.inicio, horario.fim) for item in self._store.reservas):
            return False
        self._store.reservas.append(
            Reserva(agendamento_id, horario.numero, horario.inicio, horario.fim, estado, expira_em)
        )
        return True


def _find(store: Store, agendamento_id: UUID) -> Agendamento:
    if agendamento_id not in store.agendamentos:
        raise NotFound("agendamento não encontrado")
    return store.agendamentos[agendamento_id]


def _free(store: Store, agendamento_id: UUID, keep: datetime | None = None) -> None:
    store.reservas = [
        replace(item, estado="liberado")
        if item.agendamento_id == agendamento_id and item.inicio != keep
        else item
        for item in store.reservas
    ]


def _change(store: Store, agendamento_id: UUID, **values: Any) -> None:
    meeting = _find(store, agendamento_id)
    changed = replace(meeting, **values, versao=meeting.versao + 1)
    store.agendamentos[agendamento_id] = changed


def _minutes(horario: Horario) -> int:
    return int((horario.fim - horario.inicio).total_seconds() // 60)
