"""Handing an e-mail over by SMTP (RFC 5321), once, and saying truly what became of it."""

from __future__ import annotations

import logging
import smtplib
import ssl
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from time import monotonic

from alquimista_integrations.email.message import EmailMessageData, build
from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_sdk.errors import AlquimistaError, PermanentError, TransientError

logger = logging.getLogger(__name__)


class SmtpChannel:
    """A mail server. ``timeout`` in seconds, for the connection and for each answer.

    A session is used again for messages that follow within ``keep`` seconds (RFC 5321, section 3.3
    allows any number of them). Servers drop idle sessions: one that turns out dropped before the
    text was handed over is replaced, and the message goes over the new one.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str | None = None,
        password: str | None = None,
        starttls: bool = False,
        timeout: float = 20.0,
        keep: float = 0.0,
    ) -> None:
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._starttls = starttls
        self._timeout = timeout
        self._keep = keep
        self._idle: deque[tuple[smtplib.SMTP, float]] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def send(self, dados: EmailMessageData) -> str:
        """Send and answer the Message-ID, with its angle brackets.

        Raises:
            TransientError: the server cannot be reached or answered 4xx: surely not sent.
            OutcomeUnknown: the connection broke after the text had been handed over.
            PermanentError: the server answered 5xx, or the message cannot be written.
        """
        if not dados.destinatarios:
            raise PermanentError("A mensagem não tem destinatário.", code="sem_destinatario")
        message = build(dados)
        smtp = self._opened(dados)
        with _closed_on_failure(smtp):
            self._data(smtp, message)
            self._put_back(smtp)
        return str(message["Message-ID"])

    def _opened(self, dados: EmailMessageData) -> smtplib.SMTP:
        """A session that has taken the envelope and waits for the text."""
        while (kept := self._kept()) is not None:
            try:
                return self._enveloped(kept, dados)
            except TransientError as error:
                logger.debug("a kept session was of no use", extra={"error": str(error)})
        return self._enveloped(self._connect(), dados)

    def _enveloped(self, smtp: smtplib.SMTP, dados: EmailMessageData) -> smtplib.SMTP:
        with _closed_on_failure(smtp):
            self._envelope(smtp, dados, self._options(smtp, dados))
        return smtp

    def _kept(self) -> smtplib.SMTP | None:
        """A session that was used just now; several threads never get the same one."""
        while True:
            try:
                smtp, since = self._idle.pop()
            except IndexError:
                return None
            if monotonic() - since < self._keep:
                return smtp
            smtp.close()

    def _put_back(self, smtp: smtplib.SMTP) -> None:
        if self._keep > 0:
            self._idle.append((smtp, monotonic()))
            return
        _quit(smtp)
        smtp.close()

    def _connect(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP(timeout=self._timeout)
        with _closed_on_failure(smtp), _reachable():
            code, _ = smtp.connect(self._host, self._port)
            if code != 220:
                raise _refused("conexão", code)
            smtp.ehlo_or_helo_if_needed()
            if self._starttls:
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if self._user is not None:
                smtp.login(self._user, self._password or "")
        return smtp

    def _options(self, smtp: smtplib.SMTP, dados: EmailMessageData) -> list[str]:
        if all(endereco.isascii() for endereco in (dados.remetente, *dados.destinatarios)):
            return []
        if not smtp.has_extn("smtputf8"):
            raise PermanentError(
                "O servidor de e-mail não aceita endereços com acentos.", code="smtputf8"
            )
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _envelope(self, smtp: smtplib.SMTP, dados: EmailMessageData, options: list[str]) -> None:
        with _reachable():
            code, _ = smtp.mail(dados.remetente, options)
            if code != 250:
                raise _refused("remetente", code)
            refused = []
            for endereco in dados.destinatarios:
                code, _ = smtp.rcpt(endereco)
                if code not in (250, 251):
                    refused.append(code)
        if len(refused) == len(dados.destinatarios):
            raise _refused("destinatário", min(refused))
        if refused:
            logger.warning("some recipients were refused", extra={"count": len(refused)})

    def _data(self, smtp: smtplib.SMTP, message: EmailMessage) -> None:
        text = message.as_bytes()
        try:
            code, _ = smtp.data(text)
        except smtplib.SMTPDataError as error:
            raise _refused("conteúdo", error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown("SMTP: conexão perdida após a entrega do conteúdo") from error
        if code < 0:
            raise OutcomeUnknown("SMTP: resposta ilegível após a entrega do conteúdo")
        if code != 250:
            raise _refused("conteúdo", code)


@contextmanager
def _closed_on_failure(smtp: smtplib.SMTP) -> Iterator[None]:
    """A session that failed, or was interrupted, is not used again."""
    try:
        yield
    except BaseException:
        smtp.close()
        raise


@contextmanager
def _reachable() -> Iterator[None]:
    """Map what happens before the text is handed over: the message was surely not sent."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise PermanentError("SMTP: o servidor não oferece o que foi pedido") from error
    except smtplib.SMTPResponseException as error:
        raise _refused("sessão", error.smtp_code) from error
    except ssl.SSLCertVerificationError as error:
        raise PermanentError("SMTP: o certificado do servidor não é válido") from error
    except UnicodeEncodeError as error:
        raise PermanentError("SMTP: um endereço não pode ser transmitido") from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(f"SMTP: sem conexão ({type(error).__name__})") from error


def _refused(etapa: str, code: int) -> AlquimistaError:
    kind = TransientError if 400 <= code < 500 or code < 0 else PermanentError
    return kind(f"SMTP: {etapa} recusado(a) com {code}", code=f"smtp_{code}")


def _close_all(sessions: deque[tuple[smtplib.SMTP, float]]) -> None:
    while sessions:
        sessions.pop()[0].close()


def _quit(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError) as error:
        # The text was accepted before: an error of the farewell must not make it sent twice.
        logger.debug("server closed before the farewell", extra={"error": str(error)})
