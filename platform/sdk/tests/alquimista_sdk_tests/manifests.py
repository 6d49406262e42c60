"""Manifests that the tests start from."""

from __future__ import annotations

from alquimista_sdk.context import SCOPES
from alquimista_sdk.manifest import Manifest, parse_manifest

BASE = """
slug = "exemplo_total"
name = "total"
version = "1.2.3"
title = "Total"
description = "Faz de tudo."
category = "prospeccao"
publisher = "Exemplo"
sdk = ">=0.1,<0.2"
source = "exemplo.total"
timeout_s = 30
memory_mb = 256
"""
PUBLISHES = '\n[[publishes]]\nname = "exemplo.total.done"\n'
OPERATION = """
[[operations]]
name = "exemplo.dobrar"
description = "Dobra."
[operations.input]
type = "object"
required = ["n"]
[operations.input.properties.n]
type = "integer"
[operations.output]
type = "object"
required = ["n"]
"""
CONFIG = """
[config]
type = "object"
[config.properties.limite]
type = "integer"
default = 3
maximum = 10
[config.properties.nome]
type = "string"
"""


def scopes(*names: str) -> str:
    """TOML that asks for scopes."""
    return "".join(f'\n[[scopes]]\nname = "{name}"\nreason = "Para o teste."\n' for name in names)


def everything() -> Manifest:
    """A manifest with every scope, an operation, an event and a configuration."""
    names = sorted(SCOPES - {"tools:call", "operations:call"})
    dynamic = ("tools:calendar.availability", "operations:sentimento.analisar")
    return parse_manifest(BASE + scopes(*names, *dynamic) + PUBLISHES + OPERATION + CONFIG)


def only(*names: str) -> Manifest:
    """A manifest with these scopes."""
    return parse_manifest(BASE + scopes(*names) + PUBLISHES + OPERATION)
