"""Tiny agent packages written to a folder, to be admitted from there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

GROUP = "alquimista.agents"
MANIFEST = """
slug = "{slug}"
name = "{slug}"
version = "0.1.0"
title = "Agente de teste"
description = "Um agente de teste."
category = "prospeccao"
publisher = "Teste"
sdk = ">=0.1,<0.2"
source = "{slug}.teste"
timeout_s = 30
memory_mb = 256
"""
GOOD_MODULE = """
from alquimista_sdk.hookspecs import hookimpl


@hookimpl
def agent_handle_event(event, context):
    pass
"""


@dataclass(frozen=True, slots=True)
class Pacotes:
    """A folder on the import path, in which packages are made."""

    folder: Path

    def make(
        self,
        slug: str,
        module: str = GOOD_MODULE,
        *,
        manifest: str | None = MANIFEST,
        extra: str = "",
        name: str | None = None,
    ) -> EntryPoint:
        """Write a package and answer the entry point that its distribution would register."""
        package = self.folder / slug
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "agent.py").write_text(module, encoding="utf-8")
        if manifest is not None:
            text = manifest.format(slug=slug) + extra
            (package / "agent.toml").write_text(text, encoding="utf-8")
        return EntryPoint(name or slug, f"{slug}.agent", GROUP)


@contextmanager
def importable(folder: Path) -> Iterator[Pacotes]:
    """Packages of ``folder`` can be imported; afterwards none of them stays loaded."""
    sys.path.insert(0, str(folder))
    known = set(sys.modules)
    try:
        yield Pacotes(folder)
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin is not None and Path(origin).is_relative_to(folder):
                del sys.modules[name]
        sys.path_importer_cache.pop(str(folder), None)
