"""``Idempotency-Key`` on every POST that asks for a permission."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Response, current_app, request
from sqlalchemy import Row

from alquimista.db.session import within_call
from alquimista.http.services import services
from alquimista.plataforma.chamadas.idempotency import Resposta
from alquimista.plataforma.chamadas.opening import Pedido
from alquimista_sdk.errors import PermanentError

if TYPE_CHECKING:
    from alquimista.plataforma.identity.service import Principal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "Location")
_MAX_KEY = 255


class ChaveInvalida(PermanentError):
    """The key is empty, longer than 255 characters, or not printable ASCII."""

    code = "chave_idempotencia_invalida"
    http_status = 400


def read_pedido(caller: Principal) -> Pedido | None:
    """The key of a POST, and what it asks for; None where no key was sent.

    Raises:
        ChaveInvalida: see there.
    """
    if request.method != "POST" or HEADER not in request.headers:
        return None
    key = request.headers[HEADER].strip()
    if not key or len(key) > _MAX_KEY or not key.isascii() or not key.isprintable():
        raise ChaveInvalida("A Idempotency-Key tem de 1 a 255 caracteres ASCII visíveis.")
    return Pedido(uuid4(), str(caller.user_id or caller.api_key_id), key, _digest())


def once(
    caller: Principal, view: Callable[[], Any], pedido: Pedido | None, found: Row[Any] | None
) -> Any:
    """Call a view; a POST with a key that was answered before gets that answer.

    ``found`` is what ``throttle`` found of the key.

    Raises:
        ChaveReutilizada: the key was used for another request.
        EmAndamento: the first request is not answered yet.
        RespostaPerdida: it was done, and its answer is lost.
    """
    if pedido is None or found is None:
        return view()
    keys = services().idempotency
    if not found.taken:
        return _again(keys.answer_of(found, pedido.corpo_hash))
    keys.begin(caller.tenant_id, pedido.entry)
    done = False
    try:
        with within_call(caller.tenant_id, pedido.entry):
            answer: Response = current_app.make_response(view())
        done = answer.status_code < 400
    finally:
        if not done:
            keys.forget(caller.tenant_id, pedido.entry)
    kept = {n: answer.headers[n] for n in _KEPT_HEADERS if n in answer.headers}
    resposta = Resposta(answer.status_code, answer.get_data(), kept)
    keys.finish(caller.tenant_id, pedido.entry, resposta)
    return answer


def _again(known: Resposta) -> Response:
    response = current_app.response_class(known.corpo, known.status)
    for name, value in known.cabecalhos.items():
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    return response


def _digest() -> str:
    """What makes two requests the same: method, address, and the body by its meaning."""
    found = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":
        for name, value in sorted(request.form.items(multi=True)):
            found.update(f"{len(name)}:{name}{len(value)}:{value}".encode())
        for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0]):
            content = file.stream.read()
            file.stream.seek(0)
            label = f"{len(name)}:{name}{len(file.filename or '')}:{file.filename}"
            found.update(label.encode() + hashlib.sha256(content).digest())
    else:
        found.update(request.get_data(cache=True))
    return found.hexdigest()
