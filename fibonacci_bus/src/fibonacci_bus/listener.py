"""Long poll: waiting for a publish without asking again and again."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
import psycopg2.extensions
from sqlalchemy import make_url

from fibonacci_bus.publisher import CHANNEL


class Listener:
    """Waits for NOTIFY on a connection of its own, and reconnects where it was cut."""

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

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; True where something was published meanwhile.

        Also True at once where the connection is new: something may have been published while
        nobody listened.
        """
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
                return True
            connection = self._connection
            if not select.select([connection], [], [], timeout)[0]:
                return False
            connection.poll()
        except psycopg2.Error:
            self.close()
            time.sleep(min(timeout, 0.2))
            return False
        heard = bool(connection.notifies)
        connection.notifies.clear()
        return heard

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg2.extensions.connection:
        connection: psycopg2.extensions.connection = psycopg2.connect(**self._arguments)
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        return connection
