"""Outbound webhooks: registered, signed, tried again, logged, resent, and never sent inside."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.plataforma.webhooks.domain import verify
from tests.database import Server
from tests.integration.api.world import another_tenant, as_owner, assert_error, audited
from tests.integration.conftest import Way, local_way

PATTERN = {"source": [{"prefix": "crm."}]}


@dataclass
class Received:
    """What the receiver heard, and what it answers next."""

    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[tuple[str, Received]]:
    """A real HTTP server on this machine; answers 204 unless told otherwise."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(received.answers.pop(0) if received.answers else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Tests stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/eventos", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """A system that lets webhooks call this machine."""
    with local_way(postgres, template_database, tmp_path_factory.mktemp("ganchos")) as way:
        yield way


def register(way: Way, url: str, **more: Any) -> dict[str, Any]:
    """Register a receiver of the CRM's events."""
    found: dict[str, Any] = way.call(
        "POST", "/api/webhooks", {"url": url, "padrao": PATTERN, **more}, status=201
    )
    return found


def publish(way: Way, type: str = "cliente.novo") -> str:
    """Publish an event from outside; answers its id."""
    event = {"source": "crm.aurora", "type": type, "detail": {"nome": "Ação"}}
    found: str = way.call("POST", "/events", event)["id"]
    return found


def log_of(way: Way, hook: dict[str, Any]) -> list[dict[str, Any]]:
    """The delivery log of a receiver."""
    found: list[dict[str, Any]] = way.call("GET", f"/api/webhooks/{hook['id']}/entregas")["itens"]
    return found


def remove(way: Way, hook: dict[str, Any]) -> None:
    """Delete a receiver."""
    assert way.response("DELETE", f"/api/webhooks/{hook['id']}").status_code == 204


def test_a_matching_event_is_delivered_signed_and_logged(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url, titulo="CRM")
        event_id = publish(mundo)
        mundo.drain()
        [(sent, body)] = received.calls
        assert verify(hook["segredo"], sent, body, time.time())
        assert not verify(hook["segredo"], sent, body + b" ", time.time())
        told = json.loads(body)
        assert (told["id"], told["source"]) == (event_id, "crm.aurora")
        assert told["detail"] == {"nome": "Ação"}
        [entry] = log_of(mundo, hook)
        assert entry["id"] == sent["webhook-id"]
        assert (entry["status"], entry["tentativas"]) == ("entregue", 1)
        assert entry["resposta_status"] == 204
        shown = mundo.response("GET", f"/api/webhooks/{hook['id']}").get_data(as_text=True)
        assert "segredo" not in shown and hook["segredo"] not in shown
        remove(mundo, hook)
    assert audited(mundo, "webhook.criado") and audited(mundo, "webhook.removido")


def test_an_event_that_does_not_match_or_was_before_is_not_delivered(mundo: Way) -> None:
    publish(mundo)
    with receiver() as (url, received):
        hook = register(mundo, url)
        event = {"source": "erp.aurora", "type": "x", "detail": {}}
        mundo.call("POST", "/events", event)
        mundo.drain()
        assert received.calls == []
        remove(mundo, hook)


def test_personal_data_of_a_lead_never_leaves_in_a_delivery(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url, padrao={"source": [{"prefix": ""}]})
        lead = {"empresa": "Segredos SA", "email": "ana@segredos.com.br", "contato": "Ana Prado"}
        mundo.call("POST", "/api/leads", lead, status=202)
        mundo.drain()
        assert len(received.calls) >= 2
        for _, body in received.calls:
            assert b"ana@" not in body and b"Prado" not in body and b"cifrado" not in body
            assert b"alquimista.timer" not in body
        remove(mundo, hook)


def test_a_receiver_that_fails_is_tried_again_later_and_later(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        received.answers += [500, 302, 429]
        publish(mundo)
        mundo.drain()
        [entry] = log_of(mundo, hook)
        assert (entry["status"], entry["erro"]) == ("pendente", "o destino respondeu 500")
        assert len(received.calls) == 1
        for calls, wait in ((2, 10), (3, 60), (4, 300)):
            mundo.advance(timedelta(seconds=wait - 8))
            assert len(received.calls) == calls - 1
            mundo.advance(timedelta(seconds=8))
            assert len(received.calls) == calls
        [entry] = log_of(mundo, hook)
        assert (entry["status"], entry["tentativas"]) == ("entregue", 4)
        assert len({sent["webhook-id"] for sent, _ in received.calls}) == 1
        remove(mundo, hook)


def test_after_the_last_attempt_it_is_given_up_and_may_be_resent(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        received.answers += [503] * 8
        publish(mundo)
        mundo.advance(timedelta(days=1))
        [entry] = log_of(mundo, hook)
        assert (entry["status"], entry["tentativas"]) == ("falhou", 8)
        assert entry["proximo_em"] is None
        path = f"/api/webhooks/entregas/{entry['id']}/reenviar"
        assert mundo.response("POST", path).status_code == 202
        mundo.drain()
        [entry] = log_of(mundo, hook)
        assert (entry["status"], entry["tentativas"]) == ("entregue", 1)
        assert len(received.calls) == 9
        remove(mundo, hook)


def test_a_receiver_that_is_gone_is_turned_off(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        received.answers += [410]
        publish(mundo)
        mundo.drain()
        assert mundo.call("GET", f"/api/webhooks/{hook['id']}")["ativo"] is False
        [entry] = log_of(mundo, hook)
        assert entry["status"] == "falhou"
        remove(mundo, hook)


def delivered(way: Way, received: Received) -> tuple[dict[str, str], bytes]:
    """Publish, and answer what the receiver heard of it."""
    publish(way)
    way.drain()
    return received.calls[-1]


def test_a_former_secret_signs_beside_the_new_one_until_its_time_is_over(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        path = f"/api/webhooks/{hook['id']}"
        assert hook["anterior_ate"] is None
        rotated = mundo.call("POST", f"{path}/segredo", {"carencia_segundos": 3600})
        left = datetime.fromisoformat(rotated["anterior_ate"]) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(hours=1)
        sent, body = delivered(mundo, received)
        fresh, old = sent["webhook-signature"].split(" ")
        assert fresh.startswith("v1,") and old.startswith("v1,") and fresh != old
        for secret, signature in ((rotated["segredo"], fresh), (hook["segredo"], old)):
            alone = {**sent, "webhook-signature": signature}
            assert verify(secret, alone, body, time.time())
            assert verify(secret, sent, body, time.time())
            assert not verify(secret, sent, body + b" ", time.time())
        as_owner(
            mundo.system,
            "UPDATE alquimista_platform.webhooks SET anterior_ate = clock_timestamp()",
        )
        sent, body = delivered(mundo, received)
        assert " " not in sent["webhook-signature"]
        assert verify(rotated["segredo"], sent, body, time.time())
        assert not verify(hook["segredo"], sent, body, time.time())
        remove(mundo, hook)
    [entry] = audited(mundo, "webhook.segredo_trocado")
    assert entry.detalhes == {"carencia_segundos": 3600}


def test_of_two_rotations_the_last_two_secrets_sign_and_zero_ends_all_but_the_newest(
    mundo: Way,
) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        path = f"/api/webhooks/{hook['id']}/segredo"
        second = mundo.call("POST", path)
        left = datetime.fromisoformat(second["anterior_ate"]) - datetime.now(UTC)
        assert timedelta(hours=23) < left <= timedelta(hours=24)
        third = mundo.call("POST", path, {"carencia_segundos": 60})
        sent, body = delivered(mundo, received)
        good = [verify(one["segredo"], sent, body, time.time()) for one in (hook, second, third)]
        assert good == [False, True, True]
        leaked = mundo.call("POST", path, {"carencia_segundos": 0})
        assert leaked["anterior_ate"] is None
        sent, body = delivered(mundo, received)
        assert verify(leaked["segredo"], sent, body, time.time())
        assert not verify(third["segredo"], sent, body, time.time())
        for wrong in (-1, 604_801, "1", True):
            assert_error(mundo.response("POST", path, {"carencia_segundos": wrong}), 422)
        remove(mundo, hook)


def test_a_change_is_guarded_by_its_tag_and_counts_at_once(mundo: Way) -> None:
    with receiver() as (url, received):
        hook = register(mundo, url)
        path = f"/api/webhooks/{hook['id']}"
        tag = mundo.response("GET", path).headers["ETag"]
        off = mundo.response("PATCH", path, {"ativo": False}, headers={"If-Match": tag})
        assert off.status_code == 200
        late = mundo.response("PATCH", path, {"ativo": True}, headers={"If-Match": tag})
        assert_error(late, 412)
        publish(mundo)
        mundo.drain()
        assert received.calls == []
        remove(mundo, hook)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.2/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://2130706433/",
        "http://example.com/",
        "https://localhost/",
        "javascript:alert(1)",
    ],
)
def test_an_address_inside_is_refused_at_the_door(mundo: Way, url: str) -> None:
    body = {"url": url, "padrao": PATTERN}
    found = assert_error(mundo.response("POST", "/api/webhooks", body), 422)
    assert found["status"] == "url_nao_permitida"


def test_a_pattern_that_is_none_and_fields_that_are_not_ours_are_refused(mundo: Way) -> None:
    wrong = {"url": "https://a.example.com/", "padrao": {"source": "x"}}
    found = assert_error(mundo.response("POST", "/api/webhooks", wrong), 422)
    assert found["status"] == "padrao_invalido"
    for name in ("tenant_id", "versao", "segredo", "id"):
        more = {"url": "https://a.example.com/", "padrao": PATTERN, name: str(uuid4())}
        found = assert_error(mundo.response("POST", "/api/webhooks", more), 422, hint=name)
        assert name in str(found["errors"])


def test_another_account_neither_sees_nor_gets_anything(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Alheia")
    with receiver() as (url, received):
        hook = register(mundo, url)
        path = f"/api/webhooks/{hook['id']}"
        assert other.call("GET", "/api/webhooks")["itens"] == []
        for method, at, body in (
            ("GET", path, None),
            ("PATCH", path, {"ativo": False}),
            ("DELETE", path, None),
            ("POST", f"{path}/segredo", None),
            ("GET", f"{path}/entregas", None),
        ):
            assert_error(other.response(method, at, body), 404, hint=(method, at))
        publish(other)
        other.drain()
        assert received.calls == []
        publish(mundo)
        mundo.drain()
        [entry] = log_of(mundo, hook)
        again = f"/api/webhooks/entregas/{entry['id']}/reenviar"
        assert_error(other.response("POST", again), 404)
        remove(mundo, hook)


def test_there_is_a_limit_to_receivers(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Muitos")
    for number in range(20):
        register(other, f"https://h{number}.example.com/")
    body = {"url": "https://mais.example.com/", "padrao": PATTERN}
    assert_error(other.response("POST", "/api/webhooks", body), 409)
    assert UUID(other.call("GET", "/api/webhooks?limite=1")["itens"][0]["id"])
