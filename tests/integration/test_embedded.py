"""The launcher of the embedded PostgreSQL: shared, survives kill -9, stops with its last user."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import create_engine, make_url, text

from alquimista.db.embedded import EmbeddedPostgres, PostgresUnavailable
from tests.database import server_home

pytestmark = pytest.mark.skipif(
    "DATABASE_URL" in os.environ, reason="DATABASE_URL is set: the embedded server is not used"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of this test alone."""
    with server_home() as home:
        yield home


def ask(server: EmbeddedPostgres, sql: str) -> object:
    """The first value of a statement's answer, as the superuser."""
    engine = create_engine(server.admin_dsn)
    try:
        with engine.begin() as connection:
            answer = connection.execute(text(sql))
            return answer.scalar() if answer.returns_rows else None
    finally:
        engine.dispose()


def test_data_of_yesterday_is_there_and_the_last_user_stops_the_server(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        ask(server, "CREATE TABLE t AS SELECT 7 AS n")
        pid = server.pid
        assert pid is not None
    assert server.pid is None
    assert not Path(f"/proc/{pid}").exists()
    with EmbeddedPostgres(folder) as again:
        assert ask(again, "SELECT n FROM t") == 7


def test_a_second_user_shares_the_server_and_keeps_it_running(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
    first.start()
    second.start()
    assert first.pid == second.pid
    first.stop()
    assert ask(second, "SELECT 1") == 1
    second.stop()
    assert second.pid is None


def test_a_killed_server_comes_back_with_what_was_committed(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        ask(server, "CREATE TABLE t AS SELECT 7 AS n")
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        _until_gone(server)
        server.ensure_running()
        assert server.pid not in (None, killed)
        assert ask(server, "SELECT n FROM t") == 7


def test_a_stale_pid_file_that_names_another_process_is_not_believed(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        data = Path(str(ask(server, "SHOW data_directory")))
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert server.pid is None
    with EmbeddedPostgres(folder) as again:
        assert ask(again, "SELECT 1") == 1


def test_only_a_socket_is_listened_on_and_its_folder_is_private_and_goes(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert ask(server, "SHOW listen_addresses") == ""
        socket = Path(str(make_url(server.admin_dsn).query["host"]))
        assert socket.stat().st_mode & 0o777 == 0o700
    assert not socket.exists()


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    broken = EmbeddedPostgres(folder, options=("-c", "shared_buffers=nonsense"))
    with pytest.raises(PostgresUnavailable, match="shared_buffers"):
        broken.start()
    broken.stop()
    assert not Path(str(make_url(broken.admin_dsn).query["host"])).exists()


def _until_gone(server: EmbeddedPostgres) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg2.connect(server.admin_dsn.replace("+psycopg2", "")).close()
        except psycopg2.OperationalError:
            return
        time.sleep(0.02)
    raise AssertionError("the killed server still answers")
