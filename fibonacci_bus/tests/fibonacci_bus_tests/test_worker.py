"""The worker without a database: backoff, and waiting for a database that went away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from fibonacci_bus import ErrorClass, Message, Queue, Topology, Worker
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


def idle_worker(jitter: float) -> Worker:
    return worker(ScriptedReader([], threading.Event()), jitter)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_backoff_doubles_within_its_jitter_and_never_passes_five_minutes(
    attempt: int, jitter: float
) -> None:
    seconds = idle_worker(jitter).backoff(attempt).total_seconds()
    span = min(300.0, 2.0**attempt)
    assert span / 2 - 1e-6 <= seconds <= span


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1.0), (2, 2.0), (3, 4.0), (20, 150.0)])
def test_backoff_without_jitter_is_half_the_span(attempt: int, seconds: float) -> None:
    assert idle_worker(0.0).backoff(attempt) == timedelta(seconds=seconds)


def test_a_database_that_went_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fibonacci_bus.worker._POLL_SECONDS", 0.01)
    gone = OperationalError("SELECT 1", {}, psycopg2.OperationalError("server closed"))
    stop = threading.Event()
    reader = ScriptedReader([gone, gone], stop)
    worker(reader).run_forever(stop)
    assert reader.calls == 3


def test_a_mistake_in_the_sql_is_not_waited_for() -> None:
    wrong = ProgrammingError("SELEC", {}, psycopg2.ProgrammingError("syntax error"))
    stop = threading.Event()
    with pytest.raises(ProgrammingError):
        worker(ScriptedReader([wrong], stop)).run_forever(stop)
