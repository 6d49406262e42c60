"""Agents of other authors, written to a folder that can be imported, beside the seven."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

from alquimista.runtime.admission import Catalogue, admit_all, installed

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

[[subscriptions]]
name = "testes"
pattern = {{ source = ["{source}"] }}

[[scopes]]
name = "state:write"
reason = "Guardar o que viu."
"""
BRAVO = '''
from alquimista_sdk.errors import CriticalError, PermanentError, TransientError
from alquimista_sdk.hookspecs import hookimpl

SEEN = []


class Surpresa(BaseException):
    """Not even an Exception."""


class Muda(Exception):
    def __str__(self):
        raise RuntimeError("sem texto")


def fault(kind, attempt, context):
    if kind == "comum":
        raise ValueError("quebrou com ana@x.com e +5511987654321")
    if kind == "permanente":
        raise PermanentError("regra quebrada")
    if kind == "transitorio":
        raise TransientError("fora do ar")
    if kind == "uma_vez" and attempt == 1:
        raise TransientError("fora do ar")
    if kind == "critico":
        raise CriticalError("dados corrompidos")
    if kind == "saida":
        raise SystemExit(7)
    if kind == "surpresa":
        raise Surpresa("nem é Exception")
    if kind == "nulo":
        raise PermanentError("a\\x00b\\ud800c")
    if kind == "longo":
        raise PermanentError("x" * 1_000_000)
    if kind == "muda":
        raise Muda
    if kind == "sem_escopo":
        context.leads.get(context.new_id("qualquer"))


@hookimpl
def agent_handle_event(event, context):
    SEEN.append((event.type, event.attempt, str(event.tenant_id)))
    context.state.put("visto", {"tipo": event.type})
    fault(event.type, event.attempt, context)
'''
TEIMOSO = """
from alquimista_sdk.hookspecs import hookimpl


@hookimpl
def agent_handle_event(event, context):
    pass


@hookimpl
def agent_on_activate(context):
    raise SystemExit("não quero")
"""
QUEBRADO = "raise RuntimeError('quebrado ao importar')\n"


@contextmanager
def catalogue_beside_the_seven(folder: Path) -> Iterator[Catalogue]:
    """The installed agents, one that fails in its hook, one at activation, one at import."""
    sys.path.insert(0, str(folder))
    found = [
        _make(folder, "agente_bravo", BRAVO, "bravo.entrada"),
        _make(folder, "agente_teimoso", TEIMOSO, "teimoso.entrada"),
        _make(folder, "agente_quebrado", QUEBRADO, "quebrado.entrada"),
    ]
    try:
        yield admit_all([*installed(), *found])
    finally:
        sys.path.remove(str(folder))
        for entry_point in found:
            for name in (entry_point.name, entry_point.module):
                sys.modules.pop(name, None)


def _make(folder: Path, slug: str, module: str, source: str) -> EntryPoint:
    package = folder / slug
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "agent.py").write_text(module, encoding="utf-8")
    (package / "agent.toml").write_text(MANIFEST.format(slug=slug, source=source), encoding="utf-8")
    return EntryPoint(slug, f"{slug}.agent", "alquimista.agents")
