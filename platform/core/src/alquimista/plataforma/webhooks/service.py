"""Use cases of outbound webhooks: register, change, rotate the secret, resend."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from sqlalchemy import Row, delete, func, insert, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.webhooks.domain import shown_secret
from alquimista.plataforma.webhooks.models import Webhook, WebhookEntrega
from alquimista.runtime.publishing import EventPublisher, timer_event
from alquimista.runtime.topology import WEBHOOK_TIMER
from alquimista_integrations.egress.addresses import Policy, check_url
from alquimista_sdk.errors import NotFound, PermanentError
from fibonacci_bus import InvalidPattern, compile_pattern

WEBHOOKS = table_of(Webhook)
ENTREGAS = table_of(WebhookEntrega)
POR_CONTA = 20
_SECRET_BYTES = 32


class PadraoInvalido(PermanentError):
    """The pattern is none of EventBridge's language."""

    code = "padrao_invalido"


class MuitosWebhooks(PermanentError):
    """The tenant has as many as there may be."""

    code = "muitos_webhooks"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class WebhookService:
    """``master`` wraps the secrets (RFC 3394); ``carencia`` is how long a former one signs on."""

    policy: Policy
    master: bytes
    publisher: EventPublisher
    carencia: timedelta

    def create(
        self, uow: UnitOfWork, url: str, titulo: str, padrao: Mapping[str, Any], ator: Ator
    ) -> tuple[UUID, str]:
        """Register a receiver; answers its id and its secret, which is shown this once.

        Raises:
            UrlNaoPermitida: the address may not be called.
            PadraoInvalido: the pattern is none.
            MuitosWebhooks: the tenant has enough.
        """
        check_url(url, self.policy)
        _check_pattern(padrao)
        count: int = uow.connection.execute(
            select(func.count()).select_from(WEBHOOKS).where(WEBHOOKS.c.tenant_id == uow.tenant_id)
        ).scalar_one()
        if count >= POR_CONTA:
            raise MuitosWebhooks(f"Uma conta tem no máximo {POR_CONTA} webhooks.")
        secret, webhook_id = secrets.token_bytes(_SECRET_BYTES), uuid4()
        uow.connection.execute(
            insert(WEBHOOKS).values(
                id=webhook_id,
                tenant_id=uow.tenant_id,
                url=url,
                titulo=titulo,
                padrao=dict(padrao),
                segredo=aes_key_wrap(self.master, secret),
                ativo=True,
                created_at=uow.agora,
                updated_at=uow.agora,
            )
        )
        _note(uow, ator, "webhook.criado", webhook_id, depois={"url": url, "padrao": dict(padrao)})
        return webhook_id, shown_secret(secret)

    def edit(
        self, uow: UnitOfWork, webhook_id: UUID, changes: Mapping[str, Any], ator: Ator
    ) -> None:
        """Change address, pattern, title or whether it is active. Raises as ``create``."""
        row = find(uow, webhook_id)
        if "url" in changes:
            check_url(changes["url"], self.policy)
        if "padrao" in changes:
            _check_pattern(changes["padrao"])
        uow.connection.execute(
            update(WEBHOOKS)
            .where(*_one(uow, webhook_id))
            .values(**changes, updated_at=uow.agora, versao=WEBHOOKS.c.versao + 1)
        )
        before = {name: row._mapping[name] for name in changes}
        _note(uow, ator, "webhook.alterado", webhook_id, antes=before, depois=dict(changes))

    def rotate(
        self, uow: UnitOfWork, webhook_id: UUID, ator: Ator, carencia: timedelta | None = None
    ) -> str:
        """A new secret; the former one signs beside it for ``carencia`` of machine time.

        Nothing is the setting's time; zero ends the former one at once, for one that leaked. The
        one before the former ends in any case.
        """
        row = find(uow, webhook_id, lock=True)
        grace = self.carencia if carencia is None else carencia
        secret = secrets.token_bytes(_SECRET_BYTES)
        uow.connection.execute(
            update(WEBHOOKS)
            .where(*_one(uow, webhook_id))
            .values(
                segredo=aes_key_wrap(self.master, secret),
                segredo_anterior=row.segredo if grace else None,
                anterior_ate=func.clock_timestamp() + grace if grace else None,
                updated_at=uow.agora,
                versao=WEBHOOKS.c.versao + 1,
            )
        )
        told = {"carencia_segundos": int(grace.total_seconds())}
        _note(uow, ator, "webhook.segredo_trocado", webhook_id, detalhes=told)
        return shown_secret(secret)

    def remove(self, uow: UnitOfWork, webhook_id: UUID, ator: Ator) -> None:
        """Delete a receiver with its log; what waits is not delivered."""
        row = find(uow, webhook_id)
        uow.connection.execute(delete(WEBHOOKS).where(*_one(uow, webhook_id)))
        _note(uow, ator, "webhook.removido", webhook_id, antes={"url": row.url})

    def resend(self, uow: UnitOfWork, entrega_id: UUID, ator: Ator) -> None:
        """Deliver once more, at once, with a fresh run of attempts. Raises ``NotFound``."""
        row = uow.connection.execute(
            update(ENTREGAS)
            .where(ENTREGAS.c.tenant_id == uow.tenant_id, ENTREGAS.c.id == entrega_id)
            .values(
                status="pendente",
                tentativas=0,
                erro=None,
                proximo_em=uow.agora,
                updated_at=uow.agora,
                versao=ENTREGAS.c.versao + 1,
            )
            .returning(ENTREGAS.c.webhook_id, ENTREGAS.c.trace_id)
        ).one_or_none()
        if row is None:
            raise NotFound("Entrega não encontrada.")
        self.publisher.publish(
            uow, [timer_event(WEBHOOK_TIMER, uow.tenant_id, entrega_id, row.trace_id)]
        )
        _note(uow, ator, "webhook.reenviado", row.webhook_id)

    def secrets_of(self, row: Row[Any]) -> Sequence[bytes]:
        """The secrets that sign for a stored receiver, the newest first."""
        stored = (row.segredo, row.segredo_anterior)
        return [aes_key_unwrap(self.master, one) for one in stored if one is not None]


def find(uow: UnitOfWork, webhook_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One receiver of the tenant. Raises ``NotFound``."""
    query = select(WEBHOOKS).where(*_one(uow, webhook_id))
    row = uow.connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("Webhook não encontrado.")
    return row


def _one(uow: UnitOfWork, webhook_id: UUID) -> tuple[Any, ...]:
    return (WEBHOOKS.c.tenant_id == uow.tenant_id, WEBHOOKS.c.id == webhook_id)


def _check_pattern(padrao: Mapping[str, Any]) -> None:
    try:
        compile_pattern(padrao)
    except InvalidPattern as error:
        raise PadraoInvalido("O padrão de eventos não é válido.") from error


def _note(uow: UnitOfWork, ator: Ator, action: str, webhook_id: UUID, **values: Any) -> None:
    record(uow, ator, action, alvo_tipo="webhook", alvo_id=webhook_id, **values)
