"""A place for what a benchmark makes, its database too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def pasta(nome: str) -> Iterator[Path]:
    """A folder that goes with the benchmark.

    Anybody may pass through it: root's database server could not reach its data else, and would
    keep them elsewhere, where nobody removes them.
    """
    with tempfile.TemporaryDirectory(prefix=f"bench-{nome}-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
