"""Long poll: waiting for a publish without asking again and again."""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

import psycopg2
import psycopg2.extensions
from sqlalchemy import make_url

from fibonacci_bus.publisher import CHANNEL


class Listener:
    """Waits for NOTIFY on a connection of its own, and reconnects where it was cut.

    Threads may share one: they wait in turn, so that a publish wakes one of them and not all at
    once. Whoever finds more than it can take calls ``wake`` for the next.
    """

    def __init__(self, dsn: str) -> None:
        url = make_url(dsn)
        self._arguments: dict[str, Any] = {
            "dbname": url.database,
            "user": url.username,
            "password": url.password,
            "host": url.host or url.query.get("host"),
            "port": url.port,
        }
        self._connection: psycopg2.extensions.connection | None = None
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._bell: tuple[int, int] | None = None
        self._waiting = 0

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; True where something was published meanwhile.

        Also True at once where the connection is new: something may have been published while
        nobody listened.
        """
        end = monotonic() + timeout
        with self._guard:
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=timeout):
                return False
            try:
                return self._listen(max(0.0, end - monotonic()))
            finally:
                self._turn.release()
        finally:
            with self._guard:
                self._waiting -= 1

    def wake(self) -> None:
        """Let one thread that waits go on, as if something had been published."""
        with self._guard:
            if self._waiting and self._bell is not None:
                with suppress(BlockingIOError):  # full of calls that nobody has heard yet
                    os.write(self._bell[1], b"!")

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        with self._guard:
            bell, self._bell = self._bell, None
            for end in bell or ():
                os.close(end)

    def _listen(self, timeout: float) -> bool:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
                return True
            connection, bell = self._connection, self._hung()
            watched: list[Any] = [connection, bell]
            ready = select.select(watched, [], [], timeout)[0]
            if bell in ready:
                os.read(bell, 4096)
                return True
            if not ready:
                return False
            connection.poll()
        except psycopg2.Error:
            self.close()
            sleep(min(timeout, 0.2))
            return False
        heard = bool(connection.notifies)
        connection.notifies.clear()
        return heard

    def _hung(self) -> int:
        """The end of the bell that is listened to."""
        with self._guard:
            if self._bell is None:
                self._bell = os.pipe()
                for end in self._bell:
                    os.set_blocking(end, False)
            return self._bell[0]

    def _open(self) -> psycopg2.extensions.connection:
        connection: psycopg2.extensions.connection = psycopg2.connect(**self._arguments)
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        return connection
