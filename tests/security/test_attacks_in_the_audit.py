"""Attacks that a person would want to know of are in the audit, however often they are repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from alquimista.plataforma.audit.seldom import POR_CONTA
from alquimista.plataforma.audit.verify import verify
from tests.database import Server
from tests.integration.api.test_webhooks import OURS, deliver, email, text_message, whatsapp
from tests.integration.api.world import another_tenant, assert_error, audited, open_way
from tests.integration.conftest import Way
from tests.security.test_attacks import workbook

SUSPEITA = "requisicao.suspeita"
REPETIDA = "mensagem.repetida"
HORA = timedelta(hours=1, minutes=1)


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("atacada")) as way:
        yield way


@pytest.fixture
def conta(mundo: Way) -> Way:
    """An account of this test alone."""
    return another_tenant(mundo.system, f"Alvo {uuid4().hex[:6]}")


def post(way: Way, key: str, body: Any) -> TestResponse:
    """A POST with an idempotency key."""
    return way.response("POST", "/api/leads", body, headers={"Idempotency-Key": key})


def lead(way: Way) -> dict[str, Any]:
    """A lead with both channels."""
    digits = str(uuid4().int)[:8]
    sent = {
        "empresa": f"Alvo {digits}",
        "email": f"compras@a{digits}.com.br",
        "telefone": f"(11) 9{digits[:4]}-{digits[4:]}",
    }
    way.call("POST", "/api/leads", sent, status=202)
    way.drain()
    [found] = way.call("GET", f"/api/leads?email={sent['email']}")["itens"]
    return dict(found)


def of(way: Way, action: str, item: dict[str, Any]) -> list[Any]:
    """The entries of an action about one lead."""
    return [entry for entry in audited(way, action) if str(entry.alvo_id) == item["id"]]


def test_a_key_used_again_with_another_body_is_in_the_audit_once_an_hour(conta: Way) -> None:
    secret = "chave-de-ana@empresa.com.br"
    sent = {"empresa": "Uma", "email": "uma@empresa.com.br"}
    assert post(conta, secret, sent).status_code == 202
    for number in range(5):
        refused = post(conta, secret, {**sent, "empresa": f"Outra {number}"})
        assert assert_error(refused, 422)["status"] == "chave_idempotencia_reutilizada"
    [entry] = audited(conta, SUSPEITA)
    assert entry.resultado == "recusado"
    assert entry.detalhes == {
        "codigo": "chave_idempotencia_reutilizada",
        "endpoint": "POST /api/leads",
    }
    assert entry.ator_id is not None
    assert "ana@" not in json.dumps(conta.call("GET", f"/api/auditoria?action_type={SUSPEITA}"))
    conta.advance(HORA)
    assert_error(post(conta, secret, {**sent, "empresa": "Mais uma"}), 422)
    assert len(audited(conta, SUSPEITA)) == 2


def test_a_replay_with_its_own_body_is_no_attack(conta: Way) -> None:
    sent = {"empresa": "Uma", "email": "uma@empresa.com.br"}
    for _ in range(3):
        assert post(conta, "chave-boa", sent).status_code == 202
    assert audited(conta, SUSPEITA) == []


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest", "https://[::1]:8443/x"])
def test_an_address_of_a_private_network_is_in_the_audit_and_not_the_address(
    conta: Way, url: str
) -> None:
    body = {"url": url, "padrao": {"source": ["crm"]}}
    for _ in range(3):
        assert_error(conta.response("POST", "/api/webhooks", body), 422)
    [entry] = audited(conta, SUSPEITA)
    assert entry.detalhes == {"codigo": "url_nao_permitida", "endpoint": "POST /api/webhooks"}


def test_a_file_that_is_a_bomb_is_in_the_audit(conta: Way) -> None:
    bomb = workbook("xl/worksheets/sheet1.xml", b"0" * 400_000_000)
    data = {"arquivo": (BytesIO(bomb), "leads.xlsx")}
    assert_error(conta.response("POST", "/api/leads/importacoes", data=data), 422)
    [entry] = audited(conta, SUSPEITA)
    assert entry.detalhes["codigo"] == "arquivo_suspeito"


def test_a_webhook_that_is_replayed_is_in_the_audit_once_an_hour_for_each_lead(mundo: Way) -> None:
    item, other = lead(mundo), lead(mundo)
    for each in (item, other):
        sender = each["telefone"].lstrip("+")
        message = text_message(sender, "segredo do lead", f"wamid.{uuid4().hex}")
        raw = whatsapp(messages=[message])
        assert deliver(mundo, raw).get_json()["mensagens"] == 1
        assert of(mundo, REPETIDA, each) == []
        for _ in range(4):
            assert deliver(mundo, raw).get_json()["ignoradas"] == 1
    [entry] = of(mundo, REPETIDA, item)
    assert (entry.resultado, entry.detalhes) == ("ignorada", {"canal": "whatsapp"})
    assert len(of(mundo, REPETIDA, other)) == 1
    mundo.advance(HORA)
    assert deliver(mundo, raw).get_json()["ignoradas"] == 1
    assert len(of(mundo, REPETIDA, other)) == 2


def test_an_e_mail_that_is_replayed_is_in_the_audit(mundo: Way) -> None:
    item = lead(mundo)
    body = {
        "tipo": "resposta",
        "de": item["email"],
        "para": OURS,
        "assunto": "Re: olá",
        "texto": "Quanto custa?",
        "message_id": f"<{uuid4()}@cliente>",
    }
    for _ in range(3):
        assert email(mundo, body).status_code == 200
    assert [entry.detalhes for entry in of(mundo, REPETIDA, item)] == [{"canal": "email"}]


def test_a_complaint_that_is_replayed_blocks_once_and_is_noted(mundo: Way) -> None:
    item = lead(mundo)
    body = {"tipo": "complaint", "de": item["email"], "para": OURS, "message_id": f"<{uuid4()}@x>"}
    for _ in range(4):
        assert email(mundo, body).get_json()["status"] == 1
    blocked = mundo.rows(
        f"SELECT motivo FROM nigredo_leads.blocklist WHERE lead_id = '{item['id']}'"
    )
    assert len(blocked) == 1
    assert len(of(mundo, "email.complaint", item)) == 1
    assert len(of(mundo, REPETIDA, item)) == 1


def test_whoever_repeats_at_once_and_everywhere_cannot_flood_an_audit(mundo: Way) -> None:
    mundo.advance(HORA)
    before = len(audited(mundo, "mensagem.sem_lead")) + len(audited(mundo, REPETIDA))
    items = [lead(mundo) for _ in range(POR_CONTA + 3)]
    bodies = [
        whatsapp(
            messages=[text_message(item["telefone"].lstrip("+"), "oi", f"wamid.{uuid4().hex}")]
        )
        for item in items
    ]
    for raw in bodies:
        deliver(mundo, raw)
    with ThreadPoolExecutor(4) as executor:
        assert all(r.status_code == 200 for r in executor.map(lambda b: deliver(mundo, b), bodies))
    for raw in bodies:
        deliver(mundo, raw)
    strangers = [text_message(f"5521{uuid4().int % 10**9:09}", "x", uuid4().hex) for _ in range(9)]
    for message in strangers:
        deliver(mundo, whatsapp(messages=[message]))
    after = len(audited(mundo, "mensagem.sem_lead")) + len(audited(mundo, REPETIDA))
    assert after - before == POR_CONTA + 1
    with mundo.uow() as uow:
        assert verify(uow.connection, mundo.tenant_id).faults == ()
