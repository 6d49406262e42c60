"""Limits of use with their headers (IETF draft "RateLimit header fields for HTTP")."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, g
from sqlalchemy import Row

from alquimista.http.services import services
from alquimista.plataforma.chamadas.opening import Pedido, open_call
from alquimista_sdk.errors import AlquimistaError

if TYPE_CHECKING:
    from alquimista.plataforma.chamadas.limits import Uso
    from alquimista.plataforma.identity.service import Principal


class LimiteAtingido(AlquimistaError):
    """Too many requests of the caller or of its tenant in this minute."""

    code = "limite_atingido"
    http_status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def throttle(
    caller: Principal, read_pedido: Callable[[], Pedido | None]
) -> tuple[Pedido | None, Row[Any] | None]:
    """Count the request, and take its idempotency key in the same statement.

    The body is read for the key only after this process knows of no reason to refuse. Answers the
    key, and what was found of it; None where none was sent.

    Raises:
        LimiteAtingido: it is one too many.
    """
    who = caller.user_id or caller.api_key_id
    if who is None:
        return None, None
    limits, found = services().limits, services()
    claim = limits.claim(caller.tenant_id, who)
    if claim.refused:
        _hold(claim.refused)
    pedido = read_pedido()
    row = None
    if pedido or claim.asks:
        row = open_call(found.database, caller.tenant_id, who, claim, pedido)
    used = (row.used_own, row.used_shared) if row else (None, None)
    answer = limits.settle(caller.tenant_id, who, claim, *used)
    if not answer.livre and pedido and row and row.taken:
        found.idempotency.forget(caller.tenant_id, pedido.entry)
    _hold(answer)
    return pedido, row if pedido else None


def send_limits(response: Response) -> Response:
    """Tell the caller what is left."""
    used = g.get("uso")
    if used is not None:
        response.headers["RateLimit-Limit"] = str(used.limite)
        response.headers["RateLimit-Remaining"] = str(used.restam)
        response.headers["RateLimit-Reset"] = str(used.renova_em)
    return response


def _hold(used: Uso) -> None:
    g.uso = used
    if not used.livre:
        raise LimiteAtingido(
            f"São no máximo {used.limite} requisições por minuto. Aguarde um pouco.",
            used.renova_em,
        )
