"""The e-mail twin as a server: real SMTP on 127.0.0.1, a list for a store."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from alquimista.prospeccao.disparos.canais import Envio
from alquimista.sandbox.canais import EmailCanal
from alquimista.sandbox.smtp_server import CartaRecebida, NotOurs, SmtpTwin, read
from alquimista_integrations.email.smtp import SmtpChannel
from alquimista_sdk.errors import NotFound, PermanentError, TransientError
from alquimista_sdk.models import Anexo

TENANT = UUID(int=1)
DISPARO = UUID(int=2)
LEAD = UUID(int=3)
ENVIO = Envio(
    tenant_id=TENANT,
    disparo_id=DISPARO,
    lead_id=LEAD,
    chave="t-l-c-topo-0",
    canal="email",
    remetente="vendas@aurora.example",
    remetente_nome="Aurora",
    destinatarios=("ana@cliente.example",),
    assunto="Redução de perdas",
    mensagem="Olá, Ana!\n\n.\nVamos conversar?",
    anexos=(
        Anexo(
            "convite.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR"
        ),
        Anexo("dados.pdf", "application/pdf", b"%PDF"),
    ),
    link_descadastro="http://127.0.0.1:8000/descadastro/x",
    em_resposta_a=None,
    modelo=None,
    agora=datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC),
)
HEADERS = {
    "X-Alquimista-Tenant": str(TENANT),
    "X-Alquimista-Disparo": str(DISPARO),
    "X-Alquimista-Lead": str(LEAD),
}


@contextmanager
def twin(store: Callable[[CartaRecebida], None]) -> Iterator[SmtpTwin]:
    """A running twin."""
    server = SmtpTwin(store)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class SandboxEmail(EmailCanal):
    """The channel as the sandbox has it, without a letter box to look into."""

    @property
    def sandbox(self) -> bool:
        """The twin's headers are added."""
        return True


def canal(server: SmtpTwin) -> EmailCanal:
    """A channel to the twin."""
    return SandboxEmail(SmtpChannel("127.0.0.1", server.port, timeout=5))


def test_what_the_sender_says_arrives_whole() -> None:
    kept: list[CartaRecebida] = []
    with twin(kept.append) as server:
        provider_id = canal(server).send(ENVIO)
    (carta,) = kept
    assert (carta.tenant_id, carta.disparo_id, carta.lead_id) == (TENANT, DISPARO, LEAD)
    assert (carta.remetente, carta.destinatarios) == (ENVIO.remetente, ENVIO.destinatarios)
    assert (carta.assunto, carta.mensagem) == (ENVIO.assunto, ENVIO.mensagem)
    assert (carta.provider_id, carta.enviada_em) == (provider_id, ENVIO.agora)
    assert carta.cabecalhos["List-Unsubscribe"] == f"<{ENVIO.link_descadastro}>"
    convite, pdf = carta.anexos
    assert (convite["nome"], convite["metodo"]) == ("convite.ics", "REQUEST")
    assert convite["texto"].splitlines()[0] == "BEGIN:VCALENDAR"
    assert pdf == {"nome": "dados.pdf", "tipo": "application/pdf", "tamanho": 4}


def test_a_message_to_several_people_is_one_letter() -> None:
    kept: list[CartaRecebida] = []
    with twin(kept.append) as server:
        people = ("a@aurora.example", "b@aurora.example")
        canal(server).send(replace(ENVIO, destinatarios=people, lead_id=None))
    (carta,) = kept
    assert carta.destinatarios == people
    assert carta.lead_id is None


def test_a_real_channel_never_tells_the_tenant() -> None:
    kept: list[CartaRecebida] = []
    with twin(kept.append) as server, pytest.raises(PermanentError):
        EmailCanal(SmtpChannel("127.0.0.1", server.port, timeout=5)).send(ENVIO)
    assert kept == []


def test_a_real_mail_server_cannot_be_asked() -> None:
    real = EmailCanal(SmtpChannel("127.0.0.1", 1))
    assert (real.sandbox, real.lookup(ENVIO)) == (False, ("desconhecido", None))


def _failing(error: Exception) -> Callable[[CartaRecebida], None]:
    def store(_: CartaRecebida) -> None:
        raise error

    return store


def test_a_store_that_is_down_is_worth_another_try() -> None:
    down = OperationalError("INSERT", {}, Exception("server closed"))
    with twin(_failing(down)) as server, pytest.raises(TransientError, match="451"):
        canal(server).send(ENVIO)


def test_a_fault_of_ours_is_worth_another_try() -> None:
    with twin(_failing(KeyError("x"))) as server, pytest.raises(TransientError, match="451"):
        canal(server).send(ENVIO)


def test_a_tenant_that_is_none_is_refused_for_good() -> None:
    store = _failing(NotFound("no such tenant"))
    with twin(store) as server, pytest.raises(PermanentError, match="550"):
        canal(server).send(ENVIO)


@pytest.mark.parametrize("tenant", ["", "X-Alquimista-Tenant: nenhum\r\n"])
def test_a_letter_of_no_tenant_is_not_ours(tenant: str) -> None:
    with pytest.raises(NotOurs):
        read(f"From: a@x.example\r\n{tenant}\r\nOi\r\n".encode(), ("b@y.example",))


def test_a_letter_without_id_or_date_is_kept_all_the_same() -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    carta = read(f"From: a@x.example\r\n{head}\r\nOi\x00\r\n".encode(), ("b@y.example",))
    assert carta.mensagem == "Oi"
    assert carta.enviada_em is None
    assert carta.provider_id.startswith("<") and carta.provider_id.endswith(">")


@pytest.mark.parametrize("charset", ["iso-8859-1", "x-desconhecido"])
def test_a_letter_in_any_charset_is_kept(charset: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    kind = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n"
    text = "Até já".encode("iso-8859-1" if charset == "iso-8859-1" else "utf-8")
    carta = read(f"{head}{kind}\r\n".encode() + text + b"\r\n", ("b@y.example",))
    assert carta.mensagem == "Até já"


def test_a_taken_port_is_told_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = SmtpTwin(lambda _: None, port=int(taken.getsockname()[1]))
        with pytest.raises(OSError, match="in use"):
            server.start()
        server.stop()


def test_stopping_ends_open_connections() -> None:
    with twin(lambda _: None) as server:
        port = server.port
        client = socket.create_connection(("127.0.0.1", port))
        assert client.recv(100).startswith(b"220")
    with client:
        client.settimeout(5)
        assert client.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
