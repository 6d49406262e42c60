"""The consumer that delivers: one attempt per run, no transaction open during the call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, case, func, select, text, update

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.webhooks.domain import REMOVIDO, espera, headers
from alquimista.plataforma.webhooks.service import ENTREGAS, WEBHOOKS, WebhookService
from alquimista.runtime.events_service import shown
from alquimista.runtime.ports import Ports
from alquimista.runtime.topology import WEBHOOK_QUEUE, WEBHOOK_TIMEOUT, WEBHOOK_TIMER
from alquimista_integrations.egress.addresses import UrlNaoPermitida
from alquimista_integrations.egress.post import Poster
from alquimista_sdk.errors import TransientError
from fibonacci_bus.event import Event

_DUE = (
    select(
        ENTREGAS,
        WEBHOOKS.c.url,
        WEBHOOKS.c.segredo,
        case((WEBHOOKS.c.anterior_ate > func.clock_timestamp(), WEBHOOKS.c.segredo_anterior)).label(
            "segredo_anterior"
        ),
    )
    .join(
        WEBHOOKS,
        (WEBHOOKS.c.tenant_id == ENTREGAS.c.tenant_id) & (WEBHOOKS.c.id == ENTREGAS.c.webhook_id),
    )
    .where(ENTREGAS.c.status == "pendente", WEBHOOKS.c.ativo)
)
_EVENT = text(
    "SELECT id, source, type, detail, trace_id, occurred_at FROM fibonacci_core.events "
    "WHERE tenant_id = :tenant AND id = :id"
)


@dataclass(frozen=True, slots=True)
class _Result:
    ok: bool
    status: int | None = None
    erro: str | None = None
    duration_ms: int | None = None


class WebhookConsumer:
    """Delivers at least once: the receiver tells repetitions by ``webhook-id``."""

    name = WEBHOOK_QUEUE

    def __init__(
        self,
        database: Database,
        ports: Ports,
        webhooks: WebhookService,
        poster: Poster,
        clock: Callable[[], float],
        deadline: timedelta = WEBHOOK_TIMEOUT,
    ) -> None:
        self.deadline = deadline
        self._database = database
        self._ports = ports
        self._webhooks = webhooks
        self._poster = poster
        self._clock = clock

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything on this queue is ours; a replay without effects calls nobody."""
        return event.effects

    def run(self, event: Event, attempt: int) -> Callable[[Connection], None]:
        """Call the receiver; the commit writes what came of it."""
        entrega_id = UUID(event.detail["context"]["metadata"]["ref_id"])
        with self._database.unit_of_work(event.tenant_id) as uow:
            due = uow.connection.execute(
                _DUE.where(ENTREGAS.c.tenant_id == uow.tenant_id, ENTREGAS.c.id == entrega_id)
            ).one_or_none()
            told = (
                uow.connection.execute(
                    _EVENT, {"tenant": uow.tenant_id, "id": due.event_id}
                ).one_or_none()
                if due is not None
                else None
            )
        if due is None:
            return lambda connection: None
        result = _GONE if told is None else self._call(due, event.tenant_id, told)

        def commit(connection: Connection) -> None:
            self._write(self._database.join(connection, event.tenant_id), due, result)

        return commit

    def _call(self, due: Row[Any], tenant_id: UUID, told: Row[Any]) -> _Result:
        body = payload(tenant_id, told)
        secrets = self._webhooks.secrets_of(due)
        signed = headers(secrets, str(due.id), int(self._clock()), body)
        try:
            reply = self._poster.post(due.url, body, signed)
        except UrlNaoPermitida as error:
            return _Result(False, erro=str(error))
        except TransientError as error:
            return _Result(False, erro=str(error)[:200])
        if 200 <= reply.status < 300:
            return _Result(True, reply.status, None, reply.duration_ms)
        erro = f"o destino respondeu {reply.status}"
        return _Result(False, reply.status, erro, reply.duration_ms)

    def _write(self, uow: UnitOfWork, due: Row[Any], result: _Result) -> None:
        made = due.tentativas + 1
        wait = None if result.ok else espera(made)
        if result.status == REMOVIDO:
            wait = None
            uow.connection.execute(
                update(WEBHOOKS)
                .where(WEBHOOKS.c.tenant_id == uow.tenant_id, WEBHOOKS.c.id == due.webhook_id)
                .values(ativo=False, updated_at=uow.agora, versao=WEBHOOKS.c.versao + 1)
            )
        following = None if wait is None else uow.agora + wait
        status = "entregue" if result.ok else "pendente" if following else "falhou"
        written = uow.connection.execute(
            update(ENTREGAS)
            .where(
                ENTREGAS.c.tenant_id == uow.tenant_id,
                ENTREGAS.c.id == due.id,
                ENTREGAS.c.versao == due.versao,
            )
            .values(
                status=status,
                tentativas=made,
                resposta_status=result.status,
                erro=result.erro,
                duration_ms=result.duration_ms,
                proximo_em=following,
                updated_at=uow.agora,
                versao=ENTREGAS.c.versao + 1,
            )
        ).rowcount
        if written and following is not None:
            self._ports.timers.schedule(
                uow.connection, uow.tenant_id, following, WEBHOOK_TIMER, due.id
            )


_GONE = _Result(False, erro="o evento não está mais guardado")


def payload(tenant_id: UUID, told: Row[Any]) -> bytes:
    """The body of a delivery: the event without its personal parts, which stay encrypted."""
    body: Mapping[str, Any] = {
        "id": str(told.id),
        "source": told.source,
        "type": told.type,
        "tenant_id": str(tenant_id),
        "trace_id": str(told.trace_id),
        "occurred_at": told.occurred_at.isoformat(),
        "detail": shown(told.source, told.detail),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
