"""The worker without a database: backoff, and waiting for a database that went away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

import psycopg2
import psycopg2.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from fibonacci_bus import ErrorClass, Message, Queue, Topology, Worker
from fibonacci_bus.delivery import backoff
from fibonacci_bus.queues import QueueReader

TOPOLOGY = Topology([Queue("a")], [])


class ScriptedReader(QueueReader):
    """Answers ``ack_and_receive`` from a list of errors, then stops the worker."""

    def __init__(self, script: list[DBAPIError], stop: threading.Event) -> None:
        super().__init__(create_engine("postgresql+psycopg2://"), TOPOLOGY)
        self.script = script
        self.stop = stop
        self.calls = 0

    def ack_and_receive(
        self, handled: Sequence[Message], queues: Sequence[str], limit: int = 10
    ) -> list[Message]:
        self.calls += 1
        if self.script:
            raise self.script.pop(0)
        self.stop.set()
        return []


def no_scope(tenant_id: UUID) -> AbstractContextManager[Connection]:
    raise AssertionError("no transaction is needed where nothing is received")


def worker(reader: QueueReader, jitter: float = 0.5) -> Worker:
    return Worker(reader, no_scope, [], lambda error: ErrorClass.TRANSIENT, jitter=lambda: jitter)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_backoff_doubles_within_its_jitter_and_never_passes_five_minutes(
    attempt: int, jitter: float
) -> None:
    seconds = backoff(attempt, jitter).total_seconds()
    span = min(300.0, 2.0**attempt)
    assert span / 2 - 1e-6 <= seconds <= span


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (20, 150.0)])
def test_backoff_without_jitter_is_half_the_span(attempt: int, seconds: float) -> None:
    assert backoff(attempt, 0.0) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError,
        psycopg2.errors.DiskFull,
        psycopg2.errors.TooManyConnections,
        psycopg2.errors.InsufficientResources,
        psycopg2.errors.AdminShutdown,
        psycopg2.errors.CannotConnectNow,
    ],
)
def test_a_database_that_went_away_or_has_no_room_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, error: type[psycopg2.Error]
) -> None:
    monkeypatch.setattr("fibonacci_bus.worker._POLL_SECONDS", 0.01)
    gone = OperationalError("SELECT 1", {}, error("no"))
    stop = threading.Event()
    reader = ScriptedReader([gone, gone], stop)
    worker(reader).run_forever(stop)
    assert reader.calls == 3


@pytest.mark.parametrize("error", [psycopg2.ProgrammingError, psycopg2.errors.OutOfMemory])
def test_a_statement_that_fails_by_itself_is_not_waited_for(error: type[psycopg2.Error]) -> None:
    wrong = DBAPIError("SELEC", {}, error("no"))
    stop = threading.Event()
    with pytest.raises(DBAPIError):
        worker(ScriptedReader([wrong], stop)).run_forever(stop)


def test_the_log_says_in_one_line_why_the_database_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fibonacci_bus.worker._POLL_SECONDS", 0.01)
    full = psycopg2.errors.DiskFull("could not extend file: No space left on device\nHINT: x")
    stop = threading.Event()
    reader = ScriptedReader([OperationalError("INSERT", {"a": "Ana"}, full)], stop)
    worker(reader).run_forever(stop)
    assert caplog.messages == [
        "database unreachable: DiskFull: could not extend file: No space left on device"
    ]
