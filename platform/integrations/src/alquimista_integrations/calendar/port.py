"""What a calendar does for us; shapes as the tools ``calendar.*`` have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class NovoEvento:
    """An event to create. ``event_id`` is chosen by the client, so that a retry creates one."""

    calendario_id: str
    event_id: str
    resumo: str
    descricao: str
    inicio: datetime
    fim: datetime
    participantes: Sequence[str] = ()


class Calendar(Protocol):
    """Free time and events; every method may be repeated."""

    def availability(
        self, calendario_id: str, inicio: datetime, fim: datetime
    ) -> list[dict[str, str]]:
        """Busy spans (``inicio``, ``fim``, ISO 8601, UTC) that overlap the span asked for."""

    def create_event(self, evento: NovoEvento) -> dict[str, Any]:
        """``event_id``, ``criado`` (by this call) and ``conflito`` (the span is taken)."""

    def cancel_event(self, calendario_id: str, event_id: str) -> bool:
        """Whether the event is gone now and had been there."""
