"""Files: uploads, reports. One port; on a laptop a folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

_UNFINISHED = ".inacabado-"
"""How the name of a file begins that is still being written: no key begins so."""
_KEY = re.compile(r"^[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*$")


class FileNotStored(Exception):
    """There is no file under that key for this tenant."""


class FileStore(Protocol):
    """Files by tenant and key."""

    def put(self, tenant_id: UUID, key: str, content: bytes) -> None:
        """Keep a file whole or not at all."""

    def path(self, tenant_id: UUID, key: str) -> Path:
        """A local path to read. Raises ``FileNotStored``."""

    def delete(self, tenant_id: UUID, key: str) -> bool:
        """Remove a file; False where there was none."""

    def keys(self, tenant_id: UUID) -> Sequence[str]:
        """The keys of every file of a tenant, in order."""

    def older_than(self, tenant_id: UUID, moment: datetime) -> Sequence[str]:
        """The keys of a tenant's files that were stored before a moment of the machine's clock."""

    def discard_unfinished(self, tenant_id: UUID, moment: datetime) -> int:
        """Remove what began to be written before a moment and never was whole; how many."""


class FolderStore:
    """Files below one folder, a folder per tenant; writes are atomic by rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, tenant_id: UUID, key: str, content: bytes) -> None:
        """Keep a file whole or not at all."""
        target = self._locate(tenant_id, key)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=_UNFINISHED, dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).rename(target)

    def path(self, tenant_id: UUID, key: str) -> Path:
        """A local path to read.

        Raises:
            FileNotStored: there is none.
        """
        target = self._locate(tenant_id, key)
        if not target.is_file():
            raise FileNotStored(key)
        return target

    def delete(self, tenant_id: UUID, key: str) -> bool:
        """Remove a file; False where there was none."""
        target = self._locate(tenant_id, key)
        existed = target.is_file()
        target.unlink(missing_ok=True)
        return existed

    def keys(self, tenant_id: UUID) -> Sequence[str]:
        """The keys of every file of a tenant, in order; what is still being written is none."""
        root = self._root / str(tenant_id)
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        return sorted(key for key in found if _KEY.match(key))

    def older_than(self, tenant_id: UUID, moment: datetime) -> Sequence[str]:
        """The keys of a tenant's files that were stored before a moment of the machine's clock."""
        return [
            key
            for key in self.keys(tenant_id)
            if _written(self._locate(tenant_id, key)) < moment.timestamp()
        ]

    def discard_unfinished(self, tenant_id: UUID, moment: datetime) -> int:
        """Remove what began to be written before a moment and never was whole; how many."""
        root = self._root / str(tenant_id)
        old = [
            path
            for path in root.rglob(f"{_UNFINISHED}*")
            if path.is_file() and _written(path) < moment.timestamp()
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _locate(self, tenant_id: UUID, key: str) -> Path:
        if not _KEY.match(key) or ".." in key:
            raise ValueError(f"not a file key: {key!r}")
        return self._root / str(tenant_id) / key


def _written(path: Path) -> float:
    """Seconds since the epoch; a file that is gone meanwhile counts as new."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
