"""The daily sweep: leads that were left out, follow-ups that were missed, campaigns that ended."""

from __future__ import annotations

from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Campanha, Disparo, Lead
from nigredo_disparo.seguimento import planejar_etapa
from nigredo_disparo.sequencia import (
    A_CONTATAR,
    da_campanha,
    falta_seguinte,
    falta_topo,
    terminou,
    ultimo_enviado,
)
from nigredo_disparo.topo import planejar_topo

LEADS_POR_VARREDURA = 4000
_CURSOR = "varredura"
_EM_SEQUENCIA = A_CONTATAR | {"contatado"}


def varrer(event: AgentEvent, context: AgentContext) -> None:
    """Look after every active campaign.

    At most about ``LEADS_POR_VARREDURA`` leads are looked at in one run, to stay within the
    agent's time-out; the next sweep begins where this one stopped.
    """
    campanhas = sorted(context.campanhas.by_status("ativa"), key=lambda item: str(item.id))
    anterior = str((context.state.get(_CURSOR) or {}).get("depois_de", ""))
    fila = [c for c in campanhas if str(c.id) > anterior]
    fila += [c for c in campanhas if str(c.id) <= anterior]
    vistos = 0
    parou_em = ""
    for posicao, campanha in enumerate(fila, start=1):
        vistos += _cuidar(context, campanha)
        if vistos >= LEADS_POR_VARREDURA and posicao < len(fila):
            parou_em = str(campanha.id)
            context.log.warning("sweep goes on tomorrow", campanhas_restantes=len(fila) - posicao)
            break
    context.state.put(_CURSOR, {"depois_de": parou_em})


def _cuidar(context: AgentContext, campanha: Campanha) -> int:
    """Repair or end one campaign; answers how many leads were looked at."""
    if campanha.lote_id is None:
        return 0
    em_sequencia = [
        lead for lead in context.leads.by_lote(campanha.lote_id) if lead.status in _EM_SEQUENCIA
    ]
    disparos: dict[UUID | None, list[Disparo]] = {}
    for disparo in context.disparos.by_campanha(campanha.id):
        disparos.setdefault(disparo.lead_id, []).append(disparo)
    sem_topo: list[Lead] = []
    abertos = 0
    for lead in em_sequencia:
        por_etapa = da_campanha(disparos.get(lead.id, ()), campanha.id)
        if terminou(lead, campanha.canal, por_etapa, context.now, campanha.ritmo.dias_entre_etapas):
            continue
        abertos += 1
        if falta_topo(lead, campanha.canal, por_etapa):
            sem_topo.append(lead)
            continue
        etapa = falta_seguinte(lead, campanha.canal, por_etapa)
        enviado = ultimo_enviado(por_etapa)
        if etapa is not None and enviado is not None:
            planejar_etapa(context, campanha, lead, etapa, enviado.enviado_em or context.now)
    if sem_topo:
        planejar_topo(context, campanha, sem_topo)
    if not abertos:
        context.campanhas.set_status(campanha.id, "concluida")
        context.log.info("campaign is over", campanha_id=str(campanha.id))
    return len(em_sequencia)
