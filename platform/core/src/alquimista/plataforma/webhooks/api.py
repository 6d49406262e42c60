"""Endpoints of outbound webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import url_for

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import match, tag
from alquimista.plataforma.webhooks import service
from alquimista.plataforma.webhooks.schemas import (
    WEBHOOK_ORDENS,
    EntregaFiltroSchema,
    EntregaPaginaSchema,
    NovoWebhookSchema,
    TrocaSegredoSchema,
    WebhookCriadoSchema,
    WebhookEdicaoSchema,
    WebhookFiltroSchema,
    WebhookPaginaSchema,
    WebhookSchema,
)
from alquimista.plataforma.webhooks.service import ENTREGAS, WEBHOOKS

blp = Blueprint("webhooks_saida", __name__, url_prefix="/api/webhooks", description="Webhooks")
LISTA = Listing(
    table=WEBHOOKS,
    ordens={name: WEBHOOKS.c[name] for name in WEBHOOK_ORDENS},
    padrao="-created_at",
    filtros={"ativo": WEBHOOKS.c.ativo},
)
LISTA_ENTREGAS = Listing(
    table=ENTREGAS,
    ordens={"created_at": ENTREGAS.c.created_at},
    padrao="-created_at",
    filtros={name: ENTREGAS.c[name] for name in ("status", "evento")},
)


@blp.get("")
@requires("webhooks:read")
@blp.arguments(WebhookFiltroSchema, location="query")
@blp.response(200, WebhookPaginaSchema)
def list_webhooks(filtro: dict[str, Any]) -> dict[str, Any]:
    """Os destinos que recebem eventos da conta."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return LISTA.page(uow, filtro).body()


@blp.post("")
@requires("webhooks:write")
@blp.arguments(NovoWebhookSchema)
@blp.response(201, WebhookCriadoSchema)
def create_webhook(corpo: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Registra um destino; o segredo que confere as assinaturas só é mostrado agora."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        webhook_id, secret = services().webhooks.create(
            uow, corpo["url"], corpo["titulo"], corpo["padrao"], principal().ator
        )
        row = service.find(uow, webhook_id)
    services().fanout.forget(principal().tenant_id)
    location = url_for("webhooks_saida.get_webhook", webhook_id=webhook_id)
    return {**row._mapping, "segredo": secret}, 201, {"Location": location}


@blp.get("/<uuid:webhook_id>")
@requires("webhooks:read")
@blp.response(200, WebhookSchema)
def get_webhook(webhook_id: UUID) -> Any:
    """Um destino."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.find(uow, webhook_id)
    tag(row.versao)
    return row._mapping


@blp.patch("/<uuid:webhook_id>")
@requires("webhooks:write")
@blp.arguments(WebhookEdicaoSchema)
@blp.response(200, WebhookSchema)
def edit_webhook(corpo: dict[str, Any], webhook_id: UUID) -> Any:
    """Muda o endereço, o padrão, o título ou se o destino está ativo."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find(uow, webhook_id, lock=True).versao)
        services().webhooks.edit(uow, webhook_id, corpo, principal().ator)
        row = service.find(uow, webhook_id)
    services().fanout.forget(principal().tenant_id)
    tag(row.versao)
    return row._mapping


@blp.delete("/<uuid:webhook_id>")
@requires("webhooks:write")
@blp.response(204)
def delete_webhook(webhook_id: UUID) -> None:
    """Remove o destino e o registro das suas entregas."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        services().webhooks.remove(uow, webhook_id, principal().ator)
    services().fanout.forget(principal().tenant_id)


@blp.post("/<uuid:webhook_id>/segredo")
@requires("webhooks:write")
@blp.arguments(TrocaSegredoSchema, required=False)
@blp.response(200, WebhookCriadoSchema)
def rotate_webhook(corpo: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Troca o segredo; o novo só é mostrado agora, e o antigo assina junto durante a carência."""
    seconds = corpo.get("carencia_segundos")
    grace = None if seconds is None else timedelta(seconds=seconds)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        secret = services().webhooks.rotate(uow, webhook_id, principal().ator, grace)
        row = service.find(uow, webhook_id)
    return {**row._mapping, "segredo": secret}


@blp.get("/<uuid:webhook_id>/entregas")
@requires("webhooks:read")
@blp.arguments(EntregaFiltroSchema, location="query")
@blp.response(200, EntregaPaginaSchema)
def list_entregas(filtro: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """O registro das entregas de um destino, da mais nova para a mais antiga."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.find(uow, webhook_id)
        mine = ENTREGAS.c.webhook_id == webhook_id
        return LISTA_ENTREGAS.page(uow, filtro, mine).body()


@blp.post("/entregas/<uuid:entrega_id>/reenviar")
@requires("webhooks:write")
@blp.response(202, description="A entrega será repetida; o corpo é `null`.")
def resend_entrega(entrega_id: UUID) -> None:
    """Entrega de novo, já, com novas tentativas."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        services().webhooks.resend(uow, entrega_id, principal().ator)
