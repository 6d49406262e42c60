"""Endpoint of the sandbox's letter box."""

from __future__ import annotations

from typing import Any

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.sandbox import service
from alquimista.sandbox.schemas import SandboxFiltroSchema, SandboxPaginaSchema
from alquimista_sdk.errors import PermanentError

blp = Blueprint("sandbox", __name__, url_prefix="/api/sandbox", description="Sandbox")


@blp.get("/mensagens")
@requires("sandbox:read")
@blp.arguments(SandboxFiltroSchema, location="query")
@blp.response(200, SandboxPaginaSchema)
def list_messages(filtro: dict[str, Any]) -> dict[str, Any]:
    """As mensagens que os canais de teste receberam, da mais antiga para a mais nova."""
    limite = filtro["limite"]
    with services().database.unit_of_work(principal().tenant_id) as uow:
        if not services().tenants.facts(uow).sandbox:
            raise PermanentError(
                "Isto só existe em ambientes de teste (sandbox).", code="nao_sandbox"
            )
        rows = service.messages(uow, filtro.get("depois_de"), limite + 1, filtro.get("lead_id"))
    shown = rows[:limite]
    return {
        "itens": [row._mapping for row in shown],
        "proximo": shown[-1].ordem if len(rows) > limite else None,
    }
