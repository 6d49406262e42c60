"""From a tool's JSON to the ports of the integrations, and back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from alquimista.observability.anonymous import anonymous
from alquimista.observability.pseudonyms import Pseudonyms, UnknownMark
from alquimista_integrations.calendar.port import Calendar, NovoEvento
from alquimista_integrations.llm.chat import ChatModel, cut
from alquimista_sdk.errors import InvalidPayload

logger = logging.getLogger(__name__)
Call = Callable[[dict[str, Any]], dict[str, Any]]
MAX_CARACTERES = 1200


def calendar_calls(calendar: Calendar, *, sandbox: bool) -> dict[str, Call]:
    """The three tools of a calendar."""

    def availability(payload: dict[str, Any]) -> dict[str, Any]:
        inicio, fim = _span(payload)
        busy = calendar.availability(payload["calendario_id"], inicio, fim)
        return {"ocupados": busy, "sandbox": sandbox}

    def create(payload: dict[str, Any]) -> dict[str, Any]:
        inicio, fim = _span(payload)
        evento = NovoEvento(
            calendario_id=payload["calendario_id"],
            event_id=payload["event_id"],
            resumo=payload["resumo"],
            descricao=payload.get("descricao", ""),
            inicio=inicio,
            fim=fim,
            participantes=tuple(payload.get("participantes", ())),
        )
        return {**calendar.create_event(evento), "sandbox": sandbox}

    def cancel(payload: dict[str, Any]) -> dict[str, Any]:
        gone = calendar.cancel_event(payload["calendario_id"], payload["event_id"])
        return {"cancelado": gone, "sandbox": sandbox}

    return {
        "calendar.availability": availability,
        "calendar.create_event": create,
        "calendar.cancel_event": cancel,
    }


def chat_call(model: ChatModel, instead: Call) -> Call:
    """``llm.write`` by a language model, which gets marks in the place of personal data.

    ``instead`` writes where the model's text holds a mark that stands for nothing.
    """

    def write(payload: dict[str, Any]) -> dict[str, Any]:
        marks = Pseudonyms(payload, payload.get("nomes", ()))
        limite = payload.get("max_caracteres", MAX_CARACTERES)
        answer = model.write(
            marks.hide(payload.get("prompt", "")),
            marks.hide(payload["variaveis"]),
            marks.hide(payload.get("trechos", [])),
            limite,
        )
        try:
            return {**answer, "texto": cut(marks.reveal(answer["texto"]), limite)}
        except UnknownMark as error:
            logger.warning("the model's text could not be put back", extra={"code": error.code})
            return instead(payload)

    return write


def lookup_call(porta: Callable[[Mapping[str, Any]], None], look_up: Call) -> Call:
    """``enrichment.company``: the door is asked first, and the source gets no id of ours."""

    def call(payload: dict[str, Any]) -> dict[str, Any]:
        porta(payload)
        return look_up({name: value for name, value in payload.items() if name != "lead_id"})

    return call


def reading_call(name: str, read: Callable[[str, str, float], dict[str, Any]]) -> Call:
    """An outside reader of a message, which gets it without personal data.

    ``read`` takes the message, our message before it and the seconds that it may take. What it
    costs is logged without a word of either.
    """

    def call(payload: dict[str, Any]) -> dict[str, Any]:
        nomes = payload.get("nomes", ())
        answer = read(
            anonymous(payload["texto"], nomes),
            anonymous(payload.get("anterior", ""), nomes),
            float(payload["tempo_limite_s"]),
        )
        logger.info(
            "message read outside",
            extra={
                "tool": name,
                "modelo": answer["modelo"],
                "tokens_entrada": answer["tokens_entrada"],
                "tokens_saida": answer["tokens_saida"],
            },
        )
        return answer

    return call


def _span(payload: dict[str, Any]) -> tuple[datetime, datetime]:
    inicio, fim = _moment(payload, "inicio"), _moment(payload, "fim")
    if fim <= inicio:
        raise InvalidPayload("fim: deve ser depois do início")
    return inicio, fim


def _moment(payload: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(payload[name])
    except ValueError as error:
        raise InvalidPayload(f"{name}: use data e hora ISO 8601") from error
    if moment.tzinfo is None:
        raise InvalidPayload(f"{name}: falta o fuso horário")
    return moment.astimezone(UTC)
