"""Limits of use with their headers (IETF draft "RateLimit header fields for HTTP")."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, g

from alquimista.http.services import services
from alquimista_sdk.errors import AlquimistaError

if TYPE_CHECKING:
    from alquimista.plataforma.identity.service import Principal


class LimiteAtingido(AlquimistaError):
    """Too many requests of the caller or of its tenant in this minute."""

    code = "limite_atingido"
    http_status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def throttle(caller: Principal) -> None:
    """Count the request.

    Raises:
        LimiteAtingido: it is one too many.
    """
    who = caller.user_id or caller.api_key_id
    if who is None:
        return
    used = services().limits.use(caller.tenant_id, who)
    g.uso = used
    if not used.livre:
        raise LimiteAtingido(
            f"São no máximo {used.limite} requisições por minuto. Aguarde um pouco.",
            used.renova_em,
        )


def send_limits(response: Response) -> Response:
    """Tell the caller what is left."""
    used = g.get("uso")
    if used is not None:
        response.headers["RateLimit-Limit"] = str(used.limite)
        response.headers["RateLimit-Remaining"] = str(used.restam)
        response.headers["RateLimit-Reset"] = str(used.renova_em)
    return response
