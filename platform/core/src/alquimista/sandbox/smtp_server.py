"""A real SMTP server that keeps what it is given; the store is the caller's."""

from __future__ import annotations

import asyncio
import email
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from alquimista_sdk.errors import PermanentError

logger = logging.getLogger(__name__)
TENANT = "X-Alquimista-Tenant"
DISPARO = "X-Alquimista-Disparo"
LEAD = "X-Alquimista-Lead"
_START_SECONDS = 10.0
_HOSTNAME = "sandbox.alquimista.example"


class NotOurs(PermanentError):
    """The message names no tenant: only the platform's own sender may post here."""

    code = "sem_tenant"


@dataclass(frozen=True, slots=True)
class CartaRecebida:
    """An e-mail as it came over the wire."""

    tenant_id: UUID
    remetente: str
    destinatarios: tuple[str, ...]
    assunto: str
    mensagem: str
    cabecalhos: Mapping[str, str]
    anexos: tuple[Mapping[str, Any], ...]
    provider_id: str
    disparo_id: UUID | None
    lead_id: UUID | None
    enviada_em: datetime | None


Store = Callable[[CartaRecebida], None]


def read(raw: bytes, destinatarios: tuple[str, ...]) -> CartaRecebida:
    """Take a message apart.

    Raises:
        NotOurs: the tenant's header is missing or no UUID.
    """
    message = email.message_from_bytes(raw)
    items = [(name, _clean(_decoded(str(value)))) for name, value in message.raw_items()]
    headers = {name.lower(): value for name, value in reversed(items)}
    tenant_id = _uuid(headers, TENANT)
    if tenant_id is None:
        raise NotOurs("the message names no tenant")
    parts = [part for part in message.walk() if not part.is_multipart()]
    return CartaRecebida(
        tenant_id=tenant_id,
        remetente=parseaddr(headers.get("from", ""))[1],
        destinatarios=destinatarios,
        assunto=headers.get("subject", ""),
        mensagem=next((_text(part).rstrip("\n") for part in parts if _is_body(part)), ""),
        cabecalhos=dict(items),
        anexos=tuple(_attachment(part) for part in parts if _is_attached(part)),
        provider_id=headers.get("message-id", "").strip() or _hash_id(raw),
        disparo_id=_uuid(headers, DISPARO),
        lead_id=_uuid(headers, LEAD),
        enviada_em=_date(headers.get("date")),
    )


class SmtpTwin:
    """Serves on ``host``; port 0 means any free one, and ``port`` says which after ``start``."""

    def __init__(self, store: Store, host: str = "127.0.0.1", port: int = 0) -> None:
        self._store = store
        self._host = host
        self.port = port
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox-smtp", daemon=True)

    def start(self) -> None:
        """Serve from a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise OSError("the SMTP twin did not start")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop serving; a message that was not answered yet is its sender's to reconcile."""
        if self._loop is not None and self._ended is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        handler = _Handler(self._store)
        try:
            server = await self._loop.create_server(
                lambda: SMTP(handler, hostname=_HOSTNAME, enable_SMTPUTF8=True),
                self._host,
                self.port,
            )
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._ended.wait()


class _Handler:
    """Answers 250 only after the store has kept the message."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        try:
            carta = read(raw, tuple(envelope.rcpt_tos))
            await asyncio.to_thread(self._store, carta)
        except PermanentError as error:
            logger.warning("the twin refused a message", extra={"code": error.code})
            return "550 5.7.1 refused"
        except SQLAlchemyError as error:
            logger.warning("the twin cannot keep a message", extra={"error": type(error).__name__})
            return "451 4.3.0 try again later"
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:
        logger.error("the twin failed", exc_info=error)
        return "451 4.3.0 try again later"


def _is_body(part: Message) -> bool:
    return part.get_content_type() == "text/plain" and not _is_attached(part)


def _is_attached(part: Message) -> bool:
    named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
    return named or part.get_content_type() == "text/calendar"


def _attachment(part: Message) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "nome": _clean(_decoded(part.get_filename() or "")),
        "tipo": part.get_content_type(),
        "tamanho": len(_content(part)),
    }
    if part.get_content_type() == "text/calendar":
        found["metodo"] = str(part.get_param("method", ""))
        found["texto"] = _text(part)
    return found


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    content = _content(part)
    try:
        return _clean(content.decode(part.get_content_charset("utf-8"), "replace"))
    except LookupError:
        return _clean(content.decode("utf-8", "replace"))


def _uuid(headers: Mapping[str, str], name: str) -> UUID | None:
    value = headers.get(name.lower())
    if value is None:
        return None
    try:
        return UUID(value.strip())
    except ValueError as error:
        raise NotOurs(f"{name} is no id") from error


def _date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _decoded(value: str) -> str:
    """A header without its folding, encoded words (RFC 2047) and UTF-8 (RFC 6532) read."""
    unfolded = value.replace("\r", "").replace("\n", "")
    if not unfolded.isascii():
        unfolded = unfolded.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" not in unfolded:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (UnicodeError, LookupError, HeaderParseError):
        return unfolded


def _clean(value: str) -> str:
    """Line ends as they were before the wire; PostgreSQL keeps no NUL."""
    return value.replace("\r\n", "\n").replace("\x00", "")


def _hash_id(raw: bytes) -> str:
    return f"<{hashlib.sha256(raw).hexdigest()[:40]}@{_HOSTNAME}>"
