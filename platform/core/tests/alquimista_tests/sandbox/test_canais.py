"""Which channels a process has, and the real WhatsApp one against a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alquimista.db.session import Database
from alquimista.prospeccao.disparos.modelos import ModeloPreenchido
from alquimista.sandbox.canais import WhatsAppCanal, channels
from alquimista.sandbox.whatsapp import provider_id_of
from alquimista.settings import PRODUCAO, Settings, WhatsApp
from alquimista_sdk.errors import PermanentError
from alquimista_tests.sandbox.test_smtp_server import ENVIO, TENANT

NUMEROS = {TENANT: "123"}
WHATSAPP = replace(ENVIO, canal="whatsapp", destinatarios=("+5511987654321",), anexos=())


@pytest.fixture
def meta() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes every message; its address and what it got."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append({"path": self.path, **json.loads(self.rfile.read(length))})
            answer = b'{"messages": [{"id": "wamid.9"}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", received
    server.shutdown()
    thread.join()
    server.server_close()


def _settings(**changes: Any) -> Settings:
    return Settings(home=Path("/nowhere"), master_key=bytes(32), **changes)


def _no_database() -> Database:
    return Database("postgresql+psycopg2://ninguem@127.0.0.1:1/nada")


def test_the_sandbox_has_twins_only() -> None:
    found = channels(_settings(), _no_database())
    assert {name: canal.sandbox for name, canal in found.items()} == {
        "email": True,
        "whatsapp": True,
    }


def test_production_has_no_twin_and_whatsapp_only_with_a_token() -> None:
    without = channels(_settings(ambiente=PRODUCAO), _no_database())
    with_token = channels(
        _settings(ambiente=PRODUCAO, whatsapp=WhatsApp(token="t")), _no_database()
    )
    assert {name: canal.sandbox for name, canal in without.items()} == {"email": False}
    assert {name: canal.sandbox for name, canal in with_token.items()} == {
        "email": False,
        "whatsapp": False,
    }


def test_a_text_goes_out_from_the_tenants_own_number(
    meta: tuple[str, list[dict[str, Any]]],
) -> None:
    url, received = meta
    canal = WhatsAppCanal(url, "t", NUMEROS.get)
    assert canal.send(WHATSAPP) == "wamid.9"
    assert received[0]["path"] == "/123/messages"
    assert received[0]["text"]["body"] == WHATSAPP.mensagem
    assert received[0]["biz_opaque_callback_data"] == WHATSAPP.chave
    assert canal.lookup(WHATSAPP) == ("desconhecido", None)


def test_a_template_is_sent_where_one_is_named(meta: tuple[str, list[dict[str, Any]]]) -> None:
    url, received = meta
    modelo = ModeloPreenchido("retomada", "pt_PT", ("Ana", "Olá, tudo bem?"))
    WhatsAppCanal(url, "t", NUMEROS.get).send(replace(WHATSAPP, modelo=modelo))
    assert received[0]["type"] == "template"
    assert received[0]["template"] == {
        "name": "retomada",
        "language": {"code": "pt_PT"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Ana"},
                    {"type": "text", "text": "Olá, tudo bem?"},
                ],
            }
        ],
    }
    assert "text" not in received[0]


@pytest.mark.parametrize(
    "envio",
    [
        replace(WHATSAPP, tenant_id=UUID(int=9)),
        replace(WHATSAPP, destinatarios=()),
        replace(WHATSAPP, destinatarios=("+5511987654321", "+5511987654322")),
    ],
)
def test_without_a_number_or_one_recipient_nothing_is_sent(
    envio: Any, meta: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = meta
    with pytest.raises(PermanentError):
        WhatsAppCanal(url, "t", NUMEROS.get).send(envio)
    assert received == []


def test_the_twins_id_follows_from_the_key_and_hides_it() -> None:
    assert provider_id_of("t-l") == provider_id_of("t-l") != provider_id_of("t-m")
    assert "t-l" not in provider_id_of("t-l")
