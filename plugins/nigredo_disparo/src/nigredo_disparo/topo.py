"""First messages: a campaign that may send gets its leads planned, highest priority first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Campanha, Lead
from nigredo_disparo.calendario import Expediente
from nigredo_disparo.composicao import compor, destino
from nigredo_disparo.planejamento import planejar
from nigredo_disparo.sequencia import contactavel

_PODE_PLANEJAR = frozenset({"aprovada", "ativa"})
_AGENDA = "agenda"


def iniciar_campanha(event: AgentEvent, context: AgentContext) -> None:
    """Plan the first stage of every lead of the campaign's lot that may be written to."""
    campanha = context.campanhas.get(UUID(str(event.metadata["campanha_id"])))
    if campanha.status not in _PODE_PLANEJAR or campanha.lote_id is None:
        context.log.info("campaign is not to be sent", status=campanha.status)
        return
    leads = [
        lead
        for lead in context.leads.by_lote(campanha.lote_id)
        if contactavel(lead, campanha.canal)
    ]
    planejar_topo(context, campanha, leads)
    if campanha.status != "ativa":
        context.campanhas.set_status(campanha.id, "ativa")
    context.log.info("first stage planned", campanha_id=str(campanha.id), quantidade=len(leads))


def planejar_topo(context: AgentContext, campanha: Campanha, leads: Sequence[Lead]) -> None:
    """Plan the first stage of ``leads``, around what the tenant's other campaigns have planned.

    Two campaigns planned at the very same time may not see each other: the sender's gate is
    what holds the limits exactly.
    """
    if not leads:
        return
    ordem = sorted(leads, key=lambda lead: (-(lead.prioridade or 0), str(lead.id)))
    guardada = context.state.get(_AGENDA) or {}
    momentos, cauda = planejar(
        [destino(lead, context.tenant) for lead in ordem],
        context.now,
        Expediente.do_ritmo(campanha.ritmo),
        campanha.ritmo.por_hora,
        f"{campanha.id}:topo",
        ocupados=[int(segundo) for segundo in guardada.get("segundos", ())],
    )
    for lead, momento in zip(ordem, momentos, strict=True):
        disparo = compor(campanha, lead, context.tenant, "topo", momento)
        if disparo is None:
            context.log.warning("no variant fits the lead", lead_id=str(lead.id))
        else:
            context.disparos.plan(disparo)
    context.state.put(_AGENDA, {"segundos": list(cauda)})
