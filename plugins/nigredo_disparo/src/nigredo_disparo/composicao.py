"""A planned message: the lead's variant of a stage, filled in with the lead's real facts."""

from __future__ import annotations

from datetime import datetime

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.mensagens import fatos_do_lead, render
from alquimista_sdk.models import ETAPAS, Campanha, Lead, NovoDisparo, TenantFacts
from nigredo_disparo.fuso import fuso_do_lead
from nigredo_disparo.planejamento import Destino, variante

_LETRAS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def destino(lead: Lead, tenant: TenantFacts) -> Destino:
    """Where a lead lives, for the planner."""
    return Destino(lead.id, fuso_do_lead(lead.telefone, lead.uf, tenant.fuso_horario), lead.uf)


def compor(
    campanha: Campanha, lead: Lead, tenant: TenantFacts, etapa: str, enviar_em: datetime
) -> NovoDisparo:
    """The message of a stage for one lead. ``tentativa`` is the follow-up's number (dec. 16).

    Raises:
        PermanentError: the campaign has no message of the stage, or one names an unknown fact.
    """
    opcoes = campanha.mensagens.da_etapa(etapa)
    if not opcoes:
        raise PermanentError(f"a campanha não tem mensagem de {etapa}", code="campanha_incompleta")
    indice = variante(lead.id, len(opcoes))
    fatos = fatos_do_lead(lead, tenant)
    return NovoDisparo(
        lead_id=lead.id,
        campanha_id=campanha.id,
        etapa=etapa,
        tentativa=ETAPAS.index(etapa),
        variante=_LETRAS[indice % len(_LETRAS)],
        canal=campanha.canal,
        assunto=render(opcoes[indice].assunto, fatos),
        mensagem=render(opcoes[indice].texto, fatos),
        enviar_em=enviar_em,
    )
