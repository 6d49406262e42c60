"""Google Calendar over REST (v3), with a service account's token.

Source: Google, "Calendar API v3": freebusy.query, events.insert, events.get, events.delete.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from alquimista_integrations.calendar.port import NovoEvento
from alquimista_integrations.rest import DEFAULT_TIMEOUT, RestClient, Timeout, TokenProvider
from alquimista_sdk.errors import PermanentError

BASE_URL = "https://www.googleapis.com/calendar/v3"
_EVENT_ID = re.compile(r"^[a-v0-9]{5,1024}$")
"""base32hex in lower case (RFC 2938, section 3.1.2), as events.insert asks of a client's id."""


class GoogleCalendar:
    """One Google account's calendars.

    ``convidar`` adds attendees: a service account may do so only with domain-wide delegation,
    so by default our own invitation goes out by e-mail instead.
    """

    def __init__(
        self,
        token: TokenProvider,
        base_url: str = BASE_URL,
        convidar: bool = False,
        timeout: Timeout = DEFAULT_TIMEOUT,
    ) -> None:
        self._rest = RestClient("Google Calendar", base_url, token, timeout)
        self._convidar = convidar

    def availability(
        self, calendario_id: str, inicio: datetime, fim: datetime
    ) -> list[dict[str, str]]:
        """Busy spans that overlap the span asked for (ISO 8601, UTC).

        Raises:
            TransientError: 429, 5xx, no connection.
            PermanentError: the calendar is unknown or not shared with the account.
        """
        body = {"timeMin": _iso(inicio), "timeMax": _iso(fim), "items": [{"id": calendario_id}]}
        answer = self._rest.call("POST", "/freeBusy", body=body)
        found = answer.body.get("calendars", {}).get(calendario_id, {})
        if found.get("errors") or "busy" not in found:
            raise PermanentError("O calendário não existe ou não foi compartilhado.")
        return [
            {"inicio": _iso(_moment(span["start"])), "fim": _iso(_moment(span["end"]))}
            for span in found["busy"]
        ]

    def create_event(self, evento: NovoEvento) -> dict[str, Any]:
        """Create the event once: an id that is there already is the same event.

        The span is rechecked first; another event in it is a ``conflito`` and nothing is created.
        """
        known = self._known(evento)
        if known is not None:
            return known
        if self.availability(evento.calendario_id, evento.inicio, evento.fim):
            return _created(evento, criado=False, conflito=True)
        answer = self._rest.call(
            "POST",
            f"{_calendar(evento.calendario_id)}/events",
            body=self._body(evento),
            params={"sendUpdates": "all" if self._convidar else "none"},
            expected=(409,),
        )
        if answer.status == 409:
            return self._known(evento) or _created(evento, criado=False, conflito=True)
        return _created(evento, criado=True, conflito=False)

    def cancel_event(self, calendario_id: str, event_id: str) -> bool:
        """Delete an event; False where there was none. Raises as ``availability`` does."""
        path = f"{_calendar(calendario_id)}/events/{_google_id(event_id)}"
        answer = self._rest.call("DELETE", path, expected=(404, 410))
        return answer.status != 404

    def _known(self, evento: NovoEvento) -> dict[str, Any] | None:
        path = f"{_calendar(evento.calendario_id)}/events/{_google_id(evento.event_id)}"
        answer = self._rest.call("GET", path, expected=(404,))
        if answer.status == 404:
            return None
        # A deleted event keeps its id for ever: Google answers it as cancelled.
        cancelled = answer.body.get("status") == "cancelled"
        return _created(evento, criado=False, conflito=cancelled)

    def _body(self, evento: NovoEvento) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": _google_id(evento.event_id),
            "summary": evento.resumo,
            "description": evento.descricao,
            "start": {"dateTime": _iso(evento.inicio)},
            "end": {"dateTime": _iso(evento.fim)},
        }
        if self._convidar and evento.participantes:
            body["attendees"] = [{"email": endereco} for endereco in evento.participantes]
        return body


def _created(evento: NovoEvento, *, criado: bool, conflito: bool) -> dict[str, Any]:
    return {"event_id": evento.event_id, "criado": criado, "conflito": conflito}


def _google_id(event_id: str) -> str:
    identifier = event_id.replace("-", "").lower()
    if not _EVENT_ID.match(identifier):
        raise PermanentError("O id do evento deve ter de 5 a 1024 letras de a a v e dígitos.")
    return identifier


def _calendar(calendario_id: str) -> str:
    return f"/calendars/{quote(calendario_id, safe='')}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
