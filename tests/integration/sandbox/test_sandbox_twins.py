"""The twins on a real database: once per key, each tenant its own, in order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.db.session import Database
from alquimista.prospeccao.disparos.canais import Envio
from alquimista.sandbox.calendario import SandboxCalendario
from alquimista.sandbox.canais import EmailCanal, WhatsAppSandboxCanal
from alquimista.sandbox.service import NovaMensagem, messages, record
from alquimista.sandbox.smtp import SandboxSmtp
from alquimista.sandbox.whatsapp import SandboxWhatsApp
from alquimista_integrations.calendar.port import NovoEvento
from alquimista_integrations.email.smtp import SmtpChannel
from alquimista_sdk.errors import PermanentError
from tests.conftest import TestTenant

AGORA = datetime(2026, 11, 23, 12, 30, 15, tzinfo=UTC)
LEAD = UUID(int=7)


def envio(tenant_id: UUID, **changes: Any) -> Envio:
    """An e-mail to a lead."""
    base = Envio(
        tenant_id=tenant_id,
        disparo_id=uuid4(),
        lead_id=LEAD,
        chave=f"{tenant_id}-chave",
        canal="email",
        remetente="vendas@aurora.example",
        remetente_nome="Aurora",
        destinatarios=("ana@cliente.example",),
        assunto="Redução de perdas",
        mensagem="Olá, Ana!",
        anexos=(),
        link_descadastro=None,
        em_resposta_a=None,
        modelo=None,
        agora=AGORA,
    )
    return replace(base, **changes)


@pytest.fixture
def email(database: Database) -> Iterator[EmailCanal]:
    """The sandbox's e-mail channel with its server."""
    server = SandboxSmtp(database)
    server.start()
    yield EmailCanal(SmtpChannel("127.0.0.1", server.port), database)
    server.stop()


def kept(database: Database, tenant: TestTenant) -> list[tuple[str, str, str]]:
    """What lies in a tenant's letter box."""
    with database.unit_of_work(tenant.id) as uow:
        return [(m.canal, m.destinatario, m.mensagem) for m in messages(uow, None, 100, None)]


def test_an_email_sent_twice_is_one_letter(
    email: EmailCanal, database: Database, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    sent = envio(tenant.id)
    assert email.lookup(sent) == ("nao_enviado", None)
    provider_id = email.send(sent)
    assert email.send(sent) == provider_id
    assert email.lookup(sent) == ("enviado", provider_id)
    assert kept(database, tenant) == [("email", "ana@cliente.example", "Olá, Ana!")]
    assert kept(database, other_tenant) == []
    with database.unit_of_work(tenant.id) as uow:
        (row,) = messages(uow, None, 10, LEAD)
        assert messages(uow, None, 10, UUID(int=8)) == []
    assert (row.created_at, row.provider_id, row.disparo_id, row.lead_id) == (
        AGORA,
        provider_id,
        sent.disparo_id,
        LEAD,
    )


def test_each_recipient_has_a_letter(
    email: EmailCanal, database: Database, tenant: TestTenant
) -> None:
    email.send(envio(tenant.id, destinatarios=("a@x.example", "b@x.example"), lead_id=None))
    assert [m[1] for m in kept(database, tenant)] == ["a@x.example", "b@x.example"]


def test_a_tenant_that_is_none_gets_nothing(email: EmailCanal, tenant: TestTenant) -> None:
    with pytest.raises(PermanentError, match="550"):
        email.send(envio(uuid4()))


def test_two_tenants_may_use_one_key(
    database: Database, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    canal = WhatsAppSandboxCanal(SandboxWhatsApp(database))
    for one in (tenant, other_tenant, tenant):
        sent = envio(one.id, canal="whatsapp", destinatarios=("+5511987654321",), chave="k")
        provider_id = canal.send(sent)
        assert canal.lookup(sent) == ("enviado", provider_id)
    assert len(kept(database, tenant)) == len(kept(database, other_tenant)) == 1
    assert canal.lookup(envio(tenant.id, chave="outra")) == ("nao_enviado", None)


def test_who_reads_on_from_the_last_number_misses_nothing(
    database: Database, tenant: TestTenant
) -> None:
    def post(number: int) -> None:
        with database.unit_of_work(tenant.id) as uow:
            record(uow, NovaMensagem("email", "a", "b", str(number), f"<{number}@x>"))

    seen: list[str] = []
    last = 0
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(post, number) for number in range(60)]
        while len(seen) < 60:
            with database.unit_of_work(tenant.id) as uow:
                for row in messages(uow, last, 7, None):
                    last = row.ordem
                    seen.append(row.mensagem)
            if all(f.done() for f in running) and len(seen) < 60:
                with database.unit_of_work(tenant.id) as uow:
                    assert messages(uow, last, 1, None), "a message was passed over"
        for future in running:
            future.result()
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


def event(event_id: str, minutes: int = 0) -> NovoEvento:
    """Half an hour, some minutes after the first."""
    inicio = AGORA + timedelta(minutes=minutes)
    return NovoEvento("principal", event_id, "Conversa", "", inicio, inicio + timedelta(minutes=30))


def test_an_event_is_made_once_and_its_span_is_taken(
    database: Database, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    calendar = SandboxCalendario(database, tenant.id)
    assert calendar.create_event(event("aaaaa")) == {
        "event_id": "aaaaa",
        "criado": True,
        "conflito": False,
    }
    assert calendar.create_event(event("aaaaa"))["criado"] is False
    assert calendar.create_event(event("bbbbb", 15))["conflito"] is True
    assert calendar.create_event(event("ccccc", 30))["criado"] is True
    assert SandboxCalendario(database, other_tenant.id).create_event(event("bbbbb"))["criado"]
    assert calendar.availability("principal", AGORA, AGORA + timedelta(minutes=30)) == [
        {"inicio": "2026-11-23T12:30:15Z", "fim": "2026-11-23T13:00:15Z"}
    ]
    assert calendar.cancel_event("principal", "aaaaa") is True
    assert calendar.cancel_event("principal", "aaaaa") is False
    assert calendar.create_event(event("bbbbb"))["criado"] is True


def test_of_many_who_want_one_span_one_gets_it(database: Database, tenant: TestTenant) -> None:
    calendar = SandboxCalendario(database, tenant.id)
    ids = [f"evento{i}" for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: calendar.create_event(event(i)), ids))
    assert sum(a["criado"] for a in answers) == 1
    assert sum(a["conflito"] for a in answers) == 7
