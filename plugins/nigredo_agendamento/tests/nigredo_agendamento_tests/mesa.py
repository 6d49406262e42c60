"""What the tests of this package set up: a tenant, an interested lead, an empty calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Agendamento, Horario, Interacao, Lead
from alquimista_sdk.testing import TwinContext, load_manifest, make_event, run
from nigredo_agendamento import agent

FUSO = "America/Sao_Paulo"
ZONA = ZoneInfo(FUSO)
AGORA = datetime(2026, 11, 24, 13, tzinfo=UTC)
LEAD = UUID("00000000-0000-4000-8000-0000000000b1")
PEDIU = "nigredo.atendimento.schedule_requested"
RESPONDEU = "nigredo.atendimento.schedule_answered"


def horario(numero: int, mes: int, dia: int, hora: int, minuto: int = 0) -> Horario:
    """A slot of one hour in 2026, at a São Paulo hour."""
    inicio = datetime(2026, mes, dia, hora, minuto, tzinfo=ZONA).astimezone(UTC)
    return Horario(numero, inicio, inicio + timedelta(hours=1))


def lead(numero: int = 1, **mudancas: Any) -> Lead:
    """Lead ``numero``, interested, with e-mail and phone."""
    base = Lead(
        id=UUID(int=LEAD.int + numero - 1),
        empresa="Padaria Pão Quente",
        status="interessado",
        contato="Marina Alves",
        email="marina@padaria.example",
        telefone="+5511987654321",
        setor="Alimentos",
        cidade="Santos",
        uf="SP",
        prioridade=82,
    )
    return replace(base, **mudancas)


def gemeo(*leads: Lead, ocupados: list[dict[str, str]] | None = None, **mais: Any) -> TwinContext:
    """A twin with the leads and a calendar in which ``ocupados`` is taken."""
    twin = TwinContext(load_manifest("nigredo_agendamento"), **mais)
    for item in leads or (lead(),):
        twin.store.leads[item.id] = item
    twin.store.interacoes.extend(_conversa())
    twin.answer_tool("calendar.availability", {"ocupados": ocupados or [], "sandbox": True})
    twin.answer_tool("calendar.create_event", criado())
    twin.answer_tool("calendar.cancel_event", {"cancelado": True, "sandbox": True})
    return twin


def criado(*, conflito: bool = False) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """A calendar that takes the caller's id, or says that the span is taken."""

    def responder(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "event_id": payload["event_id"],
            "criado": not conflito,
            "conflito": conflito,
            "sandbox": True,
        }

    return responder


def pedido(alvo: Lead | None = None, canal: str = "whatsapp") -> AgentEvent:
    """The lead wants to meet."""
    return make_event(PEDIU, (alvo or lead()).id, metadata={"canal": canal}, source_channel=canal)


def resposta(texto: str, alvo: Lead | None = None, canal: str = "whatsapp") -> AgentEvent:
    """The lead answers the offer."""
    return make_event(
        RESPONDEU,
        (alvo or lead()).id,
        metadata={"canal": canal},
        source_channel=canal,
        last_message=texto,
    )


def oferecido(twin: TwinContext | None = None, canal: str = "whatsapp") -> TwinContext:
    """A twin whose lead has just been offered 25/11 9h, 26/11 14h and 27/11 9h."""
    pronto = twin or gemeo()
    run(agent, pedido(canal=canal), pronto)
    return pronto


def proposta(twin: TwinContext, lead_id: UUID = LEAD) -> Agendamento:
    """The one open proposal of a lead."""
    (aberta,) = [
        a
        for a in twin.store.agendamentos.values()
        if a.lead_id == lead_id and a.status == "proposto"
    ]
    return aberta


def status(twin: TwinContext) -> list[str]:
    """The status of every meeting."""
    return [agendamento.status for agendamento in twin.store.agendamentos.values()]


def tipos(twin: TwinContext) -> list[str]:
    """The types of the published events, in order."""
    return [evento.type for evento in twin.published]


def _conversa() -> list[Interacao]:
    def mensagem(numero: int, tipo: str, texto: str, **mais: Any) -> Interacao:
        momento = AGORA - timedelta(hours=10 - numero)
        return Interacao(UUID(int=700 + numero), LEAD, tipo, "whatsapp", texto, momento, **mais)

    return [
        mensagem(1, "enviado", "Olá, Marina! Posso mostrar como reduzimos perdas?"),
        mensagem(
            2,
            "recebido",
            "Achei caro da outra vez",
            sentimento="negativo",
            intensidade=40,
            intent="objection",
        ),
        mensagem(
            3,
            "recebido",
            "Vocês atendem padarias pequenas?",
            sentimento="neutro",
            intensidade=10,
            intent="question",
        ),
        mensagem(
            4,
            "recebido",
            "Vamos conversar",
            sentimento="positivo",
            intensidade=60,
            intent="interest",
        ),
    ]
