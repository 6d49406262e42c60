"""``alquimista up``: database, migrations, API, workers, timers and the sandbox, on one machine."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from sqlalchemy import create_engine, make_url, text
from waitress.server import create_server

from alquimista.app import create_app
from alquimista.bootstrap import System, build
from alquimista.db import migrate
from alquimista.db.embedded import EmbeddedPostgres, PostgresUnavailable
from alquimista.db.roles import OWNER, create_database
from alquimista.db.session import Database
from alquimista.plataforma.identity.keys import ensure_signing_key
from alquimista.plataforma.marketplace.service import sync_catalogue
from alquimista.sandbox.smtp import SandboxSmtp
from alquimista.settings import Settings, SettingsInvalid, Smtp

logger = logging.getLogger(__name__)
DATABASE = "fibonacci"
_API_THREADS = 8
_RESTART_SECONDS = 1.0


@contextmanager
def database(settings: Settings, *, options: tuple[str, ...] = ()) -> Iterator[Settings]:
    """Settings with a database that answers: ``DATABASE_URL``, else the embedded server.

    Where ``DATABASE_URL`` is a superuser's, the database and the three logins are made first.

    Raises:
        SettingsInvalid: production without ``DATABASE_URL``.
    """
    if settings.database_url is not None:
        yield provisioned(settings, settings.database_url)
        return
    if not settings.sandbox:
        raise SettingsInvalid("production needs DATABASE_URL")
    with EmbeddedPostgres(settings.home, options=options) as server:
        create_database(server.admin_dsn, DATABASE)
        yield replace(settings, database_url=server.dsn(dbname=DATABASE))


def provisioned(settings: Settings, url: str) -> Settings:
    """The settings, with the owner login's address in place of a superuser's."""
    address = make_url(url)
    if address.username == OWNER:
        return settings
    maintenance = address.set(database="postgres").render_as_string(hide_password=False)
    engine = create_engine(maintenance)
    try:
        with engine.connect() as connection:
            superuser: bool = connection.execute(
                text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            ).scalar_one()
    finally:
        engine.dispose()
    if not superuser:
        return settings
    name = address.database or DATABASE
    create_database(maintenance, name)
    owner = address.set(username=OWNER, database=name)
    return replace(settings, database_url=owner.render_as_string(hide_password=False))


def prepare(settings: Settings) -> None:
    """Migrate, and make sure that there is a signing key."""
    if not is_current(settings):
        migrate.upgrade(settings.owner_dsn)
    ensure_signing_key(settings)


def is_current(settings: Settings) -> bool:
    """Whether the database is at the newest revision."""
    engine = create_engine(settings.owner_dsn)
    try:
        with engine.connect() as connection:
            return migrate.current(connection) == migrate.head()
    finally:
        engine.dispose()


@contextmanager
def sandbox_services(settings: Settings) -> Iterator[Settings]:
    """Settings whose e-mail goes to the twin's real SMTP server, while it runs."""
    if not settings.sandbox or settings.smtp.port:
        yield settings
        return
    twin_database = Database(settings.app_dsn, prepare=settings.preparar)
    twin = SandboxSmtp(twin_database)
    twin.start()
    try:
        yield replace(settings, smtp=Smtp(host="127.0.0.1", port=twin.port))
    finally:
        twin.stop()
        twin_database.dispose()


@contextmanager
def running_system(
    settings: Settings,
    *,
    options: tuple[str, ...] = (),
    beside: Callable[[Settings], AbstractContextManager[Callable[[], None]]] | None = None,
) -> Iterator[System]:
    """A composed process on a migrated database, with the sandbox's services.

    ``beside`` is entered as soon as there is a database, with the settings that serve, so that what
    it starts loads meanwhile; what it answers is called when the system stands.
    """
    with ExitStack() as stack:
        with_database = stack.enter_context(database(settings, options=options))
        known = stack.enter_context(sandbox_services(with_database))
        release = stack.enter_context(beside(known)) if beside is not None else None
        prepare(known)
        system = build(known)
        stack.callback(system.close)
        sync_catalogue(known.owner_dsn, system.services.catalogue)
        if release is not None:
            release()
        yield system


class WorkerProcess:
    """A worker in a process of its own, started again where it dies.

    It works on all queues, or on all but those that others work on.
    """

    def __init__(
        self, settings: Settings, *, without: tuple[str, ...] = (), threads: int = 2
    ) -> None:
        self._environment = worker_environment(settings)
        self._arguments = (f"--threads={threads}", *(f"--sem-fila={queue}" for queue in without))
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process that works now."""
        return self._child.pid if self._child is not None else None

    def start(self, *, held: bool = False) -> None:
        """Start the process and watch it; where it is held, it loads and waits for ``release``."""
        self._child = self._spawn(held=held)
        self._thread.start()

    def release(self) -> None:
        """Let a held process work; one that died meanwhile is started again by who watches it."""
        if self._child is not None and self._child.stdin is not None:
            with suppress(BrokenPipeError), self._child.stdin as told:
                told.write(b"go\n")

    def stop(self, timeout: float = 15.0) -> None:
        """End the process: by SIGTERM, by SIGKILL where it does not listen."""
        self._stop.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._thread.join(timeout)

    def _spawn(self, *, held: bool = False) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "alquimista.cli", "worker", *self._arguments]
        return subprocess.Popen(
            [*command, "--espera"] if held else command,
            env=dict(self._environment),
            stdin=subprocess.PIPE if held else subprocess.DEVNULL,
        )

    def _supervise(self) -> None:
        while not self._stop.is_set():
            assert self._child is not None
            try:
                code = self._child.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            if self._stop.is_set():
                return
            logger.error("worker ended, starting another", extra={"exit_code": code})
            self._stop.wait(_RESTART_SECONDS)
            if not self._stop.is_set():
                self._child = self._spawn()


def worker_environment(settings: Settings) -> Mapping[str, str]:
    """The environment that gives another process the same settings."""
    bus = settings.bus
    found = {
        **os.environ,
        "ALQUIMISTA_HOME": str(settings.home),
        "ALQUIMISTA_CHAVE": settings.master_key.hex(),
        "ALQUIMISTA_AMBIENTE": settings.ambiente,
        "ALQUIMISTA_URL": settings.url_publica,
        "DATABASE_URL": settings.owner_dsn,
        "APP_DATABASE_URL": settings.app_dsn,
        "RELAY_DATABASE_URL": settings.relay_dsn,
        "DATABASE_PREPARE": str(int(settings.preparar)),
        "SMTP_HOST": settings.smtp.host,
        "SMTP_PORT": str(settings.smtp.port),
        "ALQUIMISTA_LEASE_MARGIN_SECONDS": str(bus.lease_margin.total_seconds()),
        "ALQUIMISTA_VISIBILITY_FACTOR": str(bus.visibility_factor),
        "LOG_LEVEL": settings.log_level,
    }
    if bus.agent_limit is not None:
        found["ALQUIMISTA_AGENT_LIMIT_SECONDS"] = str(bus.agent_limit.total_seconds())
    return found


def free_port(host: str, wanted: int) -> int:
    """``wanted``, or a free one where another process has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError:
            probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def serve(settings: Settings, announce: Callable[[System, str], None]) -> None:
    """Run all of it until SIGINT or SIGTERM; ``announce`` is told when it answers."""
    port = free_port(settings.host, settings.port)
    address = f"http://{settings.host}:{port}"
    mine = replace(settings, port=port)
    if settings.url_publica == f"http://127.0.0.1:{settings.port}":
        mine = replace(mine, url_publica=address)
    with running_system(mine) as system, ExitStack() as stack:
        guard = DatabaseGuard(system.settings)
        guard.start()
        stack.callback(guard.stop)
        worker = WorkerProcess(system.settings)
        worker.start()
        stack.callback(worker.stop)
        server = create_server(
            create_app(system.services),
            host=settings.host,
            port=port,
            threads=_API_THREADS,
            max_request_body_size=32 * 1024 * 1024,
            clear_untrusted_proxy_headers=True,
            ident="alquimista",
        )
        thread = threading.Thread(target=server.run, name="api", daemon=True)
        thread.start()
        stack.callback(server.close)
        announce(system, address)
        wait_for_signal()


def wait_for_signal() -> None:
    """Block until SIGINT or SIGTERM."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    while not ended.wait(0.5):
        pass


class DatabaseGuard:
    """Brings the embedded server back where it was killed."""

    def __init__(self, settings: Settings) -> None:
        self._home: Path = settings.home
        self._embedded = settings.sandbox and "DATABASE_URL" not in os.environ
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="database-guard", daemon=True)

    def start(self) -> None:
        """Start watching; nothing to do for a database that is not ours."""
        if self._embedded:
            self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _watch(self) -> None:
        server = EmbeddedPostgres(self._home)
        server.start()
        try:
            while not self._stop.wait(0.5):
                try:
                    server.ensure_running()
                except PostgresUnavailable as error:
                    logger.error("database does not start", extra={"error": str(error)})
        finally:
            server.stop()
