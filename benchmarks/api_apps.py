"""The apps that ``benchmarks.api`` calls in turns: a bare one, ours with one endpoint more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import flask_smorest
import marshmallow as ma
from flask import Flask

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.http.auth import requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.plataforma.chamadas.limits import Claim, UseLimits, Uso
from alquimista.plataforma.identity.domain import TODAS, Principal


class _ItemSchema(ma.Schema):
    id = ma.fields.UUID()
    nome = ma.fields.String()
    quantidade = ma.fields.Integer()


class _FiltroSchema(ma.Schema):
    limite = ma.fields.Integer(load_default=20)


_ITEMS = [{"id": uuid4(), "nome": f"Item {n}", "quantidade": n} for n in range(20)]


class _KnownCaller:
    """Stands for the identity service where no database may be asked."""

    def __init__(self, caller: Principal) -> None:
        self._caller = caller

    def authenticate(self, token: str, tenant: str | None = None) -> Principal:
        """Whoever calls is the caller."""
        return self._caller


class _LimitsInMemory(UseLimits):
    """Limits whose shared counter is never asked."""

    def claim(self, tenant_id: UUID, who: UUID) -> Claim:
        """Everybody may go on."""
        free = Uso(True, 10**9, 10**9, 60)
        return Claim(0, 60, free, free, 0, 0)


def bare_app() -> Flask:
    """One endpoint as flask-smorest's tutorial has it."""
    app = Flask("bare")
    app.config.update(API_TITLE="bare", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    api = flask_smorest.Api(app)
    blp = flask_smorest.Blueprint("probe", __name__)

    @blp.get("/probe")
    @blp.arguments(_FiltroSchema, location="query")
    @blp.response(200, _ItemSchema(many=True))
    def probe(filtro: dict[str, Any]) -> Any:
        return _ITEMS[: filtro["limite"]]

    api.register_blueprint(blp)
    return app


def our_app(system: System, tenant_id: UUID) -> Flask:
    """The product's app with the same endpoint, which asks no database."""
    caller = Principal(tenant_id, "admin", TODAS, user_id=uuid4())
    limits = _LimitsInMemory(system.database, 10**9, 10**9)
    known: Any = _KnownCaller(caller)
    app = create_app(replace(system.services, identity=known, limits=limits))
    blp = Blueprint("probe", __name__)

    @blp.get("/probe")
    @requires("leads:read")
    @blp.arguments(_FiltroSchema, location="query")
    @blp.response(200, _ItemSchema(many=True))
    def probe(filtro: dict[str, Any]) -> Any:
        """Itens."""
        assert services().settings
        return _ITEMS[: filtro["limite"]]

    app.register_blueprint(blp)
    return app
