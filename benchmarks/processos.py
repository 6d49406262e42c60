"""Processor time and memory of a process and all that it started, from ``/proc`` (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Arvore:
    """A process with its descendants, looked at again and again.

    A descendant that has ended counts with what was last seen of it, or with what its parent was
    told of it. Peaks are added up as if all were at their largest at once.
    """

    pid: int
    _segundos: dict[int, float] = field(default_factory=dict)
    _picos: dict[int, float] = field(default_factory=dict)

    def olhar(self) -> None:
        """Read each process of the tree that lives now."""
        for pid in _vivos(self.pid):
            try:
                user, system, ended_user, ended_system = _tempos(pid)
                peak = _pico_mb(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            self._picos[pid] = peak
            self._segundos[pid] = user + system
            if pid == self.pid:
                self._segundos[0] = ended_user + ended_system

    def segundos(self) -> float:
        """User and system seconds of the tree, up to the last look."""
        live = {pid: used for pid, used in self._segundos.items() if pid and _existe(pid)}
        return sum(live.values()) + self._segundos.get(0, 0.0)

    def pico_mb(self) -> float:
        """The sum of each process's largest resident set, in MB of 10^6 bytes."""
        return sum(self._picos.values())


def pai(pid: int) -> int:
    """The process that started another."""
    return int(_campos(pid)[1])


def _vivos(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = pai(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    left = [root]
    while left:
        pid = left.pop()
        yield pid
        left += children.get(pid, ())


def _existe(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _campos(pid: int) -> list[str]:
    """Fields of ``stat`` after the name, which may hold blanks: state, ppid, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _tempos(pid: int) -> tuple[float, float, float, float]:
    user, system, ended_user, ended_system = (int(item) for item in _campos(pid)[11:15])
    return user / _TICKS, system / _TICKS, ended_user / _TICKS, ended_system / _TICKS


def _pico_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
