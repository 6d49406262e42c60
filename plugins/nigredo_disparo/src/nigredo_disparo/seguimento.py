"""Follow-ups: what comes after a message that went out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.models import Campanha, Lead
from nigredo_disparo.calendario import Expediente
from nigredo_disparo.composicao import compor, destino
from nigredo_disparo.planejamento import planejar_seguinte
from nigredo_disparo.sequencia import etapa_seguinte, segue

_NOMES_DE_CANAL = {"email": "e-mail", "whatsapp": "WhatsApp"}


def apos_envio(event: AgentEvent, context: AgentContext) -> None:
    """Publish what was sent, and plan the next stage where the sequence goes on."""
    lead = context.leads.get(event.subject.id)
    campanha = context.campanhas.get(UUID(str(event.metadata["campanha_id"])))
    etapa = str(event.metadata["etapa"])
    canal = str(event.metadata["canal"])
    proxima = etapa_seguinte(etapa)
    continuacao = "a sequência terminou"
    if proxima is not None and campanha.status == "ativa" and segue(lead, campanha.canal):
        momento = planejar_etapa(context, campanha, lead, proxima, event.occurred_at)
        continuacao = _dizer(proxima, momento, context)
    elif proxima is not None:
        continuacao = "a sequência não segue"
    context.events.publish(
        "sent",
        Subject.lead(lead.id),
        source=canal if canal in _NOMES_DE_CANAL else "web",
        metadata={
            nome: event.metadata.get(nome)
            for nome in ("disparo_id", "campanha_id", "etapa", "tentativa", "canal")
        },
        decision=(
            f"mensagem de {etapa} enviada por {_NOMES_DE_CANAL.get(canal, canal)}; {continuacao}"
        ),
    )


def planejar_etapa(
    context: AgentContext, campanha: Campanha, lead: Lead, etapa: str, enviado_em: datetime
) -> datetime | None:
    """Plan a follow-up counted from the message sent at ``enviado_em``; answers its moment.

    None where no variant of the stage has anything to say to this lead.
    """
    momento = planejar_seguinte(
        enviado_em,
        context.now,
        Expediente.do_ritmo(campanha.ritmo),
        campanha.ritmo.dias_entre_etapas,
        destino(lead, context.tenant),
        f"{campanha.id}:{etapa}",
    )
    disparo = compor(campanha, lead, context.tenant, etapa, momento)
    if disparo is None:
        context.log.warning("no variant fits the lead", lead_id=str(lead.id))
        return None
    context.disparos.plan(disparo)
    return momento


def _dizer(etapa: str, momento: datetime | None, context: AgentContext) -> str:
    if momento is None:
        return f"não há mensagem de {etapa} que sirva a este lead"
    local = momento.astimezone(ZoneInfo(context.tenant.fuso_horario))
    return f"mensagem de {etapa} planejada para {local:%d/%m às %Hh%M}"
