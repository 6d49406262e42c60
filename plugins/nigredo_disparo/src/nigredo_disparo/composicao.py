"""A planned message: the lead's variant of a stage, filled in with the lead's real facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.mensagens import fatos_do_lead, render
from alquimista_sdk.models import ETAPAS, Campanha, Lead, NovoDisparo, TenantFacts
from nigredo_disparo.fuso import fuso_do_lead
from nigredo_disparo.planejamento import Destino, variante

_VAZIA = "mensagem_vazia"
_LETRAS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def destino(lead: Lead, tenant: TenantFacts) -> Destino:
    """Where a lead lives, for the planner."""
    return Destino(lead.id, fuso_do_lead(lead.telefone, lead.uf, tenant.fuso_horario), lead.uf)


def compor(
    campanha: Campanha, lead: Lead, tenant: TenantFacts, etapa: str, enviar_em: datetime
) -> NovoDisparo | None:
    """The message of a stage for one lead. ``tentativa`` is the follow-up's number (dec. 16).

    The lead's own variant comes first; where too little is known of the lead to leave anything of
    it, the other one. None where no variant has anything to say to this lead.

    Raises:
        PermanentError: the campaign has no message of the stage, or one is malformed.
    """
    opcoes = campanha.mensagens.da_etapa(etapa)
    if not opcoes:
        raise PermanentError(f"a campanha não tem mensagem de {etapa}", code="campanha_incompleta")
    primeira = variante(lead.id, len(opcoes))
    fatos = fatos_do_lead(lead, tenant)
    for indice in (*range(primeira, len(opcoes)), *range(primeira)):
        mensagem = _render(opcoes[indice].texto, fatos)
        if not mensagem:
            continue
        return NovoDisparo(
            lead_id=lead.id,
            campanha_id=campanha.id,
            etapa=etapa,
            tentativa=ETAPAS.index(etapa),
            variante=_LETRAS[indice % len(_LETRAS)],
            canal=campanha.canal,
            assunto=_render(opcoes[indice].assunto, fatos),
            mensagem=mensagem,
            enviar_em=enviar_em,
        )
    return None


def _render(texto: str, fatos: Mapping[str, str | None]) -> str:
    try:
        return render(texto, fatos)
    except PermanentError as erro:
        if erro.code != _VAZIA:
            raise
        return ""
