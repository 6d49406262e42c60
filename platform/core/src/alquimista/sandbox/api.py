"""Endpoint of the sandbox's letter box."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from alquimista.http.auth import principal, public, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.sandbox import service
from alquimista.sandbox.machine import require_own_machine
from alquimista.sandbox.schemas import (
    CartaFiltroSchema,
    CartaSchema,
    SandboxFiltroSchema,
    SandboxPaginaSchema,
)
from alquimista_sdk.errors import NotFound, PermanentError

blp = Blueprint("sandbox", __name__, url_prefix="/api/sandbox", description="Sandbox")


@blp.get("/mensagens")
@requires("sandbox:read")
@blp.arguments(SandboxFiltroSchema, location="query")
@blp.response(200, SandboxPaginaSchema)
def list_messages(filtro: dict[str, Any]) -> dict[str, Any]:
    """As mensagens que os canais de teste receberam, da mais antiga para a mais nova."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        if not services().tenants.facts(uow).sandbox:
            raise PermanentError(
                "Isto só existe em ambientes de teste (sandbox).", code="nao_sandbox"
            )
        return service.LISTA.page(uow, filtro).body()


@blp.get("/cartas")
@public("only in the sandbox and from its own machine: who signs up there finds their link")
@blp.arguments(CartaFiltroSchema, location="query")
@blp.response(200, CartaSchema)
def last_letter(filtro: dict[str, str]) -> dict[str, Any]:
    """A última carta de acesso a um e-mail; só responde à própria máquina do sandbox."""
    require_own_machine()
    with services().database.anonymous() as connection:
        row = connection.execute(
            text(
                "SELECT assunto, mensagem, created_at AS enviada_em "
                "FROM alquimista_platform.find_letter(:address)"
            ),
            {"address": filtro["email"].strip().lower()},
        ).one_or_none()
    if row is None:
        raise NotFound("Nenhuma carta foi enviada a este e-mail.")
    return dict(row._mapping)
