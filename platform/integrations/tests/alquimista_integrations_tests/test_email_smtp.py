"""Handing mail to real SMTP servers on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alquimista_integrations.email.smtp import SmtpChannel
from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_integrations_tests.servers import closed_port, scripted_tcp
from alquimista_integrations_tests.test_email_message import CONVITE, DADOS
from alquimista_sdk.errors import PermanentError, TransientError


class Mailbox:
    """Keeps envelopes; answers as told."""

    def __init__(self, data: str = "250 OK", refuse: tuple[str, ...] = ()) -> None:
        self.envelopes: list[Envelope] = []
        self._data = data
        self._refuse = refuse

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._refuse:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return self._data


@contextmanager
def serving(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """An SMTP server with that mailbox; answers its port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=closed_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def channel(port: int, **options: Any) -> SmtpChannel:
    """A channel to this machine that gives up soon."""
    return SmtpChannel("127.0.0.1", port, timeout=2.0, **options)


def test_the_server_gets_the_message_and_we_get_its_id() -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        found = channel(port).send(replace(DADOS, anexos=(CONVITE,)))
    (envelope,) = mailbox.envelopes
    assert envelope.mail_from == "vendas@aurora.example"
    assert envelope.rcpt_tos == ["ana@cliente.example"]
    assert isinstance(envelope.content, bytes)
    assert f"Message-ID: {found}".encode() in envelope.content
    assert b"method=" in envelope.content


def test_a_line_with_one_dot_does_not_end_the_message() -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        channel(port).send(replace(DADOS, texto="antes\n.\ndepois\n"))
    content = mailbox.envelopes[0].content
    assert isinstance(content, bytes) and b"\r\n.\r\ndepois" in content


def test_a_refused_text_is_final() -> None:
    with serving(Mailbox("554 5.7.1 spam")) as port, pytest.raises(PermanentError, match="554"):
        channel(port).send(DADOS)


def test_a_postponed_text_is_worth_another_try() -> None:
    with serving(Mailbox("451 4.3.0 later")) as port, pytest.raises(TransientError) as caught:
        channel(port).send(DADOS)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_an_unknown_mailbox_is_final() -> None:
    mailbox = Mailbox(refuse=DADOS.destinatarios)
    with serving(mailbox) as port, pytest.raises(PermanentError, match="550"):
        channel(port).send(DADOS)
    assert mailbox.envelopes == []


def test_one_bad_address_does_not_keep_the_message_from_the_others() -> None:
    mailbox = Mailbox(refuse=("saiu@aurora.example",))
    with serving(mailbox) as port:
        channel(port).send(replace(DADOS, destinatarios=("saiu@aurora.example", "b@x.example")))
    assert mailbox.envelopes[0].rcpt_tos == ["b@x.example"]


def test_nobody_there_is_transient() -> None:
    with pytest.raises(TransientError) as caught:
        channel(closed_port()).send(DADOS)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_message_to_nobody_is_refused() -> None:
    with pytest.raises(PermanentError):
        channel(closed_port()).send(replace(DADOS, destinatarios=()))


def _dialogue(connection: socket.socket, after_data: bytes | None) -> None:
    """Speak SMTP up to the end of the text, then answer so, or hang up."""
    stream = connection.makefile("rb")
    connection.sendall(b"220 x\r\n")
    for line in stream:
        if line.upper().startswith(b"DATA"):
            break
        connection.sendall(b"250 OK\r\n")
    connection.sendall(b"354 go\r\n")
    for line in stream:
        if line == b".\r\n":
            break
    if after_data is not None:
        connection.sendall(after_data)
    stream.close()


def test_a_server_that_hangs_up_after_the_text_leaves_the_outcome_unknown() -> None:
    with (
        scripted_tcp(lambda connection: _dialogue(connection, None)) as port,
        pytest.raises(OutcomeUnknown) as caught,
    ):
        channel(port).send(DADOS)
    assert caught.value.outcome_unknown is True


def test_an_answer_that_nobody_can_read_leaves_the_outcome_unknown() -> None:
    def script(connection: socket.socket) -> None:
        _dialogue(connection, b"??? what\r\n")

    with scripted_tcp(script) as port, pytest.raises(OutcomeUnknown):
        channel(port).send(DADOS)


def test_a_server_that_hangs_up_after_accepting_has_the_message() -> None:
    with scripted_tcp(lambda connection: _dialogue(connection, b"250 kept\r\n")) as port:
        assert channel(port).send(DADOS).startswith("<")


def test_a_busy_greeting_is_transient() -> None:
    with (
        scripted_tcp(lambda connection: connection.sendall(b"421 busy\r\n")) as port,
        pytest.raises(TransientError, match="421"),
    ):
        channel(port).send(DADOS)


def test_a_server_without_tls_is_never_given_the_password() -> None:
    with serving(Mailbox()) as port, pytest.raises(PermanentError):
        channel(port, starttls=True, user="u", password="p").send(DADOS)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_wrong_credentials_are_final_and_right_ones_pass() -> None:
    mailbox = Mailbox()

    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = data.login == b"aurora" and data.password == b"certa"
        return AuthResult(success=right, handled=False)

    options = {"authenticator": check, "auth_require_tls": False, "auth_required": True}
    with serving(mailbox, **options) as port:
        with pytest.raises(PermanentError, match="535"):
            channel(port, user="aurora", password="errada").send(DADOS)
        channel(port, user="aurora", password="certa").send(DADOS)
    assert len(mailbox.envelopes) == 1


def test_an_accented_address_needs_a_server_that_takes_it() -> None:
    dados = replace(DADOS, destinatarios=("joão@cliente.example",))
    with serving(Mailbox(), enable_SMTPUTF8=False) as port, pytest.raises(PermanentError):
        channel(port).send(dados)
    mailbox = Mailbox()
    with serving(mailbox, enable_SMTPUTF8=True) as port:
        channel(port).send(dados)
    assert mailbox.envelopes[0].rcpt_tos == ["joão@cliente.example"]


class Counting(Mailbox):
    """Also counts the sessions that were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: set[int] = set()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        self.sessions.add(id(session))
        session.host_name = hostname
        return said


def test_messages_that_follow_each_other_share_a_session() -> None:
    mailbox = Counting()
    with serving(mailbox) as port:
        smtp = channel(port, keep=30.0)
        for chave in ("a", "b", "c"):
            smtp.send(replace(DADOS, chave=chave))
    assert (len(mailbox.envelopes), len(mailbox.sessions)) == (3, 1)


def test_without_keeping_each_message_has_its_own_session() -> None:
    mailbox = Counting()
    with serving(mailbox) as port:
        smtp = channel(port)
        for chave in ("a", "b"):
            smtp.send(replace(DADOS, chave=chave))
    assert len(mailbox.sessions) == 2


def test_a_kept_session_that_the_server_dropped_is_replaced_and_nothing_goes_twice() -> None:
    first, second = Mailbox(), Mailbox()
    with serving(first) as port:
        smtp = channel(port, keep=30.0)
        smtp.send(DADOS)
    controller = Controller(second, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        smtp.send(replace(DADOS, chave="outra"))
    finally:
        controller.stop()
    assert (len(first.envelopes), len(second.envelopes)) == (1, 1)


def test_a_refused_mailbox_over_a_kept_session_is_final() -> None:
    mailbox = Mailbox(refuse=("ana@cliente.example",))
    with serving(mailbox) as port:
        smtp = channel(port, keep=30.0)
        smtp.send(replace(DADOS, destinatarios=("bia@cliente.example",)))
        with pytest.raises(PermanentError, match="550"):
            smtp.send(replace(DADOS, chave="outra"))
        smtp.send(replace(DADOS, chave="mais", destinatarios=("bia@cliente.example",)))
    assert len(mailbox.envelopes) == 2
