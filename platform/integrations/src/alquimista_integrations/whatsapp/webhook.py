"""Meta's webhooks: proof of origin, verification, messages and status reports.

Source: Meta, "Webhooks: Getting started" and "Cloud API: Webhook components".
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alquimista_sdk.errors import PermanentError

logger = logging.getLogger(__name__)
STATUS = {"sent": "enviado", "delivered": "entregue", "read": "lido", "failed": "falhou"}
_MARKERS = {
    "image": "imagem",
    "video": "vídeo",
    "audio": "áudio",
    "voice": "áudio",
    "document": "documento",
    "sticker": "figurinha",
    "location": "localização",
    "contacts": "contato",
    "order": "pedido",
    "system": "aviso do sistema",
}


class WebhookInvalid(PermanentError):
    """The body is not a webhook of the WhatsApp Business Account."""

    code = "webhook_invalido"
    http_status = 400


@dataclass(frozen=True, slots=True)
class MensagemRecebida:
    """A message to one of our numbers. ``de`` is the digits of the sender, or Meta's user id."""

    phone_number_id: str
    de: str
    texto: str
    provider_id: str
    enviada_em: int
    em_resposta_a: str | None = None


@dataclass(frozen=True, slots=True)
class StatusRecebido:
    """What became of a message of ours; ``chave`` is the key that it was sent with."""

    phone_number_id: str
    provider_id: str
    status: str
    chave: str | None = None
    erro: str | None = None


def verify_signature(raw: bytes, header: str, secret: bytes) -> bool:
    """Whether ``X-Hub-Signature-256`` is the HMAC of exactly these bytes."""
    expected = "sha256=" + hmac.new(secret, raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().encode("utf-8", "replace"))


def verify_challenge(args: Mapping[str, str], verify_token: str) -> str | None:
    """The challenge to send back where the token is ours; None otherwise."""
    given = args.get("hub.verify_token", "")
    ours = hmac.compare_digest(given.encode("utf-8", "replace"), verify_token.encode())
    if args.get("hub.mode") != "subscribe" or not ours or not verify_token:
        return None
    return args.get("hub.challenge")


def parse(payload: Mapping[str, Any]) -> tuple[MensagemRecebida | StatusRecebido, ...]:
    """Messages and status reports of one webhook call, in their order.

    Other fields than messages are skipped: one subscription brings them all. An entry that
    lacks an id is logged and skipped, so that its neighbours are not lost.

    Raises:
        WebhookInvalid: the body has not the shape of a webhook.
    """
    if payload.get("object") != "whatsapp_business_account":
        raise WebhookInvalid("O corpo não é um aviso do WhatsApp.")
    found: list[MensagemRecebida | StatusRecebido] = []
    for value in _values(payload):
        metadata = value.get("metadata")
        number = str(metadata.get("phone_number_id", "")) if isinstance(metadata, dict) else ""
        for message in _objects(value, "messages"):
            found.extend(_kept(_message(number, message), "message"))
        for status in _objects(value, "statuses"):
            found.extend(_kept(_status(number, status), "status"))
    return tuple(found)


def _values(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in _objects(payload, "entry"):
        for change in _objects(entry, "changes"):
            value = change.get("value")
            if change.get("field") == "messages" and isinstance(value, dict):
                yield value


def _objects(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = parent.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise WebhookInvalid(f"{name}: deve ser uma lista de objetos.")
    return items


def _kept(
    item: MensagemRecebida | StatusRecebido | None, kind: str
) -> tuple[MensagemRecebida | StatusRecebido, ...]:
    if item is None:
        logger.warning("skipped an incomplete webhook entry", extra={"kind": kind})
        return ()
    return (item,)


def _message(number: str, message: Mapping[str, Any]) -> MensagemRecebida | None:
    sender = str(message.get("from") or message.get("from_user_id") or "")
    identifier = str(message.get("id") or "")
    if not (number and sender and identifier):
        return None
    stamp = str(message.get("timestamp", ""))
    return MensagemRecebida(
        phone_number_id=number,
        de=sender.lstrip("+"),
        texto=_text(message),
        provider_id=identifier,
        enviada_em=int(stamp) if stamp.isdecimal() else 0,
        em_resposta_a=_inner(message, "context", "id"),
    )


def _text(message: Mapping[str, Any]) -> str:
    kind = str(message.get("type", ""))
    if kind == "text":
        return _inner(message, "text", "body") or ""
    if kind == "button":
        return _inner(message, "button", "text") or ""
    if kind == "interactive":
        return _choice(message)
    if kind == "reaction":
        return f"[reação {_inner(message, 'reaction', 'emoji') or 'retirada'}]"
    marker = f"[{_MARKERS.get(kind, 'mensagem de tipo não suportado')}]"
    caption = _inner(message, kind, "caption")
    return f"{marker} {caption}" if caption else marker


def _choice(message: Mapping[str, Any]) -> str:
    interactive = message.get("interactive")
    if isinstance(interactive, dict):
        for name in ("button_reply", "list_reply"):
            title = _inner(interactive, name, "title")
            if title:
                return title
    return "[resposta interativa]"


def _status(number: str, status: Mapping[str, Any]) -> StatusRecebido | None:
    identifier = str(status.get("id") or "")
    name = STATUS.get(str(status.get("status", "")))
    if not (number and identifier and name):
        return None
    errors = status.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return StatusRecebido(
        phone_number_id=number,
        provider_id=identifier,
        status=name,
        chave=str(status["biz_opaque_callback_data"])
        if status.get("biz_opaque_callback_data")
        else None,
        erro=str(first.get("code")) if isinstance(first, dict) and first.get("code") else None,
    )


def _inner(parent: Mapping[str, Any], name: str, key: str) -> str | None:
    value = parent.get(name)
    if isinstance(value, dict) and value.get(key):
        return str(value[key])
    return None
