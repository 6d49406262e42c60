"""What the tests of this package set up: a tenant's leads, a lot and a campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid5

from alquimista_sdk.models import Campanha, Disparo, Lead, Lote, Mensagem, Mensagens, Ritmo
from alquimista_sdk.testing import TwinContext, load_manifest

RAIZ = UUID("00000000-0000-4000-8000-0000000000aa")
LOTE = uuid5(RAIZ, "lote")
CAMPANHA = uuid5(RAIZ, "campanha")
RITMO = Ritmo(time(9), time(17, 30), dias_entre_etapas=2, por_hora=30)


def mensagens() -> Mensagens:
    """Two variants of each stage."""
    return Mensagens(
        topo=(
            Mensagem("Olá! Escrevo à {empresa} sobre prazos. Faz sentido?", "Sobre a {empresa}"),
            Mensagem("Bom dia! A {empresa} tem um minuto?", "Uma pergunta"),
        ),
        meio=(Mensagem("Voltando ao assunto da {empresa}.", "Ainda sobre prazos"),),
        fundo=(Mensagem("Última mensagem à {empresa}.", "Encerrando"),),
    )


def lead(numero: int, **mudancas: Any) -> Lead:
    """Lead ``numero``: new, of the lot, with an e-mail and a São Paulo phone."""
    base = Lead(
        id=uuid5(RAIZ, f"lead:{numero}"),
        empresa=f"Padaria {numero}",
        status="enriquecido",
        email=f"contato{numero}@padaria.example",
        telefone="+551133334444",
        prioridade=50 + numero,
        lote_id=LOTE,
    )
    return replace(base, **mudancas)


def campanha(status: str = "aprovada", **mudancas: Any) -> Campanha:
    """The campaign of the lot."""
    base = Campanha(
        id=CAMPANHA,
        nome="Padarias",
        segmento="alimentos",
        canal="email",
        mensagens=mensagens(),
        ritmo=RITMO,
        status=status,
        versao=1,
        lote_id=LOTE,
        aprovada=True,
    )
    return replace(base, **mudancas)


def enviado(dono: Lead, etapa: str, quando: datetime | None, status: str = "enviado") -> Disparo:
    """A message of the campaign that went out (or, by ``status``, did not)."""
    return Disparo(
        id=uuid5(RAIZ, f"{dono.id}:{etapa}"),
        tipo="prospeccao",
        status=status,
        canal="email",
        mensagem="…",
        lead_id=dono.id,
        campanha_id=CAMPANHA,
        etapa=etapa,
        enviado_em=quando,
    )


def gemeo(*leads: Lead, da: Campanha | None = None) -> TwinContext:
    """A twin that holds the leads, their lot and the campaign."""
    twin = TwinContext(load_manifest("nigredo_disparo"))
    for item in leads:
        twin.store.leads[item.id] = item
    twin.store.lotes[LOTE] = Lote(LOTE, "Padarias", "alimentos", "A", len(leads))
    alvo = da or campanha()
    twin.store.campanhas[alvo.id] = alvo
    return twin
