"""What the agent does with its two events."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.errors import InvalidEvent
from alquimista_sdk.events import AgentEvent, Subject
from nigredo_estrategia.campanha import Material, planejar
from nigredo_estrategia.mensagens import apresentacao_de

_PODE_COMECAR: Final = frozenset({"aprovada", "ativa"})


def planejar_lote(event: AgentEvent, context: AgentContext) -> None:
    """Draft the campaign of a new lot and ask a person to approve it. A lot has one campaign."""
    lote_id = _id(event, "lote_id")
    if context.campanhas.by_lote(lote_id):
        context.log.info("lot has a campaign already", lote_id=str(lote_id))
        return
    lote, leads = context.leads.lote(lote_id), context.leads.by_lote(lote_id)
    if not leads:
        context.log.warning("lot has no leads any more", lote_id=str(lote_id))
        return
    material = Material(
        email=context.campanhas.templates("email"),
        whatsapp=context.campanhas.templates("whatsapp"),
        apresentacao=apresentacao_de(context.conhecimento.search("o que fazemos, quem somos", 5)),
        config=context.config,
    )
    plano = planejar(context.new_id("campanha"), lote, leads, material, context.tenant)
    campanha = plano.campanha
    context.campanhas.create(campanha)
    context.aprovacoes.request("campanha", campanha.id, plano.resumo)
    context.events.publish(
        "drafted",
        Subject("campanha", campanha.id),
        decision=f"Campanha “{campanha.nome}” criada; aguarda aprovação de uma pessoa.",
        metadata={"campanha_id": str(campanha.id), "lote_id": str(lote_id)},
    )


def liberar(event: AgentEvent, context: AgentContext) -> None:
    """Hand an approved campaign on. What was edited or paused meanwhile stays where it is."""
    campanha = context.campanhas.get(_id(event, "campanha_id"))
    if campanha.status not in _PODE_COMECAR or campanha.lote_id is None:
        context.log.info(
            "campaign is not ready to start", campanha_id=str(campanha.id), status=campanha.status
        )
        return
    context.events.publish(
        "completed",
        Subject("campanha", campanha.id),
        decision=f"Campanha “{campanha.nome}” aprovada e liberada para envio.",
        metadata={"campanha_id": str(campanha.id), "lote_id": str(campanha.lote_id)},
    )


def _id(event: AgentEvent, nome: str) -> UUID:
    """A row's id from the event's metadata. Raises ``InvalidEvent``."""
    try:
        return UUID(str(event.metadata[nome]))
    except (KeyError, ValueError) as error:
        raise InvalidEvent(f"detail.context.metadata.{nome}", "must be a UUID") from error
