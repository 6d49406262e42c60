"""The events that the platform itself publishes, declared as agents declare theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alquimista_sdk.manifest import Publication

_ID: Mapping[str, Any] = {"type": "string", "format": "uuid"}
_MAYBE_ID: Mapping[str, Any] = {"type": ["string", "null"], "format": "uuid"}
_TEXT: Mapping[str, Any] = {"type": "string"}
_MAYBE_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_MAYBE_NUMBER: Mapping[str, Any] = {"type": ["integer", "null"]}
_CANAL: Mapping[str, Any] = {"enum": ["whatsapp", "email"]}


def _metadata(required: tuple[str, ...], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_DISPARO = {
    "disparo_id": _ID,
    "campanha_id": _MAYBE_ID,
    "etapa": _MAYBE_TEXT,
    "tentativa": _MAYBE_NUMBER,
    "canal": _CANAL,
}
_LEITURA: Mapping[str, Any] = {
    "type": "object",
    "required": ["sentimento", "intensidade", "intent", "descadastro"],
    "properties": {
        "sentimento": _TEXT,
        "intensidade": {"type": "integer", "minimum": 0, "maximum": 100},
        "intent": _TEXT,
        "descadastro": _TEXT,
    },
}
_CAMPANHA = _metadata(("campanha_id",), campanha_id=_ID)
_REF = _metadata(("ref_id",), ref_id=_ID)


def _timer(name: str, description: str) -> Publication:
    return Publication(f"alquimista.timer.{name}", description, "tenant", _REF)


CORE_EVENTS: Mapping[str, Publication] = {
    item.name: item
    for item in (
        Publication(
            "alquimista.importacoes.received",
            "Uma planilha, ou leads enviados pela API, chegaram e esperam leitura.",
            "tenant",
            _metadata(("importacao_id",), importacao_id=_ID),
        ),
        Publication(
            "alquimista.campanhas.approved",
            "Uma pessoa aprovou o conteúdo da campanha.",
            "campanha",
            _CAMPANHA,
        ),
        Publication(
            "alquimista.campanhas.paused", "Uma pessoa pausou a campanha.", "campanha", _CAMPANHA
        ),
        Publication(
            "alquimista.campanhas.resumed", "Uma pessoa retomou a campanha.", "campanha", _CAMPANHA
        ),
        Publication(
            "alquimista.disparos.sent",
            "Uma mensagem de prospecção foi entregue ao canal.",
            "lead",
            _metadata(("disparo_id", "canal"), **_DISPARO),
        ),
        Publication(
            "alquimista.disparos.refused",
            "O portão recusou uma mensagem; o motivo pode ser lido por uma pessoa.",
            "lead",
            _metadata(("disparo_id", "motivo"), **_DISPARO, motivo=_TEXT),
        ),
        Publication(
            "alquimista.conversas.received",
            "O lead escreveu; as mensagens de até 8 segundos vêm juntas. `leitura`, onde há, é a "
            "de uma pessoa e vale no lugar da leitura da máquina.",
            "lead",
            _metadata(
                ("interacao_ids", "canal"),
                interacao_ids={"type": "array", "items": _ID, "minItems": 1},
                canal=_CANAL,
                leitura=_LEITURA,
            ),
        ),
        Publication(
            "alquimista.agendamentos.changed",
            "Uma reunião mudou de situação por uma pessoa ou por um descadastro.",
            "lead",
            _metadata(
                ("agendamento_id", "status"),
                agendamento_id=_ID,
                status=_TEXT,
                calendar_event_id=_MAYBE_TEXT,
            ),
        ),
        _timer("disparo", "Chegou a hora de uma mensagem planejada (`ref_id`: o disparo)."),
        _timer("rajada", "O lead parou de escrever há 8 segundos (`ref_id`: o lead)."),
        _timer("reserva", "Os horários oferecidos deixam de ser reservados (`ref_id`: a reunião)."),
        _timer("arquivo", "Um arquivo importado deve ser apagado (`ref_id`: a importação)."),
        _timer("titular", "Um pedido de titular espera resposta (`ref_id`: o pedido)."),
        _timer("webhook", "Um evento deve ser entregue a um destino (`ref_id`: a entrega)."),
        _timer("fusoes", "Os leads de uma importação são comparados (`ref_id`: a importação)."),
    )
}
"""By full name. An agent's schedule fires ``alquimista.timer.<its name>`` besides these."""
