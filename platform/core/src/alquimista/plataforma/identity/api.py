"""Endpoints of identity: come in, who am I, the public keys."""

from __future__ import annotations

from typing import Any

from flask import request

from alquimista.http.auth import principal, public, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.plataforma.identity.domain import CONTA
from alquimista.plataforma.identity.schemas import (
    ContaSchema,
    JwksSchema,
    LoginSchema,
    TokenSchema,
)
from alquimista.plataforma.identity.tokens import TokenAnswer

blp = Blueprint("identity", __name__, description="Acesso")


@blp.post("/api/auth/login")
@public("Whoever comes in has no token yet; attempts are counted per address and network")
@blp.arguments(LoginSchema)
@blp.response(200, TokenSchema)
def login(corpo: dict[str, str]) -> TokenAnswer:
    """Troca e-mail e senha por um token de acesso válido por uma hora."""
    return services().identity.login(corpo["email"], corpo["senha"], request.remote_addr or "")


@blp.get("/api/me")
@requires(CONTA)
@blp.response(200, ContaSchema)
def me() -> dict[str, Any]:
    """Quem está chamando, em qual conta, com quais permissões."""
    caller = principal()
    with services().database.unit_of_work(caller.tenant_id) as uow:
        return services().identity.describe(uow, caller)


@blp.get("/.well-known/jwks.json")
@public("Public keys are for everybody")
@blp.response(200, JwksSchema, headers={"Cache-Control": {"description": "Five minutes"}})
def jwks() -> tuple[dict[str, Any], int, dict[str, str]]:
    """As chaves públicas que conferem os tokens."""
    return services().identity.jwks(), 200, {"Cache-Control": "public, max-age=300"}
