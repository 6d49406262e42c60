"""The supervisor's side: starts processes, kills them, starts them again where they died."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from alquimista.db.embedded import EmbeddedPostgres, PostgresUnavailable
from tests.faults.place import Place
from tests.faults.roles import Role, ending_on_sigterm

_RESTART_SECONDS = 60.0
_END_SECONDS = 20.0


@dataclass(slots=True)
class Member:
    """One process, by whatever id it has now."""

    name: str
    role: Role
    number: int
    pid: int = 0
    doomed: bool = False


@dataclass
class Troop:
    """Processes of a place. ``fallen`` are those that ended though nobody killed them."""

    place: Place
    members: list[Member] = field(default_factory=list)
    fallen: list[str] = field(default_factory=list)
    started: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Troop:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            if member.pid:
                os.kill(member.pid, signal.SIGKILL)
                os.waitpid(member.pid, 0)
        self.members.clear()

    def enlist(self, name: str, role: Role, count: int) -> None:
        """Start ``count`` processes of a role."""
        for number in range(count):
            member = Member(name, role, number)
            self.members.append(member)
            self._start(member)

    def kill(self, name: str, rng: random.Random) -> bool:
        """SIGKILL one process of a role, and start another in its place."""
        self.reap()
        living = [member for member in self.members if member.name == name and member.pid]
        if not living:
            return False
        member = rng.choice(living)
        member.doomed = True
        os.kill(member.pid, signal.SIGKILL)
        os.waitpid(member.pid, 0)
        self._start(member)
        return True

    def reap(self) -> None:
        """Start those again that ended by themselves; they are counted."""
        for member in self.members:
            if not member.pid:
                continue
            pid, status = os.waitpid(member.pid, os.WNOHANG)
            if pid:
                self.fallen.append(f"{member.name}-{member.number}: status {status}")
                self._start(member)

    def dismiss(self, name: str) -> None:
        """Ask the processes of a role to end, and wait; SIGKILL for the deaf."""
        leaving = [member for member in self.members if member.name == name and member.pid]
        for member in leaving:
            os.kill(member.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        for member in leaving:
            while (ended := os.waitpid(member.pid, os.WNOHANG)[0]) == 0:
                if time.monotonic() > deadline:
                    os.kill(member.pid, signal.SIGKILL)
                    os.waitpid(member.pid, 0)
                    self.fallen.append(f"{member.name}-{member.number}: did not end")
                    break
                time.sleep(0.02)
            if ended:
                member.pid = 0
            self.members.remove(member)

    def _start(self, member: Member) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _be(self.place, member)
        member.pid, member.doomed = pid, False
        self.started[member.name] += 1


def _be(place: Place, member: Member) -> None:
    """Never returns."""
    code = 1
    try:
        log_to(place.folder / f"{member.name}-{member.number}.log")
        with ending_on_sigterm() as stop:
            member.role(place, member.number, stop)
        code = 0
    except BaseException:
        logging.getLogger(__name__).critical("the process failed", exc_info=True)
    finally:
        os._exit(code)


def log_to(path: Path) -> None:
    """Warnings and worse of this process go to a file."""
    logging.basicConfig(
        filename=path,
        level=logging.WARNING,
        format="%(asctime)s %(process)d %(levelname)s %(name)s %(message)s",
        force=True,
    )


def kill_postgres(server: EmbeddedPostgres, how: str, rng: random.Random) -> bool:
    """SIGKILL the postmaster, one of its processes, or all of them; then bring it back."""
    pid = server.pid
    if pid is None:
        return False
    if how == "group":
        os.killpg(pid, signal.SIGKILL)
    elif how == "postmaster":
        os.kill(pid, signal.SIGKILL)
    else:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return False
        try:
            os.kill(int(rng.choice(children)), signal.SIGKILL)
        except ProcessLookupError:
            return False
    bring_back(server)
    return True


def bring_back(server: EmbeddedPostgres, seconds: float = _RESTART_SECONDS) -> None:
    """What the product's guard does: try until the server answers.

    Raises:
        PostgresUnavailable: it does not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.ensure_running()
            return
        except PostgresUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
