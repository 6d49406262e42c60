"""The one error shape: ``{"code", "status", "message", "errors", "trace_id"}``, on every route."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import marshmallow as ma
from flask import Flask, Response, g, jsonify, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from alquimista.http.described import DescribedWhenAsked
from alquimista.plataforma.audit import origin
from alquimista_sdk.errors import (
    AlquimistaError,
    NotFound,
    PermanentError,
    ScopeDenied,
    TransientError,
)
from fibonacci_bus.errors import EventTooLarge
from fibonacci_bus.worker import unreachable

logger = logging.getLogger(__name__)
MENSAGENS: Mapping[int, str] = {
    400: "A requisição não pôde ser lida.",
    401: "Entre com seu usuário: o acesso está ausente, inválido ou vencido.",
    403: "Seu acesso não permite esta ação.",
    404: "Não encontrado.",
    405: "Este endereço não aceita esse método.",
    409: "O recurso não está em um estado que permita esta ação.",
    412: "O recurso mudou desde que você o leu.",
    413: "O conteúdo enviado é grande demais.",
    415: "O tipo do conteúdo enviado não é aceito.",
    422: "Os dados enviados não são válidos.",
    406: "O formato pedido não existe.",
    429: "Muitas tentativas. Aguarde um pouco.",
    500: "Algo deu errado do nosso lado. Informe o código de rastreio.",
    503: "O serviço está temporariamente indisponível. Tente de novo em instantes.",
}


class ErrorSchema(ma.Schema):
    """The body of every error."""

    code = ma.fields.Integer(metadata={"description": "HTTP status"})
    status = ma.fields.String(metadata={"description": "Stable machine-readable name"})
    message = ma.fields.String(metadata={"description": "What to tell a person (pt-BR)"})
    errors = ma.fields.Dict(metadata={"description": "Faults by field"})
    trace_id = ma.fields.UUID(metadata={"description": "Quote it when asking for support"})


class AcessoNegado(AlquimistaError):
    """Who calls may not do this."""

    code = "acesso_negado"
    http_status = HTTPStatus.FORBIDDEN


class NaoAutenticado(AlquimistaError):
    """Nobody, an expired or a forged token."""

    code = "nao_autenticado"
    http_status = HTTPStatus.UNAUTHORIZED


class ApiWithOneShape(DescribedWhenAsked):
    """flask-smorest's API with our error body."""

    ERROR_SCHEMA = ErrorSchema

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer an ``HTTPException``: Werkzeug's English text never reaches a person."""
        if error.response is not None:
            return _answer_of(error)
        data = getattr(error, "data", None) or {}
        faults = data.get("errors") or data.get("messages") or {}
        code = error.code or 500
        response = answer(code, _name(code), data.get("message") or MENSAGENS.get(code, ""), faults)
        for name, value in (data.get("headers") or {}).items():
            response.headers[name] = value
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(error.valid_methods)
        return response


def register(app: Flask) -> None:
    """Trace ids, and handlers of our own error tree."""
    app.before_request(_open_trace)
    app.teardown_request(_close_origin)
    app.after_request(_send_trace)
    app.register_error_handler(AlquimistaError, _ours)
    app.register_error_handler(EventTooLarge, _too_large)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _no_connection)
    app.register_error_handler(Exception, _unforeseen)


def answer(
    code: int, status: str, message: str, errors: Mapping[str, Any] | None = None
) -> Response:
    """The one error body."""
    response = jsonify(
        code=code,
        status=status,
        message=message or MENSAGENS.get(code, ""),
        errors=errors or {},
        trace_id=str(trace_id()),
    )
    response.status_code = code
    return response


def trace_id() -> UUID:
    """The request's trace id: the caller's ``X-Trace-Id`` where it is a UUID, else a new one."""
    if "trace_id" not in g:
        _open_trace()
    found: UUID = g.trace_id
    return found


def _open_trace() -> None:
    try:
        g.trace_id = UUID(request.headers.get("X-Trace-Id", ""))
    except ValueError:
        g.trace_id = uuid4()
    g.audit_origin = origin.enter(origin.Origem(request.remote_addr, g.trace_id))


def _close_origin(_: BaseException | None) -> None:
    token = g.pop("audit_origin", None)
    if token is not None:
        origin.leave(token)


def _send_trace(response: Response) -> Response:
    response.headers["X-Trace-Id"] = str(trace_id())
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def status_of(error: AlquimistaError) -> int:
    """The HTTP status of an error of ours."""
    own = getattr(error, "http_status", None)
    if own is not None:
        return int(own)
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, ScopeDenied):
        return 403
    if isinstance(error, TransientError):
        return 503
    return 422 if isinstance(error, PermanentError) else 500


def _ours(error: AlquimistaError) -> Response:
    code = status_of(error)
    if code >= 500:
        logger.error("request failed", exc_info=error, extra={"trace_id": str(trace_id())})
    response = answer(code, error.code, str(error) if code < 500 else MENSAGENS[code])
    if code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    retry = getattr(error, "retry_after", None)
    if retry is not None:
        response.headers["Retry-After"] = str(retry)
    return response


def _too_large(_: EventTooLarge) -> Response:
    return answer(413, "evento_grande_demais", "Um evento tem no máximo 256 KB.")


def _database(error: DBAPIError) -> Response:
    logger.error("database error", exc_info=error, extra={"trace_id": str(trace_id())})
    code = 503 if unreachable(error) else 500
    return answer(code, _name(code), MENSAGENS[code])


def _no_connection(error: PoolTimeout) -> Response:
    """All of this process's connections are busy, and none was given back in time."""
    logger.error("no connection is free", exc_info=error, extra={"trace_id": str(trace_id())})
    return answer(503, _name(503), MENSAGENS[503])


def _unforeseen(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return answer(error.code or 500, _name(error.code or 500), "")
    logger.error("unforeseen error", exc_info=error, extra={"trace_id": str(trace_id())})
    return answer(500, _name(500), MENSAGENS[500])


def _answer_of(error: HTTPException) -> Response:
    response = error.response
    assert isinstance(response, Response)
    return response


def _name(code: int) -> str:
    try:
        return HTTPStatus(code).phrase.lower().replace(" ", "_")
    except ValueError:
        return "erro"
