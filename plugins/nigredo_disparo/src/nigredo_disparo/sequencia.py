"""Where a lead is in the sequence topo, meio, fundo, and whether it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alquimista_sdk.models import ETAPAS, Disparo, Lead

A_CONTATAR = frozenset({"novo", "enriquecido"})
_ENVIADOS = frozenset({"enviado", "entregue", "lido"})
_INTERROMPIDOS = frozenset({"falhou", "incerto", "recusado"})


def tem_endereco(lead: Lead, canal: str) -> bool:
    """Whether the lead can be reached by ``canal``."""
    return bool(lead.email if canal == "email" else lead.telefone)


def contactavel(lead: Lead, canal: str) -> bool:
    """Whether the first message may be planned: nobody wrote yet and nobody asked to wait."""
    return lead.status in A_CONTATAR and not lead.pausado and tem_endereco(lead, canal)


def segue(lead: Lead, canal: str) -> bool:
    """Whether the sequence of a contacted lead goes on: it has neither answered nor left."""
    return lead.status == "contatado" and not lead.pausado and tem_endereco(lead, canal)


def etapa_seguinte(etapa: str) -> str | None:
    """The stage after ``etapa``; None after the last."""
    indice = ETAPAS.index(etapa) + 1
    return ETAPAS[indice] if indice < len(ETAPAS) else None


def da_campanha(disparos: Sequence[Disparo], campanha_id: UUID) -> dict[str, Disparo]:
    """The messages of one campaign by stage."""
    return {d.etapa: d for d in disparos if d.campanha_id == campanha_id and d.etapa is not None}


def ultimo_enviado(por_etapa: dict[str, Disparo]) -> Disparo | None:
    """The message of the furthest stage that went out."""
    enviados = [
        por_etapa[etapa]
        for etapa in ETAPAS
        if etapa in por_etapa and por_etapa[etapa].status in _ENVIADOS
    ]
    return enviados[-1] if enviados else None


def falta_topo(lead: Lead, canal: str, por_etapa: dict[str, Disparo]) -> bool:
    """Whether the lead has no first message of the campaign yet and may get one."""
    return contactavel(lead, canal) and "topo" not in por_etapa


def falta_seguinte(lead: Lead, canal: str, por_etapa: dict[str, Disparo]) -> str | None:
    """The stage that should be planned and is not (its event was lost, or came in a pause)."""
    ultimo = ultimo_enviado(por_etapa)
    if ultimo is None or ultimo.etapa is None or not segue(lead, canal):
        return None
    etapa = etapa_seguinte(ultimo.etapa)
    if etapa is None:
        return None
    planejado = por_etapa.get(etapa)
    return etapa if planejado is None or planejado.status == "cancelado" else None


def terminou(
    lead: Lead, canal: str, por_etapa: dict[str, Disparo], agora: datetime, dias: int
) -> bool:
    """Whether nothing more will go to the lead: it answered or left, has no address, a message
    was refused or failed for good, or the last stage went out more than ``dias`` days ago.
    """
    if lead.status not in A_CONTATAR and lead.status != "contatado":
        return True
    if not tem_endereco(lead, canal):
        return True
    if any(d.status in _INTERROMPIDOS for d in por_etapa.values()):
        return True
    fundo = por_etapa.get("fundo")
    if fundo is None or fundo.status not in _ENVIADOS or fundo.enviado_em is None:
        return False
    return agora - fundo.enviado_em > timedelta(days=dias)
