"""The guard of the embedded server."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from alquimista import server
from alquimista.db.embedded import PostgresUnavailable
from alquimista.settings import Settings


class Stubborn:
    """A server that does not start at first: its disk is full."""

    def __init__(self) -> None:
        self.calls = 0
        self.up = threading.Event()

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def ensure_running(self) -> None:
        """Fail once, then run."""
        self.calls += 1
        if self.calls == 1:
            raise PostgresUnavailable("No space left on device")
        self.up.set()


def test_the_guard_tries_again_after_a_start_that_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn = Stubborn()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(server, "EmbeddedPostgres", lambda home: stubborn)
    guard = server.DatabaseGuard(Settings(home=Path("/nowhere"), master_key=bytes(32)))
    guard.start()
    came_back = stubborn.up.wait(10)
    guard.stop()
    assert came_back
    assert "database does not start" in caplog.messages
