"""Endpoints of data subjects' requests, for the people of the account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.prospeccao.titulares.domain import Pedido
from alquimista.prospeccao.titulares.schemas import (
    NovoPedidoSchema,
    PedidoAtendidoSchema,
    PedidoFiltroSchema,
    PedidoPaginaSchema,
    PedidoSchema,
)
from alquimista.prospeccao.titulares.service import PEDIDOS, TitularService

blp = Blueprint(
    "titulares", __name__, url_prefix="/api/titulares/pedidos", description="Pedidos de titulares"
)
LISTA = Listing(
    table=PEDIDOS,
    ordens={"created_at": PEDIDOS.c.created_at},
    padrao="-created_at",
    filtros={name: PEDIDOS.c[name] for name in ("status", "tipo", "finalidade")},
)


@blp.get("")
@requires("titulares:read")
@blp.arguments(PedidoFiltroSchema, location="query")
@blp.response(200, PedidoPaginaSchema)
def list_pedidos(filtro: dict[str, Any]) -> dict[str, Any]:
    """Os pedidos de acesso, de exclusão e de oposição, com o prazo de cada um."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return LISTA.page(uow, filtro).body()


@blp.post("")
@requires("titulares:write")
@blp.arguments(NovoPedidoSchema)
@blp.response(201, PedidoSchema)
def register_pedido(corpo: dict[str, Any]) -> Any:
    """Registra um pedido que chegou por outro caminho; o prazo corre, com lembretes."""
    found = _titulares()
    with services().database.unit_of_work(principal().tenant_id) as uow:
        pedido_id = found.register(uow, Pedido(**corpo), principal().ator, trace_id())
        return found.find(uow, pedido_id)._mapping


@blp.post("/<uuid:pedido_id>/atender")
@requires("leads:erase")
@blp.response(200, PedidoAtendidoSchema)
def attend_pedido(pedido_id: UUID) -> Any:
    """Atende o pedido: apaga os dados, para o uso, ou devolve os dados para o titular."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _titulares().attend(uow, pedido_id, principal().ator, trace_id())


def _titulares() -> TitularService:
    found = services()
    return TitularService(found.ports, found.registry, found.tenants)
