"""WhatsApp outside of its 24-hour window: an approved template goes out over HTTP, or nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.disparos.canais import Canal
from alquimista.sandbox.canais import WhatsAppCanal
from tests.integration.envio.bancada import Bancada

COMUNS: dict[str, Any] = {
    "messaging_product": {"const": "whatsapp"},
    "recipient_type": {"const": "individual"},
    "to": {"type": "string", "pattern": "^[0-9]{8,20}$"},
    "biz_opaque_callback_data": {"type": "string", "maxLength": 512},
}
TEXTO: dict[str, Any] = {
    "type": "object",
    "required": ["messaging_product", "recipient_type", "to", "type", "text"],
    "additionalProperties": False,
    "properties": {
        **COMUNS,
        "type": {"const": "text"},
        "text": {
            "type": "object",
            "required": ["body"],
            "properties": {"body": {"type": "string", "minLength": 1, "maxLength": 4096}},
        },
    },
}
PARAMETRO: dict[str, Any] = {
    "type": "object",
    "required": ["type", "text"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "text"},
        "text": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[^\n\t]*$"},
    },
}
MODELO: dict[str, Any] = {
    "type": "object",
    "required": ["messaging_product", "recipient_type", "to", "type", "template"],
    "additionalProperties": False,
    "properties": {
        **COMUNS,
        "type": {"const": "template"},
        "template": {
            "type": "object",
            "required": ["name", "language"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9_]{1,512}$"},
                "language": {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {"type": "string", "pattern": "^[a-z]{2,3}(_[A-Z]{2})?$"}
                    },
                },
                "components": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["type", "parameters"],
                        "additionalProperties": False,
                        "properties": {
                            "type": {"const": "body"},
                            "parameters": {"type": "array", "minItems": 1, "items": PARAMETRO},
                        },
                    },
                },
            },
        },
    },
}
"""What Meta documents of the two bodies ("Cloud API: Messages"), and nothing beside."""


class Meta:
    """A server that takes what Meta documents and refuses everything else."""

    def __init__(self) -> None:
        received: list[dict[str, Any]] = []
        self.received = received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.append(body)
                schema = MODELO if body.get("type") == "template" else TEXTO
                good = self.path == "/123/messages" and Draft202012Validator(schema).is_valid(body)
                answer = json.dumps(
                    {"messages": [{"id": f"wamid.{uuid4()}"}]} if good else {"error": {"code": 100}}
                ).encode()
                self.send_response(200 if good else 400)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class DeTeste(WhatsAppCanal):
    """The real channel; a sandbox tenant may use it here, since the server is our own."""

    sandbox = True


@pytest.fixture
def meta() -> Iterator[Meta]:
    """Meta's side."""
    made = Meta()
    yield made
    made.close()


@pytest.fixture
def canais(meta: Meta) -> Mapping[str, Canal]:
    """WhatsApp over HTTP."""
    return {"whatsapp": DeTeste(meta.url, "segredo", lambda _: "123")}


def cadastra(bancada: Bancada, *modelos: dict[str, Any]) -> None:
    """Save the tenant's templates."""
    with bancada.uow() as uow:
        bancada.system.services.tenants.change(
            uow, {"modelos_whatsapp": list(modelos), "nome_vendedor": "Camila Rocha"}, SISTEMA
        )


def planeja(bancada: Bancada, contato: str | None = "Ana Lima", **more: Any) -> Any:
    """A WhatsApp message to a lead who said yes to WhatsApp; the message's id."""
    lead_id = bancada.lead(
        telefone="+5511987654321",
        telefone_norm="+5511987654321",
        contato=contato,
        metadata_={"opt_in_whatsapp": True},
    )
    recebida = more.pop("recebida", False)
    if recebida:
        bancada.recebe(lead_id)
    return bancada.planeja(lead_id, canal="whatsapp", **more)


def test_without_a_template_nothing_goes_out_and_the_gate_says_why(
    bancada: Bancada, meta: Meta
) -> None:
    disparo_id = planeja(bancada)
    bancada.trabalha()
    assert meta.received == []
    assert bancada.recusas(disparo_id) == {
        "politica_do_canal": "fora da janela de 24 horas do WhatsApp e sem modelo aprovado: "
        "cadastre um em modelos_whatsapp"
    }


def test_the_approved_template_goes_out_with_name_language_and_parameters(
    bancada: Bancada, meta: Meta
) -> None:
    cadastra(
        bancada,
        {
            "nome": "primeiro_contato",
            "idioma": "pt_BR",
            "parametros": ["contato", "vendedor", "mensagem"],
        },
    )
    disparo_id = planeja(bancada, mensagem="Olá!\n\nPodemos\tconversar?")
    bancada.trabalha()
    row = bancada.disparo(disparo_id)
    assert row.status == "enviado", (row.erro, row.verificacoes)
    [body] = meta.received
    assert body["template"] == {
        "name": "primeiro_contato",
        "language": {"code": "pt_BR"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": text}
                    for text in ("Ana Lima", "Camila Rocha", "Olá! Podemos conversar?")
                ],
            }
        ],
    }
    said = {c["codigo"]: c["motivo"] for c in row.verificacoes}["politica_do_canal"]
    assert said == "modelo aprovado primeiro_contato, fora da janela de 24 horas"


def test_the_campaigns_template_goes_before_the_tenants_and_a_stages_before_any(
    bancada: Bancada, meta: Meta
) -> None:
    campanha = str(bancada.campanha_id)
    cadastra(
        bancada,
        {"nome": "geral"},
        {"nome": "do_meio", "etapa": "meio"},
        {"nome": "da_campanha", "campanha_id": campanha},
        {"nome": "de_outra", "campanha_id": str(uuid4()), "etapa": "topo"},
    )
    for etapa in ("topo", "meio"):
        planeja(bancada, etapa=etapa)
        bancada.avancar(timedelta(seconds=5))
        bancada.trabalha()
    assert [body["template"]["name"] for body in meta.received] == ["da_campanha"] * 2


def test_inside_of_the_window_the_text_goes_out_as_it_is(bancada: Bancada, meta: Meta) -> None:
    cadastra(bancada, {"nome": "geral"})
    planeja(bancada, tipo="resposta", recebida=True, mensagem="Claro!\nÀs 10h?")
    bancada.trabalha()
    [body] = meta.received
    assert (body["type"], body["text"]["body"]) == ("text", "Claro!\nÀs 10h?")


@pytest.mark.parametrize(
    ("modelo", "contato", "mensagem", "motivo"),
    [
        (
            {"nome": "ola", "parametros": ["contato"]},
            None,
            "Oi",
            "o modelo ola pede contato, que está em branco",
        ),
        (
            {"nome": "ola"},
            "Ana",
            "x" * 1025,
            "o modelo ola leva até 1024 caracteres em mensagem, e há 1025",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_in_words_before_meta_is_asked(
    bancada: Bancada,
    meta: Meta,
    modelo: dict[str, Any],
    contato: str | None,
    mensagem: str,
    motivo: str,
) -> None:
    cadastra(bancada, modelo)
    disparo_id = planeja(bancada, contato=contato, mensagem=mensagem)
    bancada.trabalha()
    assert meta.received == []
    said = bancada.recusas(disparo_id)["politica_do_canal"]
    assert said == f"fora da janela de 24 horas, e {motivo}"
