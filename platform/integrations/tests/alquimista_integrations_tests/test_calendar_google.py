"""Google Calendar, against a server that keeps events as Google does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alquimista_integrations.calendar.google import GoogleCalendar
from alquimista_integrations.calendar.port import NovoEvento
from alquimista_integrations_tests.servers import HttpService, Reply, Request, http_service
from alquimista_sdk.errors import PermanentError, TransientError

INICIO = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
EVENTO = NovoEvento(
    calendario_id="agenda@aurora.example",
    event_id="5f1c9e1a-0f0e-4f0e-8f0e-0123456789ab",
    resumo="Conversa com a Aurora",
    descricao="Apresentação",
    inicio=INICIO,
    fim=INICIO + timedelta(minutes=30),
    participantes=("ana@cliente.example",),
)


class Google:
    """Events by id; ``lose_answer`` keeps an event and answers a gateway error."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.lose_answer = False

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer token-1":
            return 401, {}
        if request.path == "/freeBusy":
            return self._busy(request.body)
        prefix = "/calendars/agenda%40aurora.example/events"
        if not request.path.startswith(prefix):
            return 404, {}
        identifier = request.path.removeprefix(prefix).partition("?")[0].lstrip("/")
        if request.method == "POST":
            return self._insert(request)
        if identifier not in self.events:
            return 404, {}
        if request.method == "GET":
            return 200, self.events[identifier]
        if self.events[identifier]["status"] == "cancelled":
            return 410, {}
        self.events[identifier]["status"] = "cancelled"
        return 204, {}

    def _insert(self, request: Request) -> Reply:
        assert request.path.endswith(("sendUpdates=none", "sendUpdates=all"))
        if request.body["id"] in self.events:
            return 409, {}
        self.events[request.body["id"]] = {**request.body, "status": "confirmed"}
        return (502, "gateway") if self.lose_answer else (200, request.body)

    def _busy(self, body: dict[str, Any]) -> Reply:
        name = body["items"][0]["id"]
        if name != "agenda@aurora.example":
            return 200, {"calendars": {name: {"errors": [{"reason": "notFound"}], "busy": []}}}
        busy = [
            {"start": e["start"]["dateTime"], "end": e["end"]["dateTime"]}
            for e in self.events.values()
            if e["status"] == "confirmed"
            and e["start"]["dateTime"] < body["timeMax"]
            and e["end"]["dateTime"] > body["timeMin"]
        ]
        return 200, {"calendars": {name: {"busy": busy}}}


@pytest.fixture
def google() -> Google:
    """An empty account."""
    return Google()


@pytest.fixture
def service(google: Google) -> Iterator[HttpService]:
    """The account's server."""
    with http_service(google) as served:
        yield served


@pytest.fixture
def calendar(service: HttpService) -> GoogleCalendar:
    """A client of it."""
    return GoogleCalendar(lambda: "token-1", service.url)


def test_an_event_is_created_once_under_our_id(calendar: GoogleCalendar, google: Google) -> None:
    first = calendar.create_event(EVENTO)
    again = calendar.create_event(EVENTO)
    assert first == {"event_id": EVENTO.event_id, "criado": True, "conflito": False}
    assert again == {"event_id": EVENTO.event_id, "criado": False, "conflito": False}
    (stored,) = google.events.values()
    assert stored["id"] == EVENTO.event_id.replace("-", "")
    assert stored["start"] == {"dateTime": "2026-11-25T13:00:00Z"}
    assert "attendees" not in stored


def test_a_lost_answer_still_makes_one_event(calendar: GoogleCalendar, google: Google) -> None:
    google.lose_answer = True
    with pytest.raises(TransientError):
        calendar.create_event(EVENTO)
    assert calendar.create_event(EVENTO)["conflito"] is False
    assert len(google.events) == 1


def test_a_taken_span_is_a_conflict(calendar: GoogleCalendar, google: Google) -> None:
    calendar.create_event(EVENTO)
    other = replace(EVENTO, event_id="abcde12345", inicio=INICIO + timedelta(minutes=15))
    found = calendar.create_event(replace(other, fim=INICIO + timedelta(minutes=45)))
    assert (found["criado"], found["conflito"]) == (False, True)
    assert len(google.events) == 1


def test_busy_spans_are_told_in_utc(calendar: GoogleCalendar) -> None:
    calendar.create_event(EVENTO)
    found = calendar.availability(EVENTO.calendario_id, INICIO, INICIO + timedelta(days=1))
    assert found == [{"inicio": "2026-11-25T13:00:00Z", "fim": "2026-11-25T13:30:00Z"}]


def test_an_event_is_cancelled_and_its_id_is_used_up(calendar: GoogleCalendar) -> None:
    assert calendar.cancel_event(EVENTO.calendario_id, EVENTO.event_id) is False
    calendar.create_event(EVENTO)
    assert calendar.cancel_event(EVENTO.calendario_id, EVENTO.event_id) is True
    assert calendar.cancel_event(EVENTO.calendario_id, EVENTO.event_id) is True
    assert calendar.create_event(EVENTO)["conflito"] is True


def test_attendees_are_invited_only_where_delegation_is_set(
    service: HttpService, google: Google
) -> None:
    GoogleCalendar(lambda: "token-1", service.url, convidar=True).create_event(EVENTO)
    (stored,) = google.events.values()
    assert stored["attendees"] == [{"email": "ana@cliente.example"}]


def test_a_calendar_that_is_not_shared_is_final(calendar: GoogleCalendar) -> None:
    with pytest.raises(PermanentError):
        calendar.availability("outra@aurora.example", INICIO, INICIO + timedelta(hours=1))


def test_an_id_that_google_refuses_is_not_sent(
    calendar: GoogleCalendar, service: HttpService
) -> None:
    with pytest.raises(PermanentError):
        calendar.create_event(replace(EVENTO, event_id="com espaço"))
    assert service.received == []
