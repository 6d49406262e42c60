"""Building an e-mail (RFC 5322) from data; nothing in the data can add a header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Anexo

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MESSAGE_ID = re.compile(r"^<[^<>\s@]+@[^<>\s@]+>$")
_LINK = re.compile(r"^https?://[^\s<>\"]+$")
_PLAIN = re.compile(r"[\x20-\x7e]{0,900}")
_AS_WRITTEN = frozenset(
    (
        *("date", "message-id", "in-reply-to", "references"),
        *("list-unsubscribe", "list-unsubscribe-post", "mime-version"),
    )
)
_METHOD = re.compile(rb"^METHOD:([A-Za-z]+)\s*$", re.MULTILINE)


class EmailInvalid(PermanentError):
    """The message cannot be written as an e-mail; the text says which part is wrong."""

    code = "email_invalido"


@dataclass(frozen=True, slots=True)
class EmailMessageData:
    """One e-mail. ``chave`` is the idempotency key that the Message-ID is made of.

    ``data`` is the Date header; ``cabecalhos`` are further headers, names starting with ``X-``.
    """

    remetente: str
    destinatarios: tuple[str, ...]
    assunto: str
    texto: str
    chave: str
    data: datetime
    remetente_nome: str = ""
    anexos: tuple[Anexo, ...] = ()
    link_descadastro: str | None = None
    em_resposta_a: str | None = None
    cabecalhos: Mapping[str, str] = field(default_factory=dict)


class _Encoded(str):
    """A header as it goes over the wire: encoded words (RFC 2047), folded with line feeds."""


class _Plain(EmailPolicy):
    """Takes a header of plain ASCII as it is written: neither parsed nor folded.

    Others are parsed and folded as ``email.policy.SMTP`` does it. Lines may have 998 characters
    (RFC 5322, section 2.1.1).
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if isinstance(value, _Encoded):
            return name, str(value)
        ours = name.lower() in _AS_WRITTEN or name.startswith("X-")
        if ours and isinstance(value, str) and _PLAIN.fullmatch(value) and "=?" not in value:
            return name, value
        stored: tuple[str, Any] = super().header_store_parse(name, value)
        return stored

    def header_max_count(self, name: str) -> int | None:
        return None if name.startswith("X-") else 1


_ASCII = _Plain(linesep="\r\n", refold_source="none")
_UTF8 = _ASCII.clone(utf8=True)


def message_id(chave: str, remetente: str) -> str:
    """The Message-ID of an idempotency key, in angle brackets: the same for every attempt.

    The key names tenant and lead, so only its hash travels.
    """
    dominio = remetente.rpartition("@")[2] or "localhost"
    digest = hashlib.sha256(chave.encode()).hexdigest()[:40]
    return f"<{digest}@{_ascii_domain(dominio)}>"


def build(dados: EmailMessageData) -> EmailMessage:
    """Write the message: text/plain, an invitation as alternative part, other files attached.

    List-Unsubscribe follows RFC 2369 and one-click RFC 8058; the invitation RFC 6047.

    Raises:
        EmailInvalid: an address, id, link or header cannot be written.
    """
    enderecos = (dados.remetente, *dados.destinatarios)
    utf8 = not all(endereco.isascii() for endereco in enderecos)
    message = EmailMessage(policy=_UTF8 if utf8 else _ASCII)
    sender = _address(dados.remetente, dados.remetente_nome)
    message["From"] = sender if utf8 else _Encoded(_named(sender))
    message["To"] = [_address(endereco) for endereco in dados.destinatarios]
    subject = _line(dados.assunto)
    message["Subject"] = subject if utf8 else _Encoded(_words(subject, "Subject"))
    message["Date"] = format_datetime(dados.data)
    message["Message-ID"] = message_id(dados.chave, dados.remetente)
    if dados.em_resposta_a is not None:
        if not _MESSAGE_ID.match(dados.em_resposta_a):
            raise EmailInvalid("O identificador da mensagem respondida não é válido.")
        message["In-Reply-To"] = dados.em_resposta_a
        message["References"] = dados.em_resposta_a
    if dados.link_descadastro is not None:
        if not _LINK.match(dados.link_descadastro):
            raise EmailInvalid("O endereço de descadastro não é válido.")
        message["List-Unsubscribe"] = f"<{dados.link_descadastro}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for nome, valor in dados.cabecalhos.items():
        if not nome.startswith("X-") or not nome.isascii():
            raise EmailInvalid("Só cabeçalhos X- podem ser acrescentados.")
        message[nome] = _line(valor)
    message.set_content(dados.texto)
    for anexo in sorted(dados.anexos, key=lambda a: not _is_invitation(a)):
        _attach(message, anexo)
    return message


def _attach(message: EmailMessage, anexo: Anexo) -> None:
    nome = _line(anexo.nome)
    if _is_invitation(anexo):
        found = _METHOD.search(anexo.conteudo)
        params = {"method": found.group(1).decode().upper() if found else "PUBLISH", "name": nome}
        message.add_alternative(anexo.conteudo.decode("utf-8"), subtype="calendar", params=params)
        return
    maintype, _, subtype = anexo.tipo_mime.partition(";")[0].strip().partition("/")
    if not maintype or not subtype:
        maintype, subtype = "application", "octet-stream"
    message.add_attachment(anexo.conteudo, maintype=maintype, subtype=subtype, filename=nome)


def _is_invitation(anexo: Anexo) -> bool:
    return anexo.tipo_mime.partition(";")[0].strip().lower() == "text/calendar"


def _address(endereco: str, nome: str = "") -> Address:
    usuario, _, dominio = endereco.rpartition("@")
    if _CONTROL.search(endereco) or not usuario or not dominio or " " in endereco:
        raise EmailInvalid("Um dos endereços de e-mail não é válido.")
    try:
        return Address(_line(nome), username=usuario, domain=_ascii_domain(dominio))
    except (ValueError, IndexError) as error:
        raise EmailInvalid("Um dos endereços de e-mail não é válido.") from error


def _words(texto: str, header: str) -> str:
    """Plain ASCII as it is, anything else as encoded words."""
    if _PLAIN.fullmatch(texto) and "=?" not in texto:
        return texto
    return Header(texto, "utf-8", header_name=header).encode()


def _named(address: Address) -> str:
    """``name <address>``; a name of plain ASCII is quoted where its characters ask for it."""
    if address.display_name.isascii() and "=?" not in address.display_name:
        return str(address)
    return f"{_words(address.display_name, 'From')} <{address.addr_spec}>"


def _ascii_domain(dominio: str) -> str:
    if dominio.isascii():
        return dominio
    try:
        return dominio.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise EmailInvalid("O domínio de um endereço de e-mail não é válido.") from error


def _line(texto: str) -> str:
    """One line: a line break in a name or subject must not start a header."""
    return _CONTROL.sub(" ", texto).strip()
