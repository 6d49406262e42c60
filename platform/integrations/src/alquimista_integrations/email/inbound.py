"""E-mail that comes in: replies, bounces (RFC 3464) and complaints (RFC 5965)."""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage, Message, MIMEPart
from email.policy import default
from email.utils import parseaddr
from typing import Any, Literal, cast

from alquimista_integrations.email.html_text import words_of
from alquimista_integrations.email.quoting import strip_quoted
from alquimista_sdk.errors import PermanentError

Tipo = Literal["resposta", "bounce", "complaint"]
TIPOS = ("resposta", "bounce", "complaint")
MAX_CARACTERES = 20_000
_ID = re.compile(r"<[^<>\s]+>")


class InboundInvalid(PermanentError):
    """The body of ``/webhooks/email`` is not what is documented."""

    code = "webhook_invalido"
    http_status = 400


class InboundIgnored(PermanentError):
    """A machine's notice that nobody answers: out of office (RFC 3834), a delayed delivery."""

    code = "email_ignorado"
    http_status = 422


@dataclass(frozen=True, slots=True)
class EmailRecebido:
    """One e-mail that came in.

    ``de`` is who wrote, or the address that bounced or complained. ``em_resposta_a`` is the
    Message-ID of ours that it is about. Ids keep their angle brackets.
    """

    tipo: Tipo
    de: str
    para: str
    assunto: str
    texto: str
    message_id: str
    em_resposta_a: str | None = None


def parse_inbound(payload: Mapping[str, Any]) -> EmailRecebido:
    """Read the JSON of ``/webhooks/email``: the fields one by one, or ``{"rfc822": text}``.

    Raises:
        InboundInvalid: a field is missing or wrong.
        InboundIgnored: see ``parse_rfc822``.
    """
    if isinstance(payload.get("rfc822"), str):
        return parse_rfc822(str(payload["rfc822"]).encode("utf-8", "surrogateescape"))
    tipo = payload.get("tipo", "resposta")
    if tipo not in TIPOS:
        raise InboundInvalid("tipo: use resposta, bounce ou complaint.")
    texto = strip_quoted(_text(payload, "texto"))[:MAX_CARACTERES]
    identifier = _one_id(_text(payload, "message_id"))
    if tipo == "resposta" and (identifier is None or not texto):
        raise InboundInvalid("message_id e texto são obrigatórios em uma resposta.")
    return EmailRecebido(
        tipo=cast(Tipo, tipo),
        de=_required_address(_text(payload, "de"), "de"),
        para=_required_address(_text(payload, "para"), "para"),
        assunto=_text(payload, "assunto")[:255],
        texto=texto,
        message_id=identifier or "",
        em_resposta_a=_one_id(_text(payload, "em_resposta_a")),
    )


def parse_rfc822(raw: bytes) -> EmailRecebido:
    """Read a whole message as it came over the wire.

    Raises:
        InboundInvalid: there is no sender, recipient or text.
        InboundIgnored: an automatic reply, or the notice of a delayed delivery.
    """
    message = email.message_from_bytes(raw, policy=default)
    if message.get_content_type() == "multipart/report":
        return _report(message, raw)
    automatic = str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    if automatic != "no":
        raise InboundIgnored("Resposta automática: ninguém a escreveu.")
    texto = strip_quoted(_body(message))[:MAX_CARACTERES]
    if not texto:
        raise InboundInvalid("A mensagem não tem texto.")
    return EmailRecebido(
        tipo="resposta",
        de=_required_address(str(message.get("From", "")), "From"),
        para=_required_address(_recipient(message), "To"),
        assunto=str(message.get("Subject", ""))[:255],
        texto=texto,
        message_id=_id_or_hash(message, raw),
        em_resposta_a=_one_id(str(message.get("In-Reply-To", ""))),
    )


def _report(message: EmailMessage, raw: bytes) -> EmailRecebido:
    kind = str(message.get_param("report-type", "")).lower()
    fields = _report_fields(message)
    original = _original(message)
    if kind == "delivery-status":
        status = fields.get("status", "")
        if fields.get("action", "failed").lower() != "failed" or status.startswith(("2", "4")):
            raise InboundIgnored("Aviso de entrega adiada ou feita: nada a suprimir.")
        address = fields.get("final-recipient") or fields.get("original-recipient") or ""
        tipo: Tipo = "bounce"
    elif kind == "feedback-report":
        address = fields.get("original-rcpt-to", "")
        tipo = "complaint"
    else:
        raise InboundIgnored("Relatório de um tipo que não tratamos.")
    if not address and original is not None:
        address = str(original.get("To", ""))
    return EmailRecebido(
        tipo=tipo,
        de=_required_address(address.rpartition(";")[2], "Final-Recipient"),
        para=_required_address(_report_target(message, original), "To"),
        assunto=str(message.get("Subject", ""))[:255],
        texto=fields.get("diagnostic-code", "")[:MAX_CARACTERES],
        message_id=_id_or_hash(message, raw),
        em_resposta_a=_one_id(str(original.get("Message-ID", ""))) if original else None,
    )


def _report_fields(message: EmailMessage) -> dict[str, str]:
    """The machine-readable part: blocks of fields, of which the last says most."""
    fields: dict[str, str] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in cast("list[Message[str, str]]", part.get_payload()):
                fields.update({name.lower(): str(value) for name, value in block.items()})
        elif kind == "message/feedback-report":
            text = part.get_payload()
            if isinstance(text, list):
                text = "".join(str(inner) for inner in text)
            block = email.message_from_string(str(text).lstrip())
            fields.update({name.lower(): str(value) for name, value in block.items()})
    return fields


def _original(message: EmailMessage) -> Message[Any, Any] | None:
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            return first if isinstance(first, Message) else None
        if part.get_content_type() == "text/rfc822-headers":
            return email.message_from_string(str(part.get_content()), policy=default)
    return None


def _report_target(message: EmailMessage, original: Message[Any, Any] | None) -> str:
    """Whose message came back: the sender of the original, else who the report is for."""
    if original is not None and original.get("From"):
        return str(original["From"])
    return str(message.get("To", ""))


def _recipient(message: EmailMessage) -> str:
    for name in ("Delivered-To", "X-Original-To", "To"):
        if message.get(name):
            return str(message[name]).partition(",")[0]
    return ""


def _body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content()) if part.get_content_charset() else _undeclared(part)
    except LookupError as error:
        raise InboundInvalid("A mensagem usa uma codificação desconhecida.") from error
    return words_of(content) if part.get_content_type() == "text/html" else content


def _undeclared(part: MIMEPart) -> str:
    """Text whose sender names no charset: UTF-8 where it is, else what any byte can be."""
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name) or ""
    if not isinstance(value, str):
        raise InboundInvalid(f"{name}: deve ser um texto.")
    return value.strip()


def _required_address(value: str, name: str) -> str:
    address = parseaddr(value.strip())[1].strip().lower()
    if "@" not in address or len(address) > 254:
        raise InboundInvalid(f"{name}: não é um endereço de e-mail.")
    return address


def _one_id(value: str) -> str | None:
    """The first id of a header, always in angle brackets."""
    found = _ID.search(value)
    if found is not None:
        return found.group()
    bare = value.strip()
    return f"<{bare}>" if bare and not re.search(r"[\s<>]", bare) else None


def _id_or_hash(message: EmailMessage, raw: bytes) -> str:
    found = _one_id(str(message.get("Message-ID", "")))
    return found or f"<{hashlib.sha256(raw).hexdigest()[:40]}@sem-id.invalid>"
