"""Health: alive, and ready component by component."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import text

from alquimista.db import migrate
from alquimista.http.auth import public
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import Services, services

logger = logging.getLogger(__name__)
blp = Blueprint("health", __name__, description="Saúde")
_NOBODY = UUID(int=0)
_PROBE = "saude"
_LATE_S = 15 * 60
_PUBLIC = "Load balancers ask without credentials; answers hold no data of tenants"


@dataclass(frozen=True, slots=True)
class Componente:
    """One part and whether it works; ``detalhes`` holds numbers and names, never data."""

    ok: bool
    erro: str | None = None
    detalhes: Mapping[str, Any] = field(default_factory=dict)


class HealthSchema(ma.Schema):
    """Alive."""

    ok = ma.fields.Boolean(required=True)


class ComponenteSchema(ma.Schema):
    """One part."""

    ok = ma.fields.Boolean(required=True)
    erro = ma.fields.String(allow_none=True)
    detalhes = ma.fields.Dict()


class ReadySchema(ma.Schema):
    """Every part, by name."""

    ok = ma.fields.Boolean(required=True)
    componentes = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(ComponenteSchema))


def check_database(found: Services) -> Componente:
    """The app login reaches the database."""
    with found.database.anonymous() as connection:
        connection.execute(text("SELECT 1"))
    return Componente(True)


def check_migrations(found: Services) -> Componente:
    """The database is at the newest revision of this code."""
    with found.database.anonymous() as connection:
        at, newest = migrate.current(connection), migrate.head()
    facts = {"atual": at, "esperada": newest}
    if at != newest:
        return Componente(False, "o banco de dados não está na última revisão", facts)
    return Componente(True, detalhes=facts)


def check_queues(found: Services) -> Componente:
    """The queues can be read. A backlog is told, but does not take the process out of service."""
    depths = found.queues.depth()
    filas = {
        name: {
            "esperando": depth.waiting,
            "em_andamento": depth.in_flight,
            "adiadas": depth.delayed,
            "suspensas": depth.paused,
            "mais_antiga_s": round(depth.oldest_seconds),
        }
        for name, depth in depths.items()
    }
    late = sorted(name for name, d in depths.items() if d.waiting and d.oldest_seconds > _LATE_S)
    return Componente(True, detalhes={"filas": filas, "atrasadas": late})


def check_plugins(found: Services) -> Componente:
    """Admission let agents in. A refused one is listed and stops nothing."""
    facts = {
        "admitidos": sorted(found.catalogue.admitted),
        "recusados": sorted(found.catalogue.refused),
    }
    if not found.catalogue.admitted:
        return Componente(False, "nenhum agente foi admitido", facts)
    return Componente(True, detalhes=facts)


def check_files(found: Services) -> Componente:
    """A file can be written and removed."""
    found.ports.files.put(_NOBODY, _PROBE, b"ok")
    if not found.ports.files.delete(_NOBODY, _PROBE):
        return Componente(False, "o arquivo de teste sumiu")
    return Componente(True)


def check_signing_key(found: Services) -> Componente:
    """Tokens can be signed."""
    return Componente(True, detalhes={"kid": found.access.check_signing()})


CHECKS: Mapping[str, Callable[[Services], Componente]] = {
    "banco_de_dados": check_database,
    "migracoes": check_migrations,
    "filas": check_queues,
    "agentes": check_plugins,
    "arquivos": check_files,
    "chave_de_assinatura": check_signing_key,
}


def examine(
    found: Services, checks: Mapping[str, Callable[[Services], Componente]] = CHECKS
) -> dict[str, Componente]:
    """Run every check; one that raises is a failed component, named by the error's class."""
    return {name: _guarded(name, check, found) for name, check in checks.items()}


@blp.get("/health")
@public(_PUBLIC)
@blp.response(200, HealthSchema)
def health() -> dict[str, bool]:
    """O processo está de pé."""
    return {"ok": True}


@blp.get("/health/ready")
@public(_PUBLIC)
@blp.response(200, ReadySchema)
@blp.alt_response(503, schema=ReadySchema, description="Um componente falhou")
def ready() -> tuple[dict[str, Any], int]:
    """O processo pode atender, componente por componente."""
    componentes = examine(services())
    ok = all(componente.ok for componente in componentes.values())
    code = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return {"ok": ok, "componentes": componentes}, int(code)


def _guarded(name: str, check: Callable[[Services], Componente], found: Services) -> Componente:
    try:
        return check(found)
    except Exception as error:
        logger.error("component failed", exc_info=error, extra={"componente": name})
        return Componente(False, f"falhou: {type(error).__name__}")
